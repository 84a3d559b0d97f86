// What the README says of the relay and the front, run as it is printed, and the variables that it names.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createTransport } from "nodemailer";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";
import { freePort } from "../free-port.ts";
import { explainMissing, findPeer } from "../peers/peer.ts";
import { exampleIn } from "../readme.ts";
import { type Smarthost, startSmarthost } from "./smarthost.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SWAKS = explainMissing({ swaks: findPeer("swaks", "swaks") });

let worker: LocalWorker;
let running: ChildProcess | null = null;
let smarthost: Smarthost | null = null;

beforeAll(async () => {
  worker = await startWorker();
  await worker.client.domains.put("example.com", { mode: "enforce" }, { force: true });
  await worker.client.routes.put("example.com", "alice", { action: "forward", to: ["inbox@example.net"] });
  return () => worker.stop();
});
afterEach(async () => {
  if (running?.pid !== undefined) process.kill(-running.pid, "SIGKILL");
  running = null;
  await smarthost?.close();
  smarthost = null;
});

/** Runs a script by itself, in a group that ends as one; its output so far. */
function run(script: string, env: Readonly<Record<string, string>> = {}): () => string {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn("bash", ["-e", "-u"], { cwd: ROOT, detached: true, env: { PATH, HOME, ...env } });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  child.stdin.end(script);
  running ??= child;
  return () => output;
}

test("the relay's example signs what is sent to it, and signs in to the smarthost", async () => {
  let user = "";
  smarthost = await startSmarthost({
    disabledCommands: ["STARTTLS"],
    onAuth: ({ username = "", password }, _session, done) => {
      user = username;
      return password === "secret" ? done(null, { user }) : done(new Error("5.7.8 No"));
    },
  });
  const { token } = await worker.client.tokens.create({ name: "relay", scopes: ["sign"], domains: ["*"] });
  const script = exampleIn("The relay", "sh")
    .replace("https://countersign.example.com", await worker.url())
    .replace("cs_…", token)
    .replace("smtp.example.net:587", `127.0.0.1:${smarthost.port}`)
    .replace("SMARTHOST_PASSWORD=…", "SMARTHOST_PASSWORD=secret");
  const port = await freePort();
  const output = run(script, { RELAY_PORT: String(port) });
  await vi.waitFor(() => expect(output()).toContain(`The relay listens on 127.0.0.1:${port}`), {
    timeout: 10_000,
  });
  const mail = { from: "alice@example.com", to: "bob@example.org", text: "It is on its way." };
  await createTransport({ host: "127.0.0.1", port }).sendMail(mail);
  expect(user).toBe("shop");
  expect(smarthost.taken).toMatchObject([
    { reversePath: expect.stringMatching(/^prvs=.*=alice@example\.com$/) },
  ]);
  expect(output()).not.toMatch(/secret|prvs=\d/);
});

test.skipIf(SWAKS !== "")(`the front's example is told what it says${SWAKS}`, async () => {
  const port = await freePort();
  const front = run("npm run smtp", { SMTP_PORT: String(port), WORKER_URL: await worker.url() });
  await vi.waitFor(() => expect(front()).toContain(`SMTP on 127.0.0.1:${port}`), { timeout: 10_000 });
  const script = exampleIn("The front", "sh");
  const output = run(script.replace("2525", String(port)));
  const [, told] = /^# (.*)$/m.exec(script) ?? [];
  await vi.waitFor(() => expect(output()).toContain(told), { timeout: 10_000 });
});

test.each([
  ["The relay", "run-relay"],
  ["The front", "run-front"],
])("%s has in its table the variables that the program reads, and no others", (title, program) => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const [, section = ""] = readme.split(`\n### ${title}\n`);
  const rows = (section.split(/\n### /)[0] ?? "").match(/^\| `[A-Z].*?\|/gm) ?? [];
  const named = rows.flatMap((row) => row.match(/[A-Z]+(?:_[A-Z]+)*/g) ?? []);
  const source = readFileSync(new URL(`../../src/smtp/${program}.ts`, import.meta.url), "utf8");
  const read = source.match(/"[A-Z]+(?:_[A-Z]+)+"|"SMARTHOST"/g) ?? [];
  const apart = ["RELAY_TLS"];
  expect(new Set([...named, ...(title === "The relay" ? apart : [])])).toEqual(
    new Set(read.map((name) => name.slice(1, -1))),
  );
});
