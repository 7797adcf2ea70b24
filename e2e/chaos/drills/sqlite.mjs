// Faults of the one server with the embedded database.
export const drills = [
  {
    name: "sqlite-kill",
    text: "SIGKILL in the middle of load, integrity check, start; 200 times (10 in the short form)",
    // Once it says that it is ready, it answers.
    on: "sqlite", errors: "window", recovery: 0, short: true, longest: 3_600_000,
    async run({ topology, load, model, options, begin, end, sleep }) {
      const times = options.kills ?? (options.short ? 10 : 200);
      for (let time = 1; time <= times; time += 1) {
        await sleep(300 + Math.random() * 900);
        begin();
        const killed = Date.now();
        await topology.instance.kill();
        const said = await topology.integrity();
        if (said !== "ok") model.fault("lost", `integrity_check after kill ${time}: ${said}`);
        await topology.instance.start();
        end();
        await options.check(load, { count: 4, from: killed - 1_000, to: Date.now() });
        if (time % 20 === 0) console.log(`    ${time} kills`);
      }
    },
  },
  {
    name: "disk-full",
    text: "the disk is full for 6 s",
    on: "small-disk", errors: "window",
    async run({ topology, begin, end, sleep }) {
      begin();
      topology.fill();
      await sleep(6_000);
      topology.free();
      end();
    },
  },
];
