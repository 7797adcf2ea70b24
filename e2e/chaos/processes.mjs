// Programs that the drills start: each with its own log, each ended with the drills, however these end.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, closeSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const isRoot = process.getuid() === 0;

/** Everything that goes onto the disk. Under /tmp, so that the user postgres can get at its part. */
export const work = mkdtempSync(join(tmpdir(), "vestibule-chaos."));
execFileSync("chmod", ["755", work]);

const running = new Set();

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What is waited for cannot come any more. */
export class Ended extends Error {}

/** Waits until `look` gives something true; the answer is that. */
export async function until(what, look, ms = 30_000, pause = 50) {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (fault) {
      if (fault instanceof Ended) throw fault;
      last = fault;
    }
    await sleep(pause);
  }
  throw new Error(`${what}: not within ${ms / 1000} s${last ? `; ${last.message}` : ""}`);
}

const given = new Set();

/** A port that nobody listens on at this moment, and that was not given away before. */
export async function freePort() {
  for (;;) {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address();
    probe.close();
    await once(probe, "close");
    if (!given.has(port) && given.add(port)) return port;
  }
}

/** The path of a program, or an error that names its Debian package. */
export function need(command, debianPackage) {
  for (const folder of [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"]) {
    if (folder && existsSync(join(folder, command))) return join(folder, command);
  }
  throw new Error(`${command} is missing; fix: apt-get install ${debianPackage}`);
}

/** A running program. It dies with this one, even if this one is killed. */
export class Program {
  constructor(name, command, words, { env = {}, cwd = work, user, log = name } = {}) {
    const wrapper = ["--pdeathsig=KILL"];
    if (user && isRoot) wrapper.push(`--reuid=${user}`, `--regid=${user}`, "--clear-groups");
    const file = openSync(join(work, `${log}.log`), "a");
    this.name = name;
    this.log = join(work, `${log}.log`);
    this.child = spawn("setpriv", [...wrapper, "--", command, ...words], {
      cwd,
      env: { PATH: process.env.PATH, HOME: work, LANG: "C.UTF-8", ...env },
      stdio: ["ignore", file, file],
      // Ctrl-C is for the drills; they end their programs themselves.
      detached: true,
    });
    closeSync(file);
    this.ended = new Promise((resolve) => {
      this.child.once("exit", (code, signal) => resolve({ code, signal }));
      this.child.once("error", (error) => resolve({ code: -1, error }));
    });
    running.add(this);
    this.ended.then(() => running.delete(this));
  }

  get pid() {
    return this.child.pid;
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(name) {
    if (this.isRunning) this.child.kill(name);
  }

  /** Ends it, and by force if it does not; resolves to how it ended. */
  async stop(signal = "SIGTERM", ms = 40_000) {
    this.signal(signal);
    const late = setTimeout(() => this.signal("SIGKILL"), ms);
    const how = await this.ended;
    clearTimeout(late);
    return how;
  }

  /** The process and its children, as PostgreSQL's are. */
  tree() {
    const found = [this.pid];
    for (let at = 0; at < found.length; at += 1) {
      for (const task of list(`/proc/${found[at]}/task`)) {
        found.push(...read(`/proc/${found[at]}/task/${task}/children`).split(" ").filter(Boolean).map(Number));
      }
    }
    return found;
  }

  signalTree(name) {
    for (const pid of this.tree()) {
      try {
        process.kill(pid, name);
      } catch {
        // It ended by itself.
      }
    }
  }

  tail(lines = 15) {
    return read(this.log).split("\n").slice(-lines - 1).join("\n");
  }
}

const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};
const list = (path) => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

/** Ends by force whatever still runs. */
export async function endAll() {
  for (const program of [...running]) {
    program.signalTree("SIGKILL");
    await program.ended;
  }
}

let keepsFiles = false;

/** Leaves logs and databases where they are. */
export function keepFiles() {
  keepsFiles = true;
}

process.on("exit", () => {
  for (const program of running) {
    // The stopped ones too: SIGKILL needs no SIGCONT.
    program.signalTree("SIGKILL");
  }
  if (keepsFiles) console.error(`chaos: files and logs are in ${work}`);
  else rmSync(work, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
