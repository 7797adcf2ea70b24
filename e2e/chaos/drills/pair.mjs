// Version n beside version n+1 on one database: what an upgrade without downtime needs, and a way back.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster } from "../topology/cluster.mjs";

const root = join(import.meta.dirname, "../../..");
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "vestibule-pair");

const git = (...words) => execFileSync("git", ["-C", root, ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

/** What `--from` names, else the last tag, else the commit before this. */
function commit(from) {
  for (const name of from ? [from] : ["last tag", "HEAD~1"]) {
    try {
      const asked = name === "last tag" ? git("describe", "--tags", "--abbrev=0") : name;
      return git("rev-parse", `${asked}^{commit}`);
    } catch {
      // The next one.
    }
  }
  throw new Error(`git knows no ${from ?? "tag and no HEAD~1"}; fix: fetch the history, or name a commit with --from`);
}

/** The binary of that commit, built from a copy of its own with a target folder of its own. */
function built(from) {
  const id = commit(from);
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
  const topology = await Cluster.start(built(from), { name: "pair", oneHost: true });
  return Object.assign(topology, { next });
}

/** Puts an instance of `binary` in the place of the one at `at`: the new one first, then the old one goes. */
async function replace(topology, at, binary, name) {
  const old = topology.instances[at];
  const fresh = await topology.make(name, binary);
  await fresh.start();
  topology.instances[at] = fresh;
  await topology.nginx.use(topology.ports);
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
