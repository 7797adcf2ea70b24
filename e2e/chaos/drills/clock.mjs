// Clocks that jump: libfaketime in front of each instance, told by a file what time it is.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until, work } from "../processes.mjs";

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
  /** Until the instance shows that time, by the `Date` of its answers, to within 3 s. */
  const shows = (seconds) => until(`${instance.name} shows a clock that is ${seconds} s off`, async () => {
    const answer = await fetch(`${instance.origin}/health/live`);
    const off = (Date.parse(answer.headers.get("date")) - Date.now()) / 1000;
    if (Math.abs(off - seconds) < 3) return true;
    throw new Error(`it is ${off.toFixed(0)} s off`);
  }, 5_000);
  return { env, set, shows };
}

/** Restarts every instance with a clock that can be set; gives the clocks. */
async function withClocks({ topology, begin, end }) {
  const clocks = [];
  for (const instance of topology.instances) {
    const clock = clockOf(instance);
    instance.extra = clock.env;
    begin();
    await instance.stop();
    await instance.start();
    end();
    clocks.push(clock);
  }
  return clocks;
}

async function withoutClocks({ topology }) {
  for (const instance of topology.instances) {
    if (Object.keys(instance.extra).length === 0) continue;
    instance.extra = {};
    await instance.stop();
    await instance.start();
  }
}

/**
 * `excused`: the jumps are longer than a code or a grace lives, so what was begun before one may be
 * refused after it. Errors are excused by the restarts that give the instances these clocks, by no jump.
 */
const jump = (name, text, { offsets, excused }) => ({
  name, text,
  on: "postgres", errors: "window",
  async run(context) {
    const { model, sleep } = context;
    const clocks = await withClocks(context);
    for (const step of offsets) {
      if (excused) model.jumped = Infinity;
      step.forEach((seconds, at) => clocks[at].set(seconds));
      await Promise.all(step.map((seconds, at) => clocks[at].shows(seconds)));
      if (excused) model.jumped = Date.now();
      await sleep(5_000);
    }
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
