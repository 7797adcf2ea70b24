// One fault under load, and what came of it.
import { sleep } from "./processes.mjs";
import { checkAnswers, checkRows, checkWord } from "./load/checks.mjs";

/** How long after a fault's end there may still be errors, in milliseconds. */
export const RECOVERY = 10_000;
/** How long there must be none before the drill is over. */
const CALM = 2_500;
const WARM = 1_500;
/** Nobody waits longer for a fault, unless the drill says so: one that hangs has failed. */
const LONGEST = 180_000;

/** The longest time without any good answer, while there were bad ones. */
function longestOutage(entries) {
  let longest = 0;
  let lastGood;
  let firstBad;
  for (const entry of [...entries].sort((a, b) => a.until - b.until)) {
    if (entry.error) {
      firstBad ??= entry.at;
      continue;
    }
    if (firstBad !== undefined) longest = Math.max(longest, entry.until - Math.max(lastGood ?? firstBad, firstBad));
    lastGood = entry.until;
    firstBad = undefined;
  }
  return longest;
}

/** Runs `drill` on `topology` under `load`; resolves to its row of the table. */
export async function run(drill, topology, load, options) {
  const { journal, model } = load;
  model.violations.length = 0;
  const from = Date.now();
  const fault = { start: undefined, end: undefined };
  const context = {
    topology, load, model, fault, options,
    begin: () => (fault.start ??= Date.now()),
    end: () => (fault.end = Date.now()),
    sleep,
  };
  load.release();
  await sleep(WARM);
  try {
    await within(drill.longest ?? LONGEST, drill.run(context));
  } catch (error) {
    model.fault("wrong", `the drill could not go on: ${error.message}`);
  }
  fault.start ??= Date.now();
  fault.end ??= Date.now();
  await settle(journal, fault.end);
  await load.hold();
  await drill.mend?.(context);
  const entries = journal.since(from);
  judgeErrors(drill, entries, fault, model);
  await checkRows(load);
  await checkAnswers(load);
  await checkWord(load);
  journal.entries.length = 0;
  return row(drill, entries, fault, model);
}

/** What `work` resolves to, if it does so in time. */
async function within(ms, work) {
  let late;
  const end = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error(`not done after ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(late);
  }
}

/** Until there was no error for a while, or all patience is over. */
async function settle(journal, end) {
  for (;;) {
    const lastError = journal.entries.findLast(({ error }) => error)?.until ?? 0;
    const now = Date.now();
    if (now - Math.max(lastError, end) > CALM || now - end > RECOVERY + 5_000) return;
    await sleep(100);
  }
}

function judgeErrors(drill, entries, fault, model) {
  const errors = entries.filter(({ error }) => error);
  const outside = errors.filter(({ at, until }) => until < fault.start || at > fault.end + RECOVERY);
  const judged = drill.errors === "none" ? errors : outside;
  const why = drill.errors === "none" ? "where none may be" : "outside the fault's window";
  for (const [error, count] of tally(judged)) model.fault("wrong", `${count} × an error ${why}: ${error}`, count);
  const bad = errors.filter((entry) => entry.bad && !judged.includes(entry));
  for (const [error, count] of tally(bad)) {
    const example = bad.find((entry) => kindOf(entry) === error).bad;
    model.fault("wrong", `${count} × ${error}, as in request ${example}`, count);
  }
  const slow = entries.filter(({ at, until }) => until - at > drill.slowest);
  if (slow.length > 0) {
    const longest = Math.max(...slow.map(({ at, until }) => until - at));
    model.fault("wrong", `${slow.length} answers took longer than ${drill.slowest} ms, the longest ${longest} ms`, slow.length);
  }
  const good = entries.some(({ error, at }) => !error && at > fault.end);
  if (!good) model.fault("wrong", "no good answer after the fault");
}

/** The row of a drill that could not be brought to its end. */
export function broken(drill, error) {
  const none = { requests: 0, errors: 0, kinds: [], outage: 0, recovery: 0, slowest: 0, lost: 0, doubled: 0, late: 0, wrong: 1 };
  return { ...none, name: drill.name, violations: [{ kind: "wrong", what: error.stack, times: 1, at: "" }] };
}

function row(drill, entries, fault, model) {
  const errors = entries.filter(({ error }) => error);
  const count = (kind) => model.violations.filter((each) => each.kind === kind).reduce((sum, { times }) => sum + times, 0);
  const lastError = errors.at(-1)?.until ?? 0;
  return {
    name: drill.name,
    requests: entries.length,
    errors: errors.length,
    kinds: tally(errors),
    outage: longestOutage(entries),
    recovery: Math.max(0, lastError - fault.end),
    slowest: Math.max(0, ...entries.map(({ at, until }) => until - at)),
    lost: count("lost"),
    doubled: count("doubled"),
    late: count("late"),
    wrong: count("wrong"),
    violations: [...model.violations],
  };
}

const kindOf = ({ error, what }) => `${error} (${what})`;

/** How many errors of each kind: [kind, count]. */
function tally(errors) {
  const kinds = new Map();
  for (const entry of errors) {
    const kind = kindOf(entry);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [...kinds].sort((a, b) => b[1] - a[1]);
}
