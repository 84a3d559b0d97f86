// A last line that any machine can read: how many tests passed, failed and were skipped. Under CI a skipped one fails.

import type { Reporter, TestModule } from "vitest/node";

export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    const skipped = count.skipped + count.pending;
    if (process.env["CI"] && skipped > 0) process.exitCode = 1;
    console.log(`${count.passed} passed, ${count.failed} failed, ${skipped} skipped`);
  }
}
