// The last lines, for people and machines: which suites were skipped and why, and how many tests passed, failed and
// were skipped. Under CI a skipped one fails.

import type { Reporter, TestCase, TestModule } from "vitest/node";

export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (...states: string[]): number =>
      tests.filter((test) => states.includes(test.result().state)).length;
    const skipped = count("skipped", "pending");
    const suites = new Set(tests.filter((test) => test.result().state === "skipped").map(nameSuite));
    for (const suite of suites) console.log(`skipped: ${suite}`);
    if (process.env["CI"] && skipped > 0) process.exitCode = 1;
    console.log(`${count("passed")} passed, ${count("failed")} failed, ${skipped} skipped`);
  }
}

function nameSuite(test: TestCase): string {
  return test.parent.type === "suite" ? test.parent.fullName : test.fullName;
}
