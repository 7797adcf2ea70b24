// What the requests of a drill say: errors where none may be, recovery, and waits.
import { DEADLINE } from "./load/http.mjs";

/** How long after a fault's end there may still be errors, and until when it has to be well again, in ms. */
export const RECOVERY = 10_000;
/** How long an answer may take while there is no fault, in milliseconds. */
const SLOWEST = DEADLINE / 2;

/**
 * Whether an error belongs to a fault: not before it, not begun more than `recovery` after its end, and
 * not ended after everything had to be well again.
 */
const belongs = ({ at, until }, { start, end }, recovery) =>
  until >= start && at <= end + recovery && until <= end + RECOVERY;

/**
 * Notes in `model` whatever of `entries` (requests: {what, at, until, error, bad}) `drill` does not
 * excuse. `windows`: when the faults were, {start, end} each.
 */
export function judge(drill, entries, windows, model) {
  const errors = entries.filter(({ error }) => error);
  const excused = (entry) => windows.some((window) => belongs(entry, window, drill.recovery ?? RECOVERY));
  const judged = drill.errors === "none" ? errors : errors.filter((entry) => !excused(entry));
  const why = drill.errors === "none" ? "where none may be" : "that no fault excuses";
  for (const [error, count] of tally(judged)) {
    const first = judged.find((entry) => kindOf(entry) === error);
    model.fault("wrong", `${count} × an error ${why}: ${error}${whenOf(first, windows)}`, count);
  }
  const bad = errors.filter((entry) => entry.bad && !judged.includes(entry));
  for (const [error, count] of tally(bad)) {
    const example = bad.find((entry) => kindOf(entry) === error).bad;
    model.fault("wrong", `${count} × ${error}, as in request ${example}`, count);
  }
  judgeWaits(drill, entries, windows, model);
  for (const [at, window] of windows.entries()) judgeRecovery(entries, window, windows[at + 1], model);
}

/** Slow answers: during a fault a drill may allow less than the deadline, without one nobody waits long. */
function judgeWaits(drill, entries, windows, model) {
  const inside = (entry) => windows.some((window) => belongs(entry, window, RECOVERY));
  // An error there is one already.
  const limitOf = (entry) => Math.min(drill.slowest ?? Infinity, entry.error || inside(entry) ? Infinity : SLOWEST);
  const slow = entries.filter((entry) => entry.until - entry.at > limitOf(entry));
  if (slow.length === 0) return;
  const longest = slow.reduce((a, b) => (b.until - b.at > a.until - a.at ? b : a));
  const took = `${longest.until - longest.at} ms where ${limitOf(longest)} may be (${longest.what})`;
  model.fault("wrong", `${slow.length} answers took too long, the longest ${took}${whenOf(longest, windows)}`, slow.length);
}

/** A request that began after the fault has to be answered well while it may still recover. */
function judgeRecovery(entries, { end }, next, model) {
  const by = end + RECOVERY;
  if (next && next.start <= by) return;
  const good = entries.filter(({ error, at }) => !error && at >= end);
  const first = Math.min(...good.map(({ until }) => until));
  if (first <= by) return;
  const when = good.length > 0 ? `${(first - end) / 1000} s after` : "at all after";
  model.fault("wrong", `no good answer within ${RECOVERY / 1000} s of the fault's end: the first came ${when} it`);
}

/** Where in the drill that was, for whoever looks for its cause. */
function whenOf({ at, until }, windows) {
  const before = windows.findLast(({ start }) => start <= at) ?? windows[0];
  const seconds = (ms) => (ms / 1000).toFixed(1);
  return before ? `, from ${seconds(at - before.end)} to ${seconds(until - before.end)} s after a fault's end` : "";
}

/** From the end of a fault to the last error before the next one, of all faults the longest. */
export function recovery(entries, windows) {
  const errors = entries.filter(({ error }) => error);
  const times = windows.map(({ end }, at) => {
    const next = windows[at + 1]?.start ?? Infinity;
    const after = errors.filter(({ until }) => until > end && until < next);
    return Math.max(0, ...after.map(({ until }) => until - end));
  });
  return Math.max(0, ...times);
}

/** The longest time without any good answer, while there were bad ones. */
export function longestOutage(entries) {
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

const kindOf = ({ error, what }) => `${error} (${what})`;

/** How many errors of each kind: [kind, count]. */
export function tally(errors) {
  const kinds = new Map();
  for (const entry of errors) {
    const kind = kindOf(entry);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [...kinds].sort((a, b) => b[1] - a[1]);
}
