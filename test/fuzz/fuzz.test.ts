// Every parser of outside input, each for a short while: the kept inputs first, then some hundreds that are made. The seed is
// fixed, so that a red run is the fault of whoever changed something, and the same on every machine; new inputs are found by
// `node test/fuzz/fuzz.ts`, which takes another seed each time, and what it finds is kept. FUZZ_SEED sets another here too.

import { afterAll, describe, expect, test } from "vitest";
import { describe as describeFound, search } from "./run.ts";
import { readCorpus } from "./target.ts";
import { TARGETS } from "./targets.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_781);

describe.each(TARGETS)("$name", (target) => {
  const { name, check, runs, stop } = target;
  const corpus = readCorpus(name);
  afterAll(() => stop?.());

  test("has inputs that are kept", () => {
    expect(corpus.size).toBeGreaterThan(0);
  });

  test.each([...corpus])("holds of %s", async (_, input) => {
    await check(input);
  });

  test("holds of inputs that are made", async () => {
    const found = await search(target, { seed: SEED, inputs: runs });
    expect(found === null ? "" : describeFound(target, found)).toBe("");
  });
});
