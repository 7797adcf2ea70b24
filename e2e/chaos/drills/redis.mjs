// Faults of Redis. Nothing but speed depends on it, so none of them is an excuse for an error, nor for a
// long wait; and whoever did without it uses it again, unasked.
import { RECOVERY } from "../judge.mjs";

/** How long any answer may take with Redis away, in milliseconds: some times `redis.timeout`. */
const SLOWEST = 5_000;

const FAULTS = [
  {
    name: "kill-redis",
    text: "SIGKILL of Redis, away for 5 s, started empty",
    short: true,
    async run({ topology, begin, end, sleep }) {
      begin();
      await topology.redis.kill();
      await sleep(5_000);
      await topology.redis.start();
      end();
    },
  },
  {
    name: "flush-redis",
    text: "FLUSHALL, every 300 ms for 3 s",
    short: true,
    async run({ topology, begin, end, sleep }) {
      begin();
      for (let times = 0; times < 10; times += 1) {
        await topology.redis.ask("FLUSHALL");
        await sleep(300);
      }
      end();
    },
  },
  {
    name: "freeze-redis",
    text: "SIGSTOP of Redis for 6 s",
    async run({ topology, begin, end, sleep }) {
      begin();
      topology.redis.freeze();
      await sleep(6_000);
      topology.redis.thaw();
      end();
    },
  },
  {
    name: "restart-redis",
    text: "Redis is restarted five times in a row",
    async run({ topology, begin, end, sleep }) {
      begin();
      for (let times = 0; times < 5; times += 1) {
        await topology.redis.program.stop();
        await topology.redis.start();
        await sleep(500);
      }
      end();
    },
  },
  {
    name: "slow-redis",
    text: "every packet to and from Redis takes 400 ms longer, for 6 s",
    async run({ topology, begin, end, sleep }) {
      begin();
      for (const link of topology.links("redis")) link.slow(400);
      await sleep(6_000);
      for (const link of topology.links("redis")) link.mend();
      end();
    },
  },
  {
    name: "partition-redis",
    text: "packets between the instances and Redis vanish for 6 s: word of revocations does not arrive",
    async run({ topology, begin, end, sleep }) {
      begin();
      for (const link of topology.links("redis")) link.freeze();
      await sleep(6_000);
      for (const link of topology.links("redis")) link.mend();
      end();
    },
  },
];

export const drills = FAULTS.map((fault) => ({
  ...fault,
  on: "postgres", errors: "none", slowest: SLOWEST,
  async run(context) {
    await fault.run(context);
    context.end();
    const { topology, model } = context;
    if (topology.hasRedis) await topology.redisIsUsed(RECOVERY).catch((error) => model.fault("wrong", error.message));
  },
}));
