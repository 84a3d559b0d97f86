import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/closing-line.ts";

const standIn = (file: string) => fileURLToPath(new URL(`src/returned/${file}`, import.meta.url));

export default defineConfig({
  // As wrangler.toml has it.
  resolve: {
    alias: {
      "./text-format.js": standIn("postal-text.ts"),
      "./address-parser.js": standIn("postal-addresses.ts"),
      "./base64-encoder.js": standIn("postal-base64.ts"),
    },
  },
  test: {
    server: { deps: { inline: ["postal-mime"] } },
    include: ["test/**/*.test.ts"],
    // Most of them wait for alarms and for other programs.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default", new ClosingLine()],
  },
});
