// Faults of PostgreSQL and of the way to it.
/**
 * How long an answer may take while PostgreSQL says nothing: `acquire_timeout`, `statement_timeout`
 * (topology/instance.mjs: 2 s and 3 s), and some time to notice. In milliseconds.
 */
const SLOWEST = 7_000;

export const drills = [
  {
    name: "restart-postgres",
    text: "immediate shutdown of the primary, and its start",
    on: "postgres", errors: "window", short: true,
    async run({ topology, begin, end }) {
      begin();
      await topology.primary.restart();
      end();
    },
  },
  {
    name: "failover",
    text: "SIGKILL of the primary, promotion of its synchronous standby",
    on: "postgres", errors: "window", short: true,
    async run({ topology, begin, end, sleep }) {
      begin();
      await topology.failOver();
      end();
      await sleep(2_000);
    },
    // What the next drill begins with.
    mend: ({ topology }) => topology.rebuildStandby(),
  },
  {
    name: "cut-connections",
    text: "every connection to PostgreSQL is reset, ten times in 5 s",
    on: "postgres", errors: "window",
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
    async run({ topology, begin, end, sleep }) {
      begin();
      topology.standby.freeze();
      await sleep(8_000);
      topology.standby.thaw();
      end();
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
    mend: ({ topology }) => topology.rebuildStandby(),
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
