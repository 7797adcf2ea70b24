// The table of what came of each fault.
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

const COLUMNS = [
  ["fault", (row) => row.name],
  ["requests", (row) => row.requests],
  ["errors", (row) => row.errors],
  ["longest outage", (row) => seconds(row.outage)],
  ["recovery", (row) => seconds(row.recovery)],
  ["slowest", (row) => seconds(row.slowest)],
  ["lost", (row) => row.lost],
  ["doubled", (row) => row.doubled],
  ["late", (row) => row.late],
  ["wrong", (row) => row.wrong],
];

/** Prints the table; gives the number of drills that failed. */
export function print(rows) {
  const cells = rows.map((row) => COLUMNS.map(([, cell]) => String(cell(row))));
  const heads = COLUMNS.map(([head]) => head);
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((line) => line[at].length)));
  const line = (texts) => `| ${texts.map((text, at) => (at ? text.padStart(widths[at]) : text.padEnd(widths[at]))).join(" | ")} |`;
  console.log(`\n${line(heads)}\n|${widths.map((width, at) => "-".repeat(width + 1) + (at ? ":" : "-")).join("|")}|`);
  for (const each of cells) console.log(line(each));
  console.log();
  for (const { name, kinds } of rows) {
    const told = kinds.slice(0, 8).map(([kind, count]) => `${count} × ${kind}`);
    if (told.length > 0) console.log(`${name}: ${told.join(", ")}${kinds.length > 8 ? ", …" : ""}`);
  }
  const failed = rows.filter(({ violations }) => violations.length > 0).length;
  console.log(`\nchaos: ${rows.length - failed} passed, ${failed} failed`);
  return failed;
}
