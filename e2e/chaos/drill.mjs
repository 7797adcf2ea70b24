// One fault under load, and what came of it.
import { judge, longestOutage, recovery, RECOVERY, tally } from "./judge.mjs";
import { sleep } from "./processes.mjs";
import { checkAnswers, checkRows, checkWord } from "./load/checks.mjs";

/** How long there must be no error before the drill is over. */
const CALM = 2_500;
const WARM = 1_500;
/** Nobody waits longer for a fault, unless the drill says so: one that hangs has failed. */
const LONGEST = 180_000;
/** What died so long before a fault may not have been everywhere when it came, in milliseconds. */
const JUST_BEFORE = 5_000;

/** When the faults of a drill were: {start, end} each, in order. */
class Windows {
  all = [];

  begin() {
    if (this.all.at(-1)?.end !== Infinity) this.all.push({ start: Date.now(), end: Infinity });
  }

  end() {
    if (this.all.at(-1)?.end === Infinity) this.all.at(-1).end = Date.now();
  }

  /** All of them ended, and there is at least one. */
  close() {
    if (this.all.length === 0) this.begin();
    this.end();
    return this.all;
  }
}

/** Runs `drill` on `topology` under `load`; resolves to its row of the table. */
export async function run(drill, topology, load, options) {
  const { journal, model } = load;
  model.violations.length = 0;
  const from = Date.now();
  const windows = new Windows();
  let isOver = false;
  const context = {
    topology, load, model, options,
    begin: () => windows.begin(),
    end: () => windows.end(),
    /** Nothing goes on in a drill that was given up. */
    sleep: async (ms) => {
      await sleep(ms);
      if (isOver) throw new Error("the drill was given up");
    },
  };
  load.release();
  await sleep(WARM);
  try {
    await within(drill.longest ?? LONGEST, drill.run(context));
  } catch (error) {
    isOver = true;
    model.fault("wrong", `the drill could not go on: ${error.stack}`);
    return { ...row(drill, journal.since(from), windows.close(), model), isBroken: true };
  }
  const faults = windows.close();
  await settle(journal, faults.at(-1).end);
  await load.hold();
  await drill.mend?.(context);
  const entries = journal.since(from);
  judge(drill, entries, faults, model);
  const readBack = Date.now();
  await checkRows(load);
  await checkAnswers(load, { count: 24, from: faults[0].start - JUST_BEFORE, to: faults.at(-1).end });
  await checkWord(load);
  for (const [error, count] of tally(journal.since(readBack).filter((entry) => entry.error))) {
    model.fault("wrong", `${count} × an error while everything was read back: ${error}`, count);
  }
  journal.entries.length = 0;
  return row(drill, entries, faults, model);
}

/** What `work` resolves to, if it does so in time. */
async function within(ms, work) {
  let late;
  const end = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error(`not done after ${ms / 1000} s`)), ms);
  });
  // Whatever becomes of it when nobody waits any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(late);
  }
}

/** Until there was no error for a while and a good answer, or all patience is over. */
async function settle(journal, end) {
  for (;;) {
    const lastError = journal.entries.findLast(({ error }) => error)?.until ?? 0;
    const isServed = journal.entries.some(({ error, at }) => !error && at >= end);
    const now = Date.now();
    if ((isServed && now - Math.max(lastError, end) > CALM) || now - end > RECOVERY + 5_000) return;
    await sleep(100);
  }
}

/** The row of a drill that could not be brought to its end. */
export function broken(drill, error) {
  const none = { requests: 0, errors: 0, kinds: [], outage: 0, recovery: 0, slowest: 0, lost: 0, doubled: 0, late: 0, wrong: 1 };
  const violations = [{ kind: "wrong", what: error.stack, times: 1, at: "" }];
  return { ...none, name: drill.name, violations, isBroken: true };
}

function row(drill, entries, windows, model) {
  const errors = entries.filter(({ error }) => error);
  const count = (kind) => model.violations.filter((each) => each.kind === kind).reduce((sum, { times }) => sum + times, 0);
  return {
    name: drill.name,
    requests: entries.length,
    errors: errors.length,
    kinds: tally(errors),
    outage: longestOutage(entries),
    recovery: recovery(entries, windows),
    slowest: Math.max(0, ...entries.map(({ at, until }) => until - at)),
    lost: count("lost"),
    doubled: count("doubled"),
    late: count("late"),
    wrong: count("wrong"),
    violations: [...model.violations],
  };
}
