// Version n beside version n+1 on one database: what an upgrade without downtime needs, and a way back.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster } from "../topology/cluster.mjs";

const root = join(import.meta.dirname, "../../..");
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "vestibule-pair");

const git = (...words) => execFileSync("git", ["-C", root, ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

/** What `--from` names, else the commit before the one that last added a migration. */
function commit(from) {
  const last = from ? undefined : git("log", "-1", "--diff-filter=A", "--format=%H", "--", "migrations");
  const asked = from ?? `${last}^`;
  try {
    return git("rev-parse", `${asked}^{commit}`);
  } catch {
    throw new Error(`git knows no ${asked}; fix: fetch the history, or name a commit with --from`);
  }
}

/** The migrations of a commit. (Its program may be too old to be asked.) */
const migrationsAt = (id) => git("ls-tree", "--name-only", `${id}:migrations/sqlite`).split("\n").sort().join(" ");

/** The migrations that a binary knows. */
function migrationsOf(binary) {
  const folder = mkdtempSync(join(tmpdir(), "vestibule-pair."));
  try {
    const env = { PATH: process.env.PATH, VESTIBULE__DATA_DIR: folder };
    const plan = execFileSync(binary, ["migrate", "--plan", "--json"], { cwd: folder, env, encoding: "utf8" });
    return JSON.parse(plan).map(({ migration }) => migration).sort().join(" ");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The binary of that commit, built from a copy of its own with a target folder of its own. */
function built(id) {
  const binary = join(cache, `vestibule-${id.slice(0, 12)}`);
  if (existsSync(binary)) return binary;
  console.log(`pair: building ${id.slice(0, 12)}`);
  mkdirSync(cache, { recursive: true });
  const source = mkdtempSync(join(tmpdir(), "vestibule-pair."));
  const target = join(cache, "target");
  try {
    execFileSync("sh", ["-c", `git -C "$1" archive "$2" | tar -x -C "$3"`, "sh", root, id, source]);
    const env = { ...process.env, CARGO_TARGET_DIR: target };
    execFileSync("nice", ["cargo", "build", "--quiet", "--locked", "-p", "vestibule-server"], { cwd: source, env, stdio: "inherit" });
    copyFileSync(join(target, "debug/vestibule"), binary);
  } finally {
    rmSync(source, { recursive: true, force: true });
  }
  return binary;
}

/** Instances of version n; the drill brings n+1. */
export async function start(next, { from }) {
  const id = commit(from);
  if (!from && migrationsAt(id) === migrationsOf(next)) {
    throw new Error("both versions have the same tables, so nothing would be shown; fix: name another with --from");
  }
  const binary = built(id);
  const topology = await Cluster.start(binary, { name: "pair", oneHost: true });
  return Object.assign(topology, { next });
}

/** Puts an instance of `binary` in the place of the one at `at`: the new one first, then the old one goes. */
async function replace(topology, at, binary, name) {
  const old = topology.instances[at];
  const fresh = await topology.make(name, binary);
  await fresh.start();
  topology.instances[at] = fresh;
  await topology.proxy.use(topology.ports);
  await old.stop();
  for (const link of Object.values(old.links)) link.close();
}

export const drills = [
  {
    name: "pair",
    text: "n → n+1 one instance at a time, n again beside n+1, all n, all n+1: no error",
    on: "pair", errors: "none",
    async run({ topology, begin, end, sleep }) {
      const { binary, next } = topology;
      begin();
      const plan = [[0, next], [1, next], [1, binary], [2, next], [1, next], [0, binary], [1, binary], [2, binary], [0, next], [1, next], [2, next]];
      for (const [step, [at, version]] of plan.entries()) {
        await replace(topology, at, version, `step-${step + 1}-${version === next ? "new" : "old"}`);
        await sleep(2_000);
      }
      end();
    },
  },
];
