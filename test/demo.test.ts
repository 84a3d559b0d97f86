// The demo is what we show people, so it is held to its word: run as the README says, and it must exit 0.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("npm run demo shows every outcome, and each is right", () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const output = execFileSync("npm", ["run", "--silent", "demo"], { cwd: root, encoding: "utf8" });
  expect(output.match(/✓ 250/g)).toHaveLength(4);
  expect(output.match(/✓ 555/g)).toHaveLength(3);
  expect(output).not.toContain("✗");
  expect(output).toContain("Every outcome is the right one.");
});
