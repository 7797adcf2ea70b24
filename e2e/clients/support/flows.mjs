// Runs the flows of one client program: each is a function that throws when the flow does not work.
// What came of each goes to the terminal and, for the table of all clients, to E2E_RESULTS.
import { appendFileSync } from "node:fs";

/** Notes what came of one flow. */
export function note(client, flow, milliseconds, fault) {
  const result = { client, flow, ok: fault === undefined, milliseconds, why: fault && why(fault) };
  appendFileSync(process.env.E2E_RESULTS, `${JSON.stringify(result)}\n`);
  const verdict = result.ok ? "ok  " : "FAIL";
  console.log(`  ${verdict}  ${client}: ${flow} (${milliseconds} ms)${result.ok ? "" : `\n${result.why}`}`);
}

/** The fault with what the server said: libraries keep that in one of several places. */
function why(fault) {
  const said = [fault.error, fault.error_description, fault.cause?.message, fault.cause?.error_description];
  return [fault.stack ?? String(fault), ...said.filter(Boolean)].join("\n    ");
}

/** Runs `flows`, an object of functions by name, one after another. */
export async function run(client, flows) {
  for (const [flow, walk] of Object.entries(flows)) {
    const began = Date.now();
    const fault = await walk().then(() => undefined, (error) => error ?? new Error("no reason given"));
    if (fault !== undefined) process.exitCode = 1;
    note(client, flow, Date.now() - began, fault);
  }
}
