// The Worker as it is deployed: whole, pages included, it stays under 100 KiB gzipped.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

test("the bundle has less than 100 KiB gzipped", () => {
  const said = execFileSync("npx", ["wrangler", "deploy", "--dry-run"], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const kib = Number(/gzip: ([0-9.]+) KiB/.exec(said)?.[1]);
  expect(kib).toBeGreaterThan(50);
  expect(kib).toBeLessThan(100);
});
