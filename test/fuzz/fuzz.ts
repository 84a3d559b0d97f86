// `node test/fuzz/fuzz.ts [--minutes 10] [--target name]`: searches each target in turn with seeds of chance until the time is
// up, says how many inputs that were and what did not hold, and exits with 1 where anything did not. With --seed and --path, as a
// failure prints them, it shows that one again.

import { randomInt } from "node:crypto";
import { registerHooks } from "node:module";
import { parseArgs } from "node:util";
import type { Json, Target } from "./target.ts";
import { startWatchdog } from "./watchdog.ts";

/** The same stand-ins that the Worker's build puts in postal-mime (wrangler.toml). */
const STAND_INS: Readonly<Record<string, string>> = {
  "./text-format.js": "postal-text.ts",
  "./address-parser.js": "postal-addresses.ts",
  "./base64-encoder.js": "postal-base64.ts",
};

registerHooks({
  resolve(specifier, context, next) {
    const file = context.parentURL?.includes("/node_modules/postal-mime/") ? STAND_INS[specifier] : undefined;
    return file === undefined
      ? next(specifier, context)
      : { url: new URL(`../../src/returned/${file}`, import.meta.url).href, shortCircuit: true };
  },
});

// What they import has to meet the hooks.
const { TARGETS: SHORT } = await import("./targets.ts");
const { worker } = await import("./targets/worker.ts");
const { describe, search } = await import("./run.ts");

const TARGETS = [...SHORT, worker];

/** Inputs of one seed, where the suite has no number of its own. */
const INPUTS_AT_ONCE = 100;

const { values: given } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    target: { type: "string" },
    seed: { type: "string" },
    path: { type: "string" },
  },
});
const minutes = Number(given.minutes);
const targets = TARGETS.filter(({ name }) => given.target === undefined || name === given.target);
if (targets.length === 0 || !(minutes > 0)) {
  console.error(`Usage: fuzz.ts [--minutes N] [--target ${TARGETS.map(({ name }) => name).join("|")}]`);
  process.exit(2);
}

const watchdog = startWatchdog();
let failures = 0;

/** What has been checked in so many milliseconds. */
async function searchFor(target: Target, ms: number): Promise<number> {
  const until = performance.now() + ms;
  let inputs = 0;
  const note = (input: Json) => {
    inputs++;
    watchdog.note(JSON.stringify(input));
  };
  do {
    const seed = Number(given.seed ?? randomInt(2 ** 31));
    const path = given.path === undefined ? {} : { path: given.path };
    const found = await search(target, { seed, inputs: target.runs || INPUTS_AT_ONCE, ...path }, note);
    watchdog.rest();
    if (found === null) continue;
    failures++;
    console.log(describe(target, found));
    // The next seeds would find the same.
    break;
  } while (performance.now() < until && given.seed === undefined);
  await target.stop?.();
  return inputs;
}

const started = performance.now();
for (const [at, target] of targets.entries()) {
  const left = started + minutes * 60_000 - performance.now();
  const begun = performance.now();
  const inputs = await searchFor(target, Math.max(0, left) / (targets.length - at));
  console.log(`${target.name}: ${inputs} inputs in ${Math.round((performance.now() - begun) / 1000)} s`);
}
process.exit(failures > 0 ? 1 : 0);
