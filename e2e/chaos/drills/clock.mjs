// Clocks that jump: libfaketime in front of each instance, told by a file what time it is.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { work } from "../processes.mjs";

const LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];

/** The environment under which `instance` reads its clock from a file, and that file. */
function clockOf(instance) {
  const found = LIBRARIES.map((folder) => `${folder}/faketime/libfaketimeMT.so.1`).find((file) => existsSync(file));
  if (!found) throw new Error("libfaketime is missing; fix: apt-get install faketime");
  const file = join(work, `${instance.name}.clock`);
  const set = (seconds) => writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}`);
  set(0);
  // The monotonic clock is nobody's to jump.
  const env = { LD_PRELOAD: found, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_DONT_FAKE_MONOTONIC: "1",
    FAKETIME_CACHE_DURATION: "1", DONT_FAKE_MONOTONIC: "1" };
  return { env, set };
}

/** Restarts every instance with a clock that can be set; gives the clocks. */
async function withClocks(topology) {
  const clocks = [];
  for (const instance of topology.instances) {
    const clock = clockOf(instance);
    instance.extra = clock.env;
    await instance.stop();
    await instance.start();
    clocks.push(clock);
  }
  return clocks;
}

async function withoutClocks({ topology, model }) {
  for (const instance of topology.instances) {
    if (Object.keys(instance.extra).length === 0) continue;
    instance.extra = {};
    await instance.stop();
    await instance.start();
  }
  model.clocksJump = false;
}

const jump = (name, text, { offsets, excused }) => ({
  name, text,
  on: "postgres", errors: "window",
  async run({ topology, model, begin, end, sleep }) {
    begin();
    const clocks = await withClocks(topology);
    model.clocksJump = excused;
    for (const step of offsets) {
      step.forEach((seconds, at) => clocks[at].set(seconds));
      await sleep(5_000);
    }
    end();
  },
  mend: withoutClocks,
});

export const drills = [
  jump("clock-skew", "the instances' clocks are 20 s apart, then the other way round",
    { offsets: [[0, 10, 20], [20, 10, 0]], excused: false }),
  jump("clock-forward", "every clock jumps an hour forward and back",
    { offsets: [[3600, 3600, 3600], [0, 0, 0]], excused: true }),
  jump("clock-back", "every clock jumps ten minutes back and forward again",
    { offsets: [[-600, -600, -600], [0, 0, 0]], excused: true }),
];
