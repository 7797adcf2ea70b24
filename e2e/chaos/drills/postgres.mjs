// Faults of PostgreSQL and of the way to it.
import { RECOVERY } from "../judge.mjs";
import { Unavailable } from "../load/http.mjs";
import { basic } from "../load/present.mjs";
import { random } from "../load/random.mjs";

/**
 * How long an answer may take while PostgreSQL says nothing: `acquire_timeout`, `statement_timeout`
 * (topology/instance.mjs: 2 s and 3 s), and some time to notice. In milliseconds.
 */
const SLOWEST = 7_000;

/** What the next drill begins with; the instances find the new standby by themselves. */
async function rebuild({ topology, model }) {
  await topology.rebuildStandby();
  await readsFromReplica({ topology, model });
}

async function readsFromReplica({ topology, model }) {
  await topology.replicaServes(RECOVERY).catch((error) => model.fault("wrong", error.message));
}

async function restartPrimary({ topology, begin, end }) {
  begin();
  await topology.primary.restart();
  end();
}

async function failOver({ topology, begin, end, sleep }) {
  begin();
  await topology.failOver();
  end();
  await sleep(2_000);
}

/** What each of these asks, one request after the other, needs a look into the database. */
const CROWD = 24;
/** More than a third, for chance; much less than what comes to an instance that is preferred because it fails fast. */
const SHARE = 0.45;

/** One who never thinks before the next request: only with many at once does it show whom a proxy prefers. */
async function ask({ http, issuer, users }, end) {
  const [client] = users[0].clients;
  while (Date.now() < end) {
    const form = { grant_type: "refresh_token", refresh_token: random() };
    await http.ask("crowd", `${issuer}/token`, { method: "POST", headers: { authorization: basic(client) }, form }).catch((fault) => {
      if (!(fault instanceof Unavailable)) throw fault;
    });
  }
}

async function refuseOne({ topology, load, model, begin, end }) {
  const { postgresA, postgresB } = topology.instances[1].links;
  const links = [postgresA, postgresB];
  begin();
  const began = Date.now();
  for (const link of links) link.refuse();
  await Promise.all(Array.from({ length: CROWD }, () => ask(load, began + 6_000)));
  const entries = load.journal.entries.filter(({ at }) => at >= began);
  for (const link of links) link.mend();
  end();
  const errors = entries.filter(({ error }) => error).length;
  const told = `${errors} of ${entries.length} requests failed`;
  if (errors === 0) model.fault("wrong", "no request met the instance without a database");
  if (errors > entries.length * SHARE) model.fault("wrong", `${told}, with one instance of three without a database`);
}

async function startWithout({ topology, model, begin, end, sleep }) {
  const [instance] = topology.instances;
  begin();
  for (const link of topology.postgresLinks) link.refuse();
  await instance.kill();
  instance.launch();
  await sleep(6_000);
  if (!instance.isRunning) model.fault("wrong", `${instance.name} gave up: ${instance.program.tail(3)}`);
  else if (await instance.isReady()) model.fault("wrong", `${instance.name} is ready, and has no database`);
  for (const link of topology.postgresLinks) link.mend();
  end();
  await instance.ready(RECOVERY).catch((error) => model.fault("wrong", error.message));
  // For the drills to come.
  if (!instance.isRunning) await instance.start();
}

export const drills = [
  {
    name: "restart-postgres",
    text: "immediate shutdown of the primary, and its start",
    on: "postgres", errors: "window", short: true,
    run: restartPrimary,
  },
  {
    name: "failover",
    text: "SIGKILL of the primary, promotion of its synchronous standby",
    on: "postgres", errors: "window", short: true,
    run: failOver,
    mend: rebuild,
  },
  {
    name: "cut-connections",
    text: "every connection to PostgreSQL is reset, ten times in 5 s",
    on: "postgres", errors: "window", short: true,
    async run({ topology, begin, end, sleep }) {
      begin();
      for (let times = 0; times < 10; times += 1) {
        for (const link of topology.postgresLinks) link.cut();
        await sleep(500);
      }
      end();
    },
  },
  {
    name: "refuse-connections",
    text: "PostgreSQL cannot be reached for 6 s",
    on: "postgres", errors: "window",
    async run({ topology, begin, end, sleep }) {
      begin();
      for (const link of topology.postgresLinks) link.refuse();
      await sleep(6_000);
      for (const link of topology.postgresLinks) link.mend();
      end();
    },
  },
  {
    name: "refuse-one",
    text: "one instance of three cannot reach PostgreSQL for 6 s: what comes to it fails, and no more",
    on: "postgres", errors: "window", short: true,
    run: refuseOne,
  },
  {
    name: "start-without-postgres",
    text: "PostgreSQL cannot be reached, an instance is killed and started: it waits, and is there once the database is",
    on: "postgres", errors: "window", short: true,
    run: startWithout,
  },
  {
    name: "haproxy-refuse-one",
    text: "the same behind HAProxy, which leaves that one out once it has asked twice",
    on: "haproxy", errors: "window",
    run: refuseOne,
  },
  {
    name: "pgbouncer-restart-postgres",
    text: "immediate shutdown of the primary behind PgBouncer, and its start",
    on: "pgbouncer", errors: "window",
    run: restartPrimary,
  },
  {
    name: "pgbouncer-failover",
    text: "SIGKILL of the primary, promotion of the standby; PgBouncer is told",
    on: "pgbouncer", errors: "window",
    run: failOver,
    mend: rebuild,
  },
  {
    name: "kill-pgbouncer",
    text: "SIGKILL of PgBouncer, away for 3 s",
    on: "pgbouncer", errors: "window",
    async run({ topology, begin, end, sleep }) {
      begin();
      await topology.bouncer.kill();
      await sleep(3_000);
      await topology.bouncer.start();
      end();
    },
  },
  {
    name: "slow-connections",
    text: "every packet to and from PostgreSQL takes 50 ms longer, for 8 s",
    on: "postgres", errors: "window",
    async run({ topology, begin, end, sleep }) {
      begin();
      for (const link of topology.postgresLinks) link.slow(50);
      await sleep(8_000);
      for (const link of topology.postgresLinks) link.mend();
      end();
    },
  },
  {
    name: "throttled-connections",
    text: "20 kB/s a connection to and from PostgreSQL, for 8 s",
    on: "postgres", errors: "window",
    async run({ topology, begin, end, sleep }) {
      begin();
      for (const link of topology.postgresLinks) link.throttle(20_000);
      await sleep(8_000);
      for (const link of topology.postgresLinks) link.mend();
      end();
    },
  },
  {
    name: "freeze-postgres",
    text: "SIGSTOP of the primary and its backends for 12 s",
    on: "postgres", errors: "window", slowest: SLOWEST,
    async run({ topology, begin, end, sleep }) {
      begin();
      topology.primary.freeze();
      await sleep(12_000);
      topology.primary.thaw();
      end();
    },
  },
  {
    name: "partition-postgres",
    text: "packets between the instances and PostgreSQL vanish for 12 s",
    on: "postgres", errors: "window", slowest: SLOWEST,
    async run({ topology, begin, end, sleep }) {
      begin();
      for (const link of topology.postgresLinks) link.freeze();
      await sleep(12_000);
      for (const link of topology.postgresLinks) link.mend();
      end();
    },
  },
  {
    name: "freeze-standby",
    text: "SIGSTOP of the synchronous standby for 8 s: nothing can be acknowledged",
    on: "postgres", errors: "window",
    async run({ topology, model, begin, end, sleep }) {
      begin();
      topology.standby.freeze();
      await sleep(8_000);
      topology.standby.thaw();
      end();
      await readsFromReplica({ topology, model });
    },
  },
  {
    name: "lose-both",
    text: "the synchronous standby hears nothing any more, and 6 s later the primary dies: promotion",
    on: "postgres", errors: "window",
    async run({ topology, begin, end, sleep }) {
      begin();
      topology.standby.replication.freeze();
      await sleep(6_000);
      await topology.primary.kill();
      await topology.standby.promote();
      topology.swap();
      end();
      await sleep(2_000);
    },
    mend: rebuild,
  },
  {
    name: "asynchronous",
    text: "a failover without synchronous replication: the checks must see what it loses",
    on: "asynchronous", errors: "window", mustLose: true,
    async run({ topology, begin, end, sleep }) {
      begin();
      topology.standby.replication.freeze();
      await sleep(2_000);
      await topology.primary.kill();
      await topology.standby.promote();
      topology.swap();
      end();
      await sleep(2_000);
    },
  },
];
