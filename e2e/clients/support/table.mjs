// Prints what came of every flow with every client: `table.mjs RESULTS CLIENT…`. A client named
// there that reported nothing is a fault, and so is a flow that flows.json does not have.
import { existsSync, readFileSync } from "node:fs";

const known = JSON.parse(readFileSync(new URL("./flows.json", import.meta.url), "utf8"));
const [file, ...clients] = process.argv.slice(2);
const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
const results = lines.map((line) => JSON.parse(line));

const faults = [];
for (const client of clients) {
  if (!results.some((result) => result.client === client)) faults.push(`${client} reported no flow`);
}
for (const { client, flow, ok } of results) {
  if (!known.includes(flow)) faults.push(`${client} reported "${flow}", which flows.json does not have`);
  if (!ok) faults.push(`${client}: ${flow}`);
}

const cell = (client, flow) => {
  const found = results.filter((result) => result.client === client && result.flow === flow);
  if (found.length === 0) return "–";
  return found.every(({ ok }) => ok) ? "ok" : "FAIL";
};
const rows = known.filter((flow) => results.some((result) => result.flow === flow));
const width = Math.max(...known.map((flow) => flow.length));
const line = (first, cells) =>
  [first.padEnd(width), ...cells.map((text, index) => text.padEnd(clients[index].length))].join("  ").trimEnd();

console.log(`\nclient × flow (– : not in that library)\n\n${line("", clients)}`);
for (const flow of rows) console.log(line(flow, clients.map((client) => cell(client, flow))));
for (const fault of faults) console.log(`FAIL  ${fault}`);
const passed = results.filter(({ ok }) => ok).length;
console.log(`\nflows: ${passed} passed, ${results.length - passed} failed`);
process.exit(faults.length === 0 && passed > 0 ? 0 : 1);
