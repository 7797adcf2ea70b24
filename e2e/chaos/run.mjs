// The fault drills: node e2e/chaos/run.mjs [--short] [--list] [--keep] [--users N] [--kills N]
// [--times N] [--one-host] [--haproxy] [--pgbouncer] [--from COMMIT] [DRILL…]
// See docs/operations/chaos.md. VESTIBULE_BIN names the binary; exit code 0 only if all is well.
import { copyFileSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import * as clock from "./drills/clock.mjs";
import * as instances from "./drills/instances.mjs";
import * as pair from "./drills/pair.mjs";
import * as postgres from "./drills/postgres.mjs";
import * as redis from "./drills/redis.mjs";
import * as sqlite from "./drills/sqlite.mjs";
import { broken, run } from "./drill.mjs";
import { checkAnswers, checkRows } from "./load/checks.mjs";
import { Load } from "./load/load.mjs";
import { endAll, keepFiles, work } from "./processes.mjs";
import { print } from "./table.mjs";
import { Cluster } from "./topology/cluster.mjs";
import { Embedded } from "./topology/embedded.mjs";

const ALL = [instances, postgres, redis, clock, pair, sqlite].flatMap(({ drills }) => drills);

const { values: asked, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean" }, list: { type: "boolean" }, keep: { type: "boolean" },
    users: { type: "string" }, kills: { type: "string" }, from: { type: "string" },
    "one-host": { type: "boolean" }, haproxy: { type: "boolean" }, pgbouncer: { type: "boolean" }, times: { type: "string", default: "1" },
  },
});

if (asked.list) {
  for (const { name, text, short } of ALL) console.log(`${name.padEnd(26)} ${short ? "short " : "      "} ${text}`);
  process.exit(0);
}
const fail = (message) => {
  console.error(`chaos: ${message}`);
  process.exit(64);
};
for (const name of names) {
  if (!ALL.some((drill) => drill.name === name)) fail(`no drill '${name}'; --list names all`);
}
const given = process.env.VESTIBULE_BIN && resolve(process.env.VESTIBULE_BIN);
if (!given || !existsSync(given)) fail("VESTIBULE_BIN names no binary; fix: cargo build -p vestibule-server, or use `just chaos`");
if (asked.keep) keepFiles();
// A copy: whoever builds meanwhile must not change the binary between two starts.
const binary = join(work, "vestibule");
copyFileSync(given, binary);

const chosen = ALL.filter(({ name, short }) => (names.length ? names.includes(name) : !asked.short || short));
const options = {
  short: asked.short,
  kills: asked.kills && Number(asked.kills),
  from: asked.from,
  binary,
  /** The model check in the middle of a drill, with the users standing still. */
  async check(load, asked) {
    await load.hold();
    await checkRows(load);
    await checkAnswers(load, asked);
    load.release();
  },
};

const { haproxy, pgbouncer, "one-host": oneHost } = asked;

/** How each kind of server is started, and how many users it bears. */
const topologies = {
  postgres: { start: () => Cluster.start(binary, { oneHost, haproxy, pgbouncer }), users: 16, pause: 60 },
  sqlite: { start: () => Embedded.start(binary, "embedded"), users: 8, pause: 30 },
  "small-disk": { start: () => Embedded.start(binary, "small-disk", { disk: 24 }), users: 6, pause: 60 },
  asynchronous: { start: () => Cluster.start(binary, { name: "asynchronous", oneHost, waits: false }), users: 10, pause: 60 },
  haproxy: { start: () => Cluster.start(binary, { name: "haproxy", oneHost, haproxy: true }), users: 10, pause: 60 },
  pgbouncer: { start: () => Cluster.start(binary, { name: "pgbouncer", pgbouncer: true }), users: 10, pause: 60 },
  pair: { start: () => pair.start(binary, options), users: 10, pause: 60 },
};

/** Runs the drills of one kind of server. A drill that breaks ends those after it too. */
async function drillAll(kind, drills, rows) {
  const { start, users, pause } = topologies[kind];
  const began = Date.now();
  try {
    const topology = await start();
    const load = await Load.prepare(topology, { users: Number(asked.users ?? users), pause });
    console.log(`${kind}: ready in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    load.start();
    await drillEach(drills, topology, load, rows).finally(() => load.end());
    await topology.stop();
  } finally {
    // Nothing of a kind that broke runs beside the next one.
    await endAll();
  }
}

async function drillEach(drills, topology, load, rows) {
  for (const drill of drills) {
    for (let time = 0; time < Number(asked.times); time += 1) {
      const at = Date.now();
      const row = await run(drill, topology, load, options).catch((error) => broken(drill, error));
      tell(drill, row, Date.now() - at);
      rows.push(row);
      if (row.isBroken) throw new Error(`${drill.name} broke the drills of ${topology.kind}`);
    }
  }
}

function tell(drill, row, ms) {
  // A drill that shows that the checks see what goes wrong.
  if (drill.mustLose && !row.isBroken) {
    row.violations = row.lost > 0 ? [] : [{ kind: "wrong", what: "nothing was lost, and something had to be", times: 1, at: "" }];
  }
  const { violations } = row;
  console.log(`  ${violations.length ? "FAIL" : "ok  "}  ${drill.name} (${(ms / 1000).toFixed(1)} s): ${drill.text}`);
  for (const { kind, what, at } of violations.slice(0, 8)) console.log(`        ${kind} ${at}: ${what}`);
  if (violations.length > 8) console.log(`        and ${violations.length - 8} more`);
}

const rows = [];
let faults = 0;
for (const kind of Object.keys(topologies)) {
  const drills = chosen.filter(({ on }) => on === kind);
  if (drills.length === 0) continue;
  await drillAll(kind, drills, rows).catch((error) => {
    console.error(`chaos: ${kind}: ${error.stack}`);
    faults += 1;
  });
}
const failed = print(rows) + faults;
if (failed > 0) keepFiles();
process.exit(failed === 0 ? 0 : 1);
