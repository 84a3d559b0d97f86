// What mutation testing runs: the tests of the core alone, which need no Worker and no other program. One failure is
// enough to kill a mutant, so the quick files come first, and those that try random cases last.

import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => readFileSync(moduleId, "utf8").includes("fc.assert");
    return files.toSorted((one, other) => Number(isSlow(one)) - Number(isSlow(other)));
  }
}

export default defineConfig({
  test: {
    include: ["test/core/**/*.test.ts"],
    // On a busy machine a slow test must not pass for a killed mutant.
    testTimeout: 120_000,
    setupFiles: ["test/mutation/seed.ts"],
    sequence: { sequencer: QuickFirst },
  },
});
