// The configurations of deploy/, with the addresses of a drill in the place of theirs.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A line with an instance, of nginx (`server 10.0.0.11:8080 …;`) or HAProxy (`server name 10.0.0.11:8080`). */
const SERVER = /^( *server (?:\w+ )?)10\.0\.0\.1\d:8080(.*)$/;

/** The text of deploy/`name`, with one line for each of `ports` where it has three. */
export function deployed(name, ports) {
  const lines = readFileSync(join(import.meta.dirname, "../../../deploy", name), "utf8").split("\n");
  const first = lines.findIndex((line) => SERVER.test(line));
  if (first < 0) throw new Error(`deploy/${name} names no instance`);
  const [, before, after] = lines[first].match(SERVER);
  const numbered = (at) => before.replace(/\d* $/, (old) => (/\d/.test(old) ? `${at + 1} ` : old));
  const servers = ports.map((port, at) => `${numbered(at)}127.0.0.1:${port}${after}`);
  return [...lines.slice(0, first), ...servers, ...lines.slice(first).filter((line) => !SERVER.test(line))].join("\n");
}

/** `text` with `to` for `from`, which has to be in it: else the file is not the one that this was made for. */
export function exchanged(text, from, to) {
  const found = text.replace(from, to);
  if (found === text) throw new Error(`a file in deploy/ has no ${from}`);
  return found;
}
