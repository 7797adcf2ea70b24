// Faults of the one server with the embedded database.
export const drills = [
  {
    name: "sqlite-kill",
    text: "SIGKILL in the middle of load, integrity check, start; 200 times (10 in the short form)",
    on: "sqlite", errors: "window", short: true, longest: 3_600_000,
    async run({ topology, load, model, options, begin, end, sleep }) {
      begin();
      const times = options.kills ?? (options.short ? 10 : 200);
      for (let time = 1; time <= times; time += 1) {
        await sleep(300 + Math.random() * 900);
        await topology.instance.kill();
        const said = await topology.integrity();
        if (said !== "ok") model.fault("lost", `integrity_check after kill ${time}: ${said}`);
        await topology.instance.start();
        await options.check(load, 4);
        if (time % 20 === 0) console.log(`    ${time} kills`);
      }
      end();
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
