// What time does to a domain: the Worker in workerd under the probe, whose clock is set by hand. Alarms go by the true
// clock, so a domain is made in the past where its alarm is to ring now.

import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type ProbedWorker, startProbedWorker } from "./probed-worker.ts";

let worker: ProbedWorker;

beforeAll(async () => {
  worker = await startProbedWorker();
});
beforeEach(() => setClock(0));
afterAll(() => worker.stop());

const DAY_MS = 86_400_000;
const EVERYWHERE_MS = 150_000;

const setClock = (shiftMs: number) => worker.setClock(shiftMs);

interface Item {
  readonly number: number;
  readonly state: string;
  readonly expires: string | null;
}

async function call<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  return (await (await worker.call(method, path, body)).json()) as Body;
}

const states = async (domain: string) => {
  const { items } = await call<{ items: Item[] }>("GET", `/v1/domains/${domain}/keys`);
  return items.map(({ number, state }) => `${number} ${state}`);
};
const mint = (address: string) =>
  call<{ reversePath: string; key: number }>("POST", "/v1/addresses", { address });
const statusOf = async (address: string) =>
  (await call<{ status: string }>("POST", "/v1/addresses/validate", { address })).status;
const published = async (domain: string) => {
  const kv = (await worker.bindings())["SNAPSHOTS"] as { get(key: string): Promise<string | null> };
  return JSON.parse((await kv.get(`domain:${domain}`)) ?? "{}") as { keys?: { number: number }[] };
};

test("the alarm rotates a domain whose key has signed for its days, and publishes that", async () => {
  await setClock(-30 * DAY_MS + 2_000);
  await worker.call("PUT", "/v1/domains/monthly.example", {});
  await setClock(0);
  expect(await states("monthly.example")).toEqual(["0 signing"]);
  await vi.waitFor(async () => expect(await states("monthly.example")).toEqual(["0 signing", "1 pending"]), {
    timeout: 20_000,
    interval: 500,
  });
  expect((await published("monthly.example")).keys?.map(({ number }) => number)).toEqual([0, 1]);
  const audit = (await (await worker.call("GET", "/v1/domains/monthly.example/audit")).json()) as object;
  expect(audit).toMatchObject({
    items: [
      { by: { kind: "schedule" }, action: "keys.tended", changes: { keys: [{ number: 1, to: "pending" }] } },
      { by: { kind: "admin" }, action: "domain.created" },
    ],
  });
});

test.each(["ledger", "transaction", "audit"])(
  "a rotation that is due while the %s fails comes in the end, or is not held up at all",
  async (fault) => {
    const domain = `${fault}-down.example`;
    await setClock(-30 * DAY_MS + 2_000);
    await worker.call("PUT", `/v1/domains/${domain}`, {});
    await setClock(0);
    await worker.failObjects(fault);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    // A rotation without its entry in the audit would be a write undone.
    if (fault !== "ledger") await worker.failObjects();
    await vi.waitFor(async () => expect(await states(domain)).toEqual(["0 signing", "1 pending"]), {
      timeout: 20_000,
      interval: 500,
    });
    await worker.failObjects();
  },
  40_000,
);

test("what was audited is forgotten when its days are over, and nothing younger", async () => {
  const path = "/v1/domains/forgotten.example";
  await setClock(-100 * DAY_MS);
  await worker.call("PUT", path, { rotateDays: 0 });
  await setClock(-10 * DAY_MS);
  await worker.call("PATCH", path, { lifetimeDays: 8 });
  await setClock(0);
  const actions = async () => {
    const { items } = (await (await worker.call("GET", `${path}/audit`)).json()) as {
      items: { action: string }[];
    };
    return items.map(({ action }) => action);
  };
  await expect.poll(actions, { timeout: 20_000 }).toEqual(["settings.changed"]);
});

test("a domain that is never to rotate, and one whose key was brought along, keep their keys", async () => {
  await setClock(-90 * DAY_MS);
  await worker.call("PUT", "/v1/domains/never.example", { rotateDays: 0 });
  await worker.call("PUT", "/v1/domains/shared.example", { keys: [{ number: 3, secret: "s".repeat(20) }] });
  await worker.call("PATCH", "/v1/domains/shared.example", { rotateDays: 30 });
  await setClock(0);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await states("never.example")).toEqual(["0 signing"]);
  expect(await states("shared.example")).toEqual(["3 signing"]);
});

test("through a key's life its tags are valid until their day, and then the key is deleted", async () => {
  const domain = "life.example";
  const at = (ms: number) => setClock(ms - 40 * DAY_MS + 2_000);
  await at(0);
  await worker.call("PUT", `/v1/domains/${domain}`, { rotateDays: 0, messageIdLifetimeDays: 9 });
  const first = (await mint(`alice@${domain}`)).reversePath;
  await worker.call("POST", `/v1/domains/${domain}/keys`, {});
  await at(EVERYWHERE_MS - 5_000);
  expect((await mint(`alice@${domain}`)).key).toBe(0);
  await at(EVERYWHERE_MS + 5_000);
  const second = await mint(`alice@${domain}`);
  expect(second.key).toBe(1);
  expect(await statusOf(first)).toBe("valid");
  await at(6 * DAY_MS);
  expect(await statusOf(first)).toBe("valid");
  await at(8 * DAY_MS);
  expect(await statusOf(first)).toBe("expired");
  await at(11 * DAY_MS);
  expect(await statusOf(first)).toBe("unknown-key");
  // The alarm was due in the past, so it rings at once.
  await vi.waitFor(async () => expect(await states(domain)).toEqual(["1 signing"]), {
    timeout: 20_000,
    interval: 500,
  });
  expect(await statusOf(first)).toBe("unknown-key");
});

test("a lifetime cut short kills no living tag", async () => {
  const domain = "cut.example";
  await setClock(-30 * DAY_MS);
  await worker.call("PUT", `/v1/domains/${domain}`, { lifetimeDays: 20 });
  const { reversePath } = await mint(`alice@${domain}`);
  await worker.call("PATCH", `/v1/domains/${domain}`, { lifetimeDays: 1 });
  for (const [days, status] of [
    [2, "valid"],
    [19, "valid"],
    [21, "expired"],
  ] as const) {
    await setClock((days - 30) * DAY_MS);
    expect(await statusOf(reversePath)).toBe(status);
  }
});

test("across day 999 a tag lives its days, and none of the former cycle comes alive", async () => {
  const domain = "wrap.example";
  const wrap = Date.UTC(2027, 6, 1) - Date.now();
  await setClock(wrap - 1000 * DAY_MS);
  await worker.call("PUT", `/v1/domains/${domain}`, { rotateDays: 0 });
  const old = (await mint(`alice@${domain}`)).reversePath;
  for (const day of [-3, -1, 0, 2]) {
    await setClock(wrap + day * DAY_MS + 1_000);
    const { reversePath } = await mint(`alice@${domain}`);
    for (const ahead of [0, 1, 7]) {
      await setClock(wrap + (day + ahead) * DAY_MS + 1_000);
      expect(await statusOf(reversePath)).toBe("valid");
    }
    await setClock(wrap + (day + 8) * DAY_MS + 1_000);
    expect(await statusOf(reversePath)).toBe("expired");
  }
  await setClock(wrap - 900 * DAY_MS);
  expect(await statusOf(old)).toBe("expired");
  await setClock(wrap - 100 * DAY_MS);
  expect(await statusOf(old)).toBe("expired");
});
