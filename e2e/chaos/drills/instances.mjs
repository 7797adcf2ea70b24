// Faults of the instances themselves.
export const drills = [
  {
    name: "calm",
    text: "nothing happens: the load itself is right",
    on: "postgres", errors: "none", short: true,
    async run({ topology, model, begin, sleep }) {
      begin();
      await sleep(3_000);
      if (!topology.hasRedis) return;
      const eternal = "EVAL \"local n = 0; for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('TTL', key) == -1 then n = n + 1 end end return n\" 0";
      const count = await topology.redis.ask(eternal);
      if (count !== ":0") model.fault("wrong", `keys in Redis that never expire: ${count}`);
    },
  },
  {
    name: "kill-instance",
    text: "SIGKILL of each instance in turn, and its start",
    on: "postgres", errors: "window", short: true,
    async run({ topology, begin, end, sleep }) {
      begin();
      for (const instance of topology.instances) {
        await instance.kill();
        await sleep(700);
        await instance.start();
      }
      end();
    },
  },
  {
    name: "rolling-restart",
    text: "SIGTERM to each instance in turn, out of nginx while it drains, and its start: no error at all",
    on: "postgres", errors: "none", short: true,
    async run({ topology, begin, end, sleep }) {
      begin();
      for (const [at, instance] of topology.instances.entries()) {
        const stopped = instance.stop();
        // As a load balancer does that asks /health/ready. nginx alone goes on sending, and may not
        // send a POST twice that met the listener's end.
        await topology.nginx.use(topology.ports.filter((_, other) => other !== at));
        await stopped;
        await instance.start();
        await topology.nginx.use(topology.ports);
        await sleep(1_200);
      }
      end();
    },
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
