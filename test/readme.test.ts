// The README's examples of the API, run as they are printed, against `npm run dev` in a checkout where nothing was set up by hand.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PORT = await freePort();

let checkout: string;
let dev: ChildProcess;

beforeAll(async () => {
  checkout = mkdtempSync(join(tmpdir(), "countersign-checkout-"));
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const file of files.trimEnd().split("\n")) cpSync(join(ROOT, file), join(checkout, file));
  symlinkSync(join(ROOT, "node_modules"), join(checkout, "node_modules"));
  // A group of its own: npm, wrangler and workerd end together.
  const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false" };
  dev = spawn("npm", ["run", "dev", "--", "--port", String(PORT)], {
    cwd: checkout,
    env,
    detached: true,
    stdio: "ignore",
  });
  await vi.waitFor(waitForHealth, { timeout: 45_000, interval: 250 });
});
afterAll(() => {
  if (dev.pid !== undefined) process.kill(-dev.pid, "SIGKILL");
  rmSync(checkout, { recursive: true, force: true, maxRetries: 5 });
});

/** The first shell block of a section. */
function shellIn(title: string): string {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const section = readme.slice(readme.indexOf(`## ${title}`));
  return /```sh\n(.*?)```/s.exec(section)?.[1] ?? "";
}

test("the examples do what they say", () => {
  const script = ["The API by example", "The life of a key", "Readiness"].map(shellIn).join("");
  const output = execFileSync("bash", ["-e", "-u"], {
    cwd: checkout,
    encoding: "utf8",
    input: script.replaceAll("127.0.0.1:8787", `127.0.0.1:${PORT}`),
  });
  const answers = output.split("\n").filter((line) => line !== "");
  expect(answers).toEqual([
    expect.stringMatching(/^\{"domain":"example\.com","mode":"observe",.*"effectiveBy":"2.*"\}$/),
    expect.stringMatching(/^\{"action":"forward","to":\["alice@inbox\.example"\],"effectiveBy":"2.*"\}$/),
    expect.stringMatching(
      /^\{"address":"alice@example\.com","reversePath":"prvs=.*","messageId":"<cs1\..*"ref":null\}$/,
    ),
    '{"status":"bad-signature","original":"alice@example.com","scheme":"prvs","key":0,"expires":null,"ref":null}',
    expect.stringMatching(/^\{"domain":"example\.com","mode":"enforce",/),
    "Worker rejected email with the following reason: This address takes bounces only of mail that it sent.",
    expect.stringMatching(/^\{"items":\[\{"number":0,"state":"signing",.*\}\],"cursor":null\}$/),
    expect.stringMatching(/^\{"number":1,"state":"pending",.*"imported":false,"effectiveBy":"2.*"\}$/),
    expect.stringMatching(/^\{"number":7,"state":"validating",.*"notBefore":null,.*"imported":true,/),
    expect.stringMatching(/^\{"number":8,"state":"pending",.*"imported":true,/),
    expect.stringMatching(/^\{"ready":false,"checks":\[\{"id":"signing","status":"fail",.*since.*wait until/),
  ]);
});

async function waitForHealth(): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${PORT}/health`);
  if (!response.ok) throw new Error(`/health answers ${response.status}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
