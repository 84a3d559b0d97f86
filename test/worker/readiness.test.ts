// From observing to enforcing: what the domain's object remembers of its mail, and what it says of that. The Worker in
// workerd under the probe, whose clock is set by hand.

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type ProbedWorker, startProbedWorker } from "./probed-worker.ts";

let worker: ProbedWorker;

beforeAll(async () => {
  worker = await startProbedWorker();
});
beforeEach(() => setClock(0));
afterAll(() => worker.stop());

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** What is told behind a response is there a moment later. */
const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 50 });

const setClock = (shiftMs: number) => worker.setClock(shiftMs);

interface Check {
  readonly id: string;
  readonly status: string;
  readonly detail: string;
}

const forward = { action: "forward", to: ["inbox@inbox.example"] };
const mint = async (address: string) => {
  const response = await worker.call("POST", "/v1/addresses", { address });
  return ((await response.json()) as { reversePath: string }).reversePath;
};
const receive = (message: object) => worker.receive(message);
const readiness = async (domain: string) => {
  const response = await worker.call("GET", `/v1/domains/${domain}/readiness`);
  const { ready, checks } = (await response.json()) as { ready: boolean; checks: Check[] };
  return { ready, checks, ...Object.fromEntries(checks.map((check) => [check.id, check.status])) };
};
const detailOf = async (domain: string, id: string) =>
  (await readiness(domain)).checks.find((check) => check.id === id)?.detail;

/** A domain made some days ago, with a route for each name. */
async function provision(domain: string, names: readonly string[], settings: object = {}): Promise<void> {
  await worker.call("PUT", `/v1/domains/${domain}`, settings);
  const routes = Object.fromEntries(["postmaster", "abuse", ...names].map((name) => [name, forward]));
  await worker.call("PUT", `/v1/domains/${domain}/routes`, { routes });
}

test("a new domain is not ready, and each check says what to do", async () => {
  await worker.call("PUT", "/v1/domains/new.example", {});
  const { ready, checks } = await readiness("new.example");
  expect(ready).toBe(false);
  expect(checks.map(({ id, status }) => `${id} ${status}`)).toEqual([
    "signing fail",
    "observing fail",
    "unsigned-senders pass",
    "routes warn",
    "postmaster warn",
    "keys pass",
    "weak-secret pass",
  ]);
  for (const { detail } of checks) expect(detail).toMatch(/^[A-Z].*\.$/);
  expect((await worker.call("GET", "/v1/domains/absent.example/readiness")).status).toBe(404);
});

describe("a domain that mints for each day of a lifetime while it observes", () => {
  const domain = "steady.example";

  test("is not ready a minute before the lifetime is over, and is when it is", async () => {
    await setClock(-20 * DAY_MS);
    await provision(domain, ["alice"]);
    for (let day = 0; day <= 7; day++) {
      await setClock((day - 20) * DAY_MS + 1_000);
      await mint(`alice@${domain}`);
    }
    await setClock(-13 * DAY_MS - 60_000);
    expect(await readiness(domain)).toMatchObject({ ready: false, signing: "fail" });
    expect((await worker.call("PATCH", `/v1/domains/${domain}`, { mode: "enforce" })).status).toBe(409);
    await setClock(-13 * DAY_MS + 60_000);
    expect(await readiness(domain)).toMatchObject({ ready: true, signing: "pass", observing: "pass" });
    expect((await worker.call("PATCH", `/v1/domains/${domain}`, { mode: "enforce" })).status).toBe(200);
  });

  test("is not asked again while it enforces, and says so when signing has paused for longer than that", async () => {
    await setClock(-5 * DAY_MS);
    expect(await readiness(domain)).toMatchObject({ ready: false, signing: "fail", observing: "pass" });
    expect(await detailOf(domain, "signing")).toContain("Nothing has been signed since");
    expect((await worker.call("PATCH", `/v1/domains/${domain}`, { exempt: ["dmarc"] })).status).toBe(200);
    await mint(`alice@${domain}`);
    expect(await detailOf(domain, "signing")).toContain("wait until");
  });
});

test("to enforce too early is a conflict that says what is missing, and changes nothing; force overrides", async () => {
  const path = "/v1/domains/early.example";
  await provision("early.example", ["alice"]);
  await mint("alice@early.example");
  for (const method of ["PUT", "PATCH"]) {
    const response = await worker.call(method, path, { mode: "enforce", lifetimeDays: 9 });
    expect(response.status).toBe(409);
    const body = (await response.json()) as { type: string; detail: string };
    expect(body.type).toBe("urn:countersign:problem:not-ready");
    expect(body.detail).toMatch(/Mail has been signed since .* The domain has observed since /);
  }
  expect(await (await worker.call("GET", path)).json()).toMatchObject({ mode: "observe", lifetimeDays: 7 });
  expect((await worker.call("PATCH", `${path}?force=true`, { mode: "enforce" })).status).toBe(200);
});

test("readiness is asked of the settings that the change would leave", async () => {
  const path = "/v1/domains/longer.example";
  await setClock(-3 * DAY_MS);
  await provision("longer.example", ["alice"], { lifetimeDays: 1 });
  for (const day of [3, 2.1, 1.5]) {
    await setClock(-day * DAY_MS);
    await mint("alice@longer.example");
  }
  await setClock(-1.4 * DAY_MS);
  expect(await readiness("longer.example")).toMatchObject({ ready: true });
  const longer = await worker.call("PATCH", path, { lifetimeDays: 30, rotateDays: 0, mode: "enforce" });
  expect(longer.status).toBe(409);
  expect((await worker.call("PATCH", path, { mode: "enforce" })).status).toBe(200);
});

test("a valid tag that comes back shows signing too, as an Exim's with a shared key does", async () => {
  const keys = [{ number: 3, secret: "s".repeat(20) }];
  await provision("exim.example", ["alice"], { keys });
  // Another domain object with the same key signs for it, as Exim would: nothing is minted here.
  await worker.call("PUT", "/v1/domains/exim.example", {});
  expect(await readiness("exim.example")).toMatchObject({ signing: "fail" });
  const today = Math.floor(Date.now() / DAY_MS);
  const ddd = String((today + 7) % 1000).padStart(3, "0");
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode("s".repeat(20)),
    { name: "HMAC", hash: "SHA-1" },
    false,
    ["sign"],
  );
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`3${ddd}alice@exim.example`));
  const hex = Buffer.from(mac).toString("hex").slice(0, 6);
  await receive({ from: "", to: `prvs=3${ddd}${hex}=alice@exim.example` });
  await eventually(async () =>
    expect(await detailOf("exim.example", "signing")).toContain("Mail has been signed since"),
  );
});

test("originals that draw bounces and were never signed for are named, and no others", async () => {
  const domain = "senders.example";
  await provision(domain, ["alice", "bob", "carol"]);
  const signed = await mint(`alice@${domain}`);
  // No reverse-path is minted for bob by this, and no Message-ID either.
  const unanswerable = { address: `alice@${domain}`, from: `bob@${domain}`, messageId: false };
  expect((await worker.call("POST", "/v1/addresses", unanswerable)).status).toBe(200);
  await receive({ from: "", to: `bob@${domain}` });
  await receive({ from: "", to: `alice@${domain}` });
  await receive({ from: "", to: `nobody@${domain}` });
  await receive({ from: "", to: signed });
  await receive({ from: "x@example.net", to: `carol@${domain}` });
  await eventually(async () => expect(await readiness(domain)).toMatchObject({ "unsigned-senders": "warn" }));
  expect(await detailOf(domain, "unsigned-senders")).toMatch(/ minted for them: bob\. /);
});

test("minting costs the domain's object at most one write an hour", async () => {
  const domain = "hourly.example";
  await setClock(-10 * HOUR_MS);
  await provision(domain, ["alice"]);
  const senders = async () => (await worker.query(domain, "SELECT local_part FROM senders")).length;
  await mint(`alice@${domain}`);
  await eventually(async () => expect(await senders()).toBe(1));
  for (let n = 0; n < 20; n++) await mint(`robot-${n}@${domain}`);
  await setClock(-9 * HOUR_MS - 60_000);
  await mint(`late@${domain}`);
  expect(await senders()).toBe(1);
  await setClock(-9 * HOUR_MS + 60_000);
  await mint(`later@${domain}`);
  await eventually(async () => expect(await senders()).toBe(23));
});

describe("what is consumed", () => {
  const raw = {
    from: "",
    headers: { "message-id": "<1@example.net>", date: "Tue, 24 Nov 2026 12:00:00 +0000" },
  };
  const records = async (domain: string) => worker.query(domain, "SELECT entry FROM messages");

  test("is recorded once, however often the platform hands it over", async () => {
    const domain = "consumed.example";
    await worker.call("PUT", `/v1/domains/${domain}`, {});
    const to = await mint(`robot@${domain}`);
    for (let n = 0; n < 3; n++) await receive({ ...raw, to });
    await receive({ ...raw, to, headers: { ...raw.headers, "message-id": "<2@example.net>" } });
    const kept = (await records(domain)).map(
      (row) => JSON.parse(String(row["entry"])) as Record<string, unknown>,
    );
    expect(kept).toHaveLength(2);
    expect(kept[0]).toMatchObject({
      disposition: "consumed",
      original: `robot@${domain}`,
      status: "valid",
      evidence: "tag",
    });
  });

  test("is deferred where the record can't be kept", async () => {
    const domain = "unkept.example";
    await provision(domain, []);
    await worker.call("PUT", `/v1/domains/${domain}/routes/robot`, { action: "consume" });
    const to = await mint(`robot@${domain}`);
    const outcome = await (await receive({ ...raw, to, faults: ["domain-object"] })).json();
    expect(outcome).toMatchObject({ rejected: null, forwarded: [], thrown: expect.any(String) });
    expect(await records(domain)).toEqual([]);
  });

  test("is recorded in a domain that an earlier version made, without tables for it", async () => {
    const domain = "earlier.example";
    await worker.call("PUT", `/v1/domains/${domain}`, {});
    const to = await mint(`robot@${domain}`);
    await eventually(async () => expect(await readiness(domain)).toMatchObject({ signing: "fail" }));
    await worker.query(domain, "DROP TABLE messages");
    await worker.query(domain, "DROP TABLE senders");
    await worker.evict(domain);
    await receive({ ...raw, to });
    expect(await records(domain)).toHaveLength(1);
  });

  test("is forgotten with the domain", async () => {
    const domain = "forgotten.example";
    await worker.call("PUT", `/v1/domains/${domain}`, {});
    await receive({ ...raw, to: await mint(`robot@${domain}`) });
    expect(await records(domain)).toHaveLength(1);
    await worker.call("DELETE", `/v1/domains/${domain}`);
    await worker.call("PUT", `/v1/domains/${domain}`, {});
    expect(await records(domain)).toEqual([]);
    expect(await readiness(domain)).toMatchObject({ signing: "fail" });
  });
});

test("a destination that fails does not stop a sighting, nor a sighting that fails the message", async () => {
  await provision("told.example", ["alice"]);
  const to = await mint("alice@told.example");
  const outcome = await (await receive({ from: "", to, faults: ["domain-object"] })).json();
  expect(outcome).toMatchObject({ forwarded: ["inbox@inbox.example"], thrown: null });
});
