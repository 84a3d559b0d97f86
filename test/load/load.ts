// The load run: `node test/load/load.ts [--messages N] [--seed S]`. Prints what became of the mail, what was done to the
// Worker meanwhile, and how its memory fared. Exit 1 where anything was wrong.

import { parseArgs } from "node:util";
import { findLeak } from "./bound.ts";
import { type Report, run } from "./run.ts";

/** Messages between two steps of mischief: at least so many, and at most so many steps. */
const STEP_EVERY = 75;
const STEPS_AT_MOST = 250;

const { values } = parseArgs({ options: { messages: { type: "string" }, seed: { type: "string" } } });
const messages = Number(values.messages ?? 100_000);
const seed = Number(values.seed ?? 1);
if (!Number.isSafeInteger(messages) || messages < 1 || !Number.isSafeInteger(seed)) {
  console.error("load: --messages and --seed are whole numbers");
  process.exit(2);
}

let told = 0;
const report = await run({
  messages,
  seed,
  stepEvery: Math.max(STEP_EVERY, Math.ceil(messages / STEPS_AT_MOST)),
  tell(line) {
    if (Date.now() < told + 10_000) return;
    told = Date.now();
    console.error(line);
  },
});
const leak = findLeak(report.growth, messages);
if (leak !== null) report.account.blame(leak);
print(report);
process.exitCode = report.account.wrongs === 0 ? 0 : 1;

function print({ account, mischief, seconds, growth, memory, struck, lines }: Report): void {
  const megabytes = (octets: number) => `${(octets / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `seed ${seed}: ${messages} messages in ${seconds.toFixed(1)} s, ${Math.round(messages / seconds)} a second`,
  );
  console.log(`\n${"kind".padEnd(28)}what became of it`);
  for (const [kind, row] of [...account.kinds].sort())
    console.log(`${kind.padEnd(28)}${listed(Object.fromEntries(row))}`);
  console.log(`\nmischief      ${listed(mischief.done)}`);
  console.log(`failed calls  ${listed(struck)}`);
  console.log(`log           ${listed(lines)}`);
  console.log(
    `handed over   ${account.handedOver}, of these ${account.retries} deferred, ${account.again} once more after the end`,
  );
  console.log(`in doubt      ${account.undetermined} answered while their domain was being changed`);
  console.log(
    `bounces       ${account.bouncesDue} due, ${account.bouncesRecorded} recorded, ${account.unrecorded} that the log says could not be`,
  );
  if (growth === null) console.log("memory        not measured: there is no /proc");
  else {
    const { first, last, perMessage, peak, samples } = growth;
    const tenths = memory.tenths(messages).map((octets) => Math.round(octets / 2 ** 20));
    console.log(
      `memory        warm: first quarter ${megabytes(first)}, last ${megabytes(last)}, ${Math.round(perMessage)} octets a message; peak ${megabytes(peak)}, ${samples} samples`,
    );
    console.log(`              by tenths of the run, MiB: ${tenths.join(" ")}`);
  }
  for (const problem of account.wrong) console.log(`\nWRONG ${problem}`);
  console.log(`\n${account.wrongs === 0 ? "All right." : `${account.wrongs} wrong.`}`);
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
