// The benchmarks: a table of ratios, each against something measured in the same run, and the same as JSON.
//
//     npm run bench -- [--rounds N] [--json FILE] [--short]
//
// --rounds: counted runs of each contestant, 21 by default. --short: without the ten thousand
// domains and routes, whose making takes minutes.

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { createClient } from "./calls.ts";
import { measureFootprint } from "./footprint.ts";
import { measureAddresses, measureDomains, measureRoutes } from "./growth.ts";
import { measureMail } from "./mail.ts";
import { measureBatches, measureCalls } from "./minting.ts";
import { configure } from "./provision.ts";
import { measureReading } from "./reading.ts";
import { formatTable, type Row } from "./table.ts";
import { startWorkerd } from "./workerd.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "21" },
    json: { type: "string", default: "bench.json" },
    short: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds: a whole number from 1 is expected.");

const workerd = await startWorkerd();
const one = createClient(1);
const many = createClient(16);
const rows: Row[] = [];
try {
  for (const base of [workerd.urls.countersign, workerd.urls.probe]) await configure(base, "example.com");
  const parts: readonly (readonly [string, () => Promise<Row[]>])[] = [
    ["minting many", () => measureBatches(workerd, one, rounds)],
    ["minting one", () => measureCalls(workerd, one, many, rounds)],
    ["mail", () => measureMail(workerd, one, rounds)],
    ["reading bounces", () => measureReading(workerd, one, rounds)],
    ["footprint", () => measureFootprint(rounds)],
    ["growth of a batch", () => measureAddresses(workerd, one, rounds)],
    ...(values.short
      ? []
      : [
          ["growth of routes", () => measureRoutes(workerd, one, rounds)] as const,
          ["growth of domains", () => measureDomains(workerd, one, rounds)] as const,
        ]),
  ];
  for (const [name, measure] of parts) {
    process.stderr.write(`${name} …\n`);
    rows.push(...(await measure()));
  }
} finally {
  one.close();
  many.close();
  await workerd.stop();
}

const machine = {
  processors: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
  node: process.version,
  workerd: workerd.version,
};
console.log(formatTable(rows));
console.log(
  `\n${machine.processors}, Node ${machine.node}, ${machine.workerd}; medians of ${rounds} runs in turn.`,
);
writeFileSync(
  values.json,
  `${JSON.stringify({ measured: new Date().toISOString(), rounds, machine, rows }, null, 2)}\n`,
);
