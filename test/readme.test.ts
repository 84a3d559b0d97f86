// The README's examples of the API, run as they are printed, against `npm run dev` in a checkout where nothing was set up by hand.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Countersign } from "../src/client/countersign.ts";
import { freePort } from "./free-port.ts";
import { exampleIn } from "./readme.ts";

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

test("the examples do what they say", () => {
  const sections = [
    "The API by example",
    "What came back",
    "Webhooks",
    "Counts and rejections",
    "The life of a key",
    "Tokens",
    "Readiness",
  ];
  const script = sections.map((title) => exampleIn(title, "sh")).join("");
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
    expect.stringMatching(/^prvs=0\d{3}[0-9a-f]{6}=alice@example\.com$/),
    expect.stringMatching(
      /^\{"results":\[\{"address":"alice@example\.com",.*"reversePath":"cs1=.*-order-7=bob@example\.com".*\{"address":"nobody","error":\{.*"pointer":"#\/addresses\/2".*\}\]\}$/,
    ),
    expect.stringMatching(
      /^\{"id":"[0-9a-f]{20}","name":"shop","scopes":\["sign"\],.*"token":"cs_[0-9a-z_]+",/,
    ),
    '{"status":"bad-signature","original":"alice@example.com","scheme":"prvs","key":0,"expires":null,"ref":null}',
    expect.stringMatching(/^\{"domain":"example\.com","mode":"enforce",/),
    "Worker rejected email with the following reason: This address takes bounces only of mail that it sent.",
    expect.stringMatching(
      /^\{"items":\[\{"id":"3",.*"action":"settings\.changed","forced":\[".*"mode":\{"from":"observe","to":"enforce"\}.*"cursor":"3"\}$/,
    ),
    "Worker successfully processed email",
    expect.stringMatching(
      /^\{"items":\[\{"id":"[a-z2-7]{16}-[a-z2-7]{8}-1","kind":"failed",.*"ref":"order-1042","recipient":"bob@example\.org",.*"class":"hard",.*"source":"dsn"\}\],"cursor":null\}$/,
    ),
    expect.stringMatching(/^\{"url":"http:\/\/127\.0\.0\.1:9000\/","secret":"whsec_[A-Za-z0-9+/]{43}="\}$/),
    expect.stringMatching(
      /^\{"url":.*"lastSuccess":null,"lastFailure":null,"lastError":null,"pending":0,"disabled":false\}$/,
    ),
    expect.stringMatching(
      /^\{"days":\[\{"day":"\d{4}-\d\d-\d\d","status":\{"missing":\d,.*"valid":1\},"disposition":\{"forwarded":\d,.*\}\]\}$/,
    ),
    expect.stringMatching(
      /^\{"items":\[.*"recipient":"alice@example\.com",.*"status":"missing","disposition":"rejected","from":".*MAILER-DAEMON.*"cursor":null\}$/,
    ),
    expect.stringMatching(/^\{"items":\[\{"number":0,"state":"signing",.*\}\],"cursor":null\}$/),
    expect.stringMatching(/^\{"number":1,"state":"pending",.*"imported":false,"effectiveBy":"2.*"\}$/),
    expect.stringMatching(/^\{"number":7,"state":"validating",.*"notBefore":null,.*"imported":true,/),
    expect.stringMatching(/^\{"number":8,"state":"pending",.*"imported":true,/),
    expect.stringMatching(/^\{"id":.*"name":"newsletter",.*"token":"cs_/),
    expect.stringMatching(
      /^\{"id":.*"name":"our customer","scopes":\["admin"\],"domains":\["example\.net"\],/,
    ),
    expect.stringMatching(
      /^\{"items":\[\{"id":.*"name":"shop".*"name":"newsletter".*"name":"our customer".*"cursor":null\}$/,
    ),
    expect.stringMatching(/^\{"ready":false,"checks":\[\{"id":"signing","status":"fail",.*since.*wait until/),
  ]);
});

test("a domain is moved in from Exim, and out again, as the steps say", () => {
  const [defined = ""] = exampleIn("The API by example", "sh").split("\n\n");
  const steps = ["Moving in from Exim", "Moving out again"].map((title) => exampleIn(title, "sh"));
  const output = execFileSync("bash", ["-e", "-u"], {
    cwd: checkout,
    encoding: "utf8",
    input: [defined, ...steps]
      .join("\n")
      .replaceAll("127.0.0.1:8787", `127.0.0.1:${PORT}`)
      .replaceAll("example.com", "moved.example"),
  });
  expect(output.split("\n").filter((line) => line !== "")).toEqual([
    expect.stringMatching(/^\{"domain":"moved\.example","mode":"enforce",.*"rotateDays":0,/),
    expect.stringMatching(/^\{"action":"forward","to":\["alice@inbox\.example"\],"effectiveBy":"2/),
    expect.stringMatching(/^\{"number":6,"state":"pending",.*"imported":false,/),
    expect.stringMatching(/^\{"domain":"moved\.example",.*"rotateDays":30,/),
    expect.stringMatching(
      /^\{"domain":"moved\.example",.*"scheme":"prvs","placement":"prefix","lifetimeDays":7,/,
    ),
    expect.stringMatching(/^\{"items":\[\{"number":4,"state":"retired",/),
    expect.stringMatching(/^\{"number":7,"state":"pending",.*"imported":true,/),
  ]);
});

test("the client's example does what it says", () => {
  const { ADMIN_TOKEN } = parseEnv(readFileSync(join(checkout, ".dev.vars"), "utf8"));
  const output = execFileSync(process.execPath, ["--input-type=module-typescript", "-"], {
    cwd: checkout,
    encoding: "utf8",
    input: exampleIn("The client", "ts"),
    env: { ...process.env, COUNTERSIGN_URL: `http://127.0.0.1:${PORT}`, COUNTERSIGN_TOKEN: ADMIN_TOKEN },
  });
  expect(output.trimEnd().split("\n")).toEqual([
    expect.stringMatching(
      /^prvs=\S+=alice@example\.com <cs1\.\S+@example\.com> \d{4}-\d\d-\d\dT00:00:00\.000Z$/,
    ),
    expect.stringMatching(/^prvs=\S+=alice@example\.com$/),
    expect.stringMatching(/^cs1=\S+-order-7=bob@example\.com$/),
    "404 urn:countersign:problem:not-found The domain example.net is not configured here.",
  ]);
});

test("the receiver of webhooks is told of a bounce that it can believe, and of no other", async () => {
  const { ADMIN_TOKEN = "" } = parseEnv(readFileSync(join(checkout, ".dev.vars"), "utf8"));
  const port = await freePort();
  const url = `http://127.0.0.1:${PORT}`;
  const { domains, webhook, mint } = clientOf(url, ADMIN_TOKEN);
  await domains.put("hooked.example", { mode: "observe" });
  const { secret } = await webhook.put("hooked.example", `http://127.0.0.1:${port}/`);
  const receiver = spawn(
    process.execPath,
    ["--input-type=module-typescript", "-e", exampleIn("Webhooks", "ts")],
    {
      cwd: checkout,
      env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  receiver.stdout.on("data", (chunk) => {
    output += chunk;
  });
  try {
    const target = `http://127.0.0.1:${port}/`;
    const forged = await vi.waitFor(() => fetch(target, { method: "POST", body: "{}" }), { timeout: 10_000 });
    expect(forged.status).toBe(401);
    const { reversePath } = await mint("shop@hooked.example");
    const raw = readFileSync(join(checkout, "test/messages/postfix-failed.eml"));
    const query = new URLSearchParams({ from: "<>", to: reversePath });
    await fetch(`${url}/cdn-cgi/handler/email?${query}`, { method: "POST", body: raw });
    await vi.waitFor(() => expect(output).toBe("order-1042: no more mail to bob@example.org\n"), {
      timeout: 10_000,
    });
  } finally {
    receiver.kill();
  }
});

/** The client as its file gives it, with `mint` for one order. */
function clientOf(url: string, token: string) {
  const client = new Countersign({ url, token });
  return {
    domains: client.domains,
    webhook: client.webhook,
    mint: (address: string) => client.mint(address, { ref: "order-1042" }),
  };
}

async function waitForHealth(): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${PORT}/health`);
  if (!response.ok) throw new Error(`/health answers ${response.status}`);
}
