// What `e2e/run` started: addresses, accounts, clients, and how to reach the command line.
import { readFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const path = process.env.E2E_WORLD;
if (!path) throw new Error("E2E_WORLD is not set: start the tests with e2e/run");

export const world = JSON.parse(readFileSync(path, "utf8"));

/** Runs `vestibule …` beside the running server; resolves to its JSON answer. */
export async function vestibule(...words) {
  const options = { env: { ...process.env, ...world.environment } };
  const { stdout } = await promisify(execFile)(world.binary, [...words, "--json"], options);
  return stdout.trim() === "" ? undefined : JSON.parse(stdout);
}
