// Faults of the instances themselves, and of the way to them.
import { RECOVERY } from "../judge.mjs";

/** SIGTERM to each instance in turn; a proxy that does not ask whether they are ready is told. */
async function restartAll({ topology, begin, end, sleep }) {
  const { proxy } = topology;
  begin();
  for (const [at, instance] of topology.instances.entries()) {
    const stopped = instance.stop();
    // As an operator does. nginx alone goes on sending, and may not send a POST twice that met the
    // listener's end.
    if (!proxy.asks) await proxy.use(topology.ports.filter((_, other) => other !== at));
    await stopped;
    await instance.start();
    if (!proxy.asks) await proxy.use(topology.ports);
    // HAProxy looks twice, a second apart, before it sends anything again.
    await sleep(proxy.asks ? 3_000 : 1_200);
  }
  end();
}

export const drills = [
  {
    name: "calm",
    text: "nothing happens: the load itself is right",
    on: "postgres", errors: "none", short: true,
    async run({ topology, model, begin, sleep }) {
      begin();
      await sleep(3_000);
      const wrong = (error) => model.fault("wrong", error.message);
      await topology.replicaServes(RECOVERY).catch(wrong);
      await topology.replicaIsRead(RECOVERY).catch(wrong);
      if (!topology.hasRedis) return;
      await topology.redisIsUsed(RECOVERY).catch(wrong);
      const eternal = "EVAL \"local n = 0; for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('TTL', key) == -1 then n = n + 1 end end return n\" 0";
      const count = await topology.redis.ask(eternal);
      if (count !== ":0") model.fault("wrong", `keys in Redis that never expire: ${count}`);
    },
  },
  {
    name: "kill-instance",
    text: "SIGKILL of each instance in turn, and its start",
    // Once it says that it is ready, it answers.
    on: "postgres", errors: "window", recovery: 0, short: true,
    async run({ topology, begin, end, sleep }) {
      for (const instance of topology.instances) {
        begin();
        await instance.kill();
        await sleep(700);
        await instance.start();
        end();
        await sleep(1_000);
      }
    },
  },
  {
    name: "rolling-restart",
    text: "SIGTERM to each instance in turn, out of nginx while it drains, and its start: no error at all",
    on: "postgres", errors: "none", short: true,
    run: restartAll,
  },
  {
    name: "haproxy-restart",
    text: "SIGTERM to each instance in turn, and its start; HAProxy finds out by itself: no error at all",
    on: "haproxy", errors: "none",
    run: restartAll,
  },
  {
    name: "freeze-instance",
    text: "SIGSTOP of an instance for 6 s",
    on: "postgres", errors: "window",
    async run({ topology, begin, end, sleep }) {
      begin();
      topology.instances[1].program.signal("SIGSTOP");
      await sleep(6_000);
      topology.instances[1].program.signal("SIGCONT");
      end();
    },
  },
  {
    name: "partition-instance",
    text: "one instance reaches neither PostgreSQL nor Redis for 6 s; packets vanish",
    on: "postgres", errors: "window",
    async run({ topology, begin, end, sleep }) {
      const links = Object.values(topology.instances[2].links);
      begin();
      for (const link of links) link.freeze();
      await sleep(6_000);
      for (const link of links) link.mend();
      end();
    },
  },
];
