// What is an error, a wait or a recovery that no fault excuses, in made-up requests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, longestOutage, recovery } from "./judge.mjs";
import { Model } from "./load/model.mjs";

const S = 1_000;
/** A fault from 100 s to 110 s. */
const FAULT = [{ start: 100 * S, end: 110 * S }];

/** A request from one second to another. */
const good = (from, to) => ({ what: "refresh", at: from * S, until: to * S });
const bad = (from, to, more) => ({ ...good(from, to), error: "503", ...more });
/** Fine before and after the fault. */
const FINE = [good(90, 90.1), good(110.5, 110.6)];

/** What is said of these requests. */
function said(entries, { windows = FAULT, ...drill } = {}) {
  const model = new Model(0);
  judge({ errors: "window", ...drill }, entries, windows, model);
  return model.violations.map(({ what }) => what);
}

const one = (found, pattern) => {
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0], pattern);
};

test("errors in a fault and while it is got over are excused", () => {
  assert.deepEqual(said([...FINE, bad(99, 101), bad(105, 112), bad(118, 119.9)]), []);
});

test("no error is, where none may be", () => {
  one(said([...FINE, bad(105, 106)], { errors: "none" }), /^1 × an error where none may be: 503 \(refresh\)/);
});

test("an error before the fault, and one that ends too long after it", () => {
  one(said([...FINE, bad(98, 99)]), /that no fault excuses/);
  one(said([...FINE, bad(119.9, 129.9)]), /from 9.9 to 19.9 s after/);
  one(said([...FINE, bad(105, 120.1)]), /that no fault excuses/);
});

test("the first good answer has to come within ten seconds", () => {
  const before = [good(90, 90.1), good(99, 112)];
  one(said([...before, good(119.8, 120.2)]), /the first came 10.2 s after it/);
  one(said([...before, good(114, 124)].slice(0, 2)), /no good answer within 10 s .* at all after/);
  assert.deepEqual(said([...before, good(119, 119.5)]), []);
});

test("slow answers long after the fault, though none is an error", () => {
  one(said([...FINE, good(112, 121.9)]), /1 answers took too long, the longest 9900 ms where 7500 may be/);
  assert.deepEqual(said([...FINE, good(101, 110.9)]), []);
  one(said([...FINE, good(80, 88)]), /took too long/);
});

test("a drill that allows less says so of the fault too", () => {
  one(said([...FINE, good(101, 109)], { slowest: 7_000 }), /8000 ms where 7000 may be/);
});

test("an error between two kills, when the first is over", () => {
  const windows = [{ start: 100 * S, end: 101 * S }, { start: 107 * S, end: 108 * S }];
  const entries = [good(90, 91), good(101, 101.1), bad(106, 106.1), good(108, 108.1)];
  one(said(entries, { windows, recovery: 0 }), /from 5.0 to 5.1 s after/);
  assert.deepEqual(said(entries, { windows }), []);
  // Begun in the fault, it may end a little later.
  assert.deepEqual(said([good(101, 101.1), bad(100.9, 101.5), good(108, 108.1)], { windows, recovery: 0 }), []);
});

test("each fault is got over, unless the next one is there before", () => {
  const windows = [{ start: 100 * S, end: 101 * S }, { start: 130 * S, end: 131 * S }];
  one(said([bad(100, 100.5), bad(101, 101.2), good(131, 131.1)], { windows }), /at all|the first came 30/);
  const near = [{ start: 100 * S, end: 101 * S }, { start: 102 * S, end: 103 * S }];
  assert.deepEqual(said([good(103, 103.1)], { windows: near }), []);
});

test("what nothing excuses is told with its request", () => {
  one(said([...FINE, bad(105, 106, { error: "500", bad: "q7" })]), /^1 × 500 \(refresh\), as in request q7/);
});

test("recovery and outage", () => {
  const windows = [{ start: 100 * S, end: 101 * S }, { start: 110 * S, end: 111 * S }];
  const entries = [good(99, 100), bad(100, 100.5), bad(101, 104), good(104, 105), bad(110, 110.2), bad(111, 112), good(112, 113)];
  assert.equal(recovery(entries, windows), 3 * S);
  assert.equal(longestOutage(entries), 5 * S);
  assert.equal(recovery([], windows), 0);
});
