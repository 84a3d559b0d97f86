// Webhooks from the built Worker, in workerd with its real Durable Object and its alarms, to a real receiver that checks
// them with Standard Webhooks' own library, and fails as receivers do.

import { Webhook as Verifier } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readMessage } from "../../src/local/messages.ts";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";
import { startDescribedWorker } from "../api/described.ts";
import { type Receiver, startReceiver } from "../receiver.ts";

let worker: LocalWorker;
let receiver: Receiver;

beforeAll(async () => {
  worker = await startDescribedWorker({ vars: { WEBHOOK_ALLOW_LOCAL: "true" } });
});
afterAll(() => worker.stop());
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.stop());

const SOON_MS = 10_000;

interface Health {
  readonly url: string;
  readonly lastSuccess: string | null;
  readonly lastFailure: string | null;
  readonly lastError: string | null;
  readonly pending: number;
  readonly disabled: boolean;
}

/** A domain whose webhook is the receiver; its secret. */
async function provision(domain: string): Promise<string> {
  expect((await worker.call("PUT", `/v1/domains/${domain}`, {})).status).toBe(201);
  return setWebhook(domain, 201);
}

async function setWebhook(domain: string, status: number): Promise<string> {
  const response = await worker.call("PUT", `/v1/domains/${domain}/webhook`, { url: receiver.url });
  expect(response.status).toBe(status);
  const { url, secret } = (await response.json()) as { url: string; secret: string };
  expect(url).toBe(receiver.url);
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  return secret;
}

/** Has a genuine bounce come back. Its id. */
async function bounce(domain: string, ref: string): Promise<string> {
  const response = await worker.call("POST", "/v1/addresses", { address: `shop@${domain}`, ref });
  const minted = (await response.json()) as { reversePath: string; messageId: string };
  const raw = readMessage("exim-failed", minted);
  await worker.deliver({ from: "<>", to: minted.reversePath }, raw);
  const list = async () => {
    const response = await worker.call("GET", `/v1/domains/${domain}/bounces`);
    const { items } = (await response.json()) as { items: { id: string; ref: string }[] };
    return items.find((item) => item.ref === ref)?.id;
  };
  return vi.waitFor(async () => {
    const id = await list();
    if (id === undefined) throw new Error("It is not recorded yet.");
    return id;
  });
}

async function health(domain: string): Promise<Health> {
  return (await (await worker.call("GET", `/v1/domains/${domain}/webhook`)).json()) as Health;
}
const becomes = (domain: string, expected: Partial<Health>) =>
  vi.waitFor(async () => expect(await health(domain)).toMatchObject(expected), {
    timeout: 20_000,
    interval: 200,
  });

const redeliver = (domain: string, id: string) =>
  worker.call("POST", `/v1/domains/${domain}/webhook/redeliver`, { id });

describe("a webhook", () => {
  test("is told of what came back, signed, with the bounce as the API has it", async () => {
    const secret = await provision("told.example");
    expect(await health("told.example")).toEqual({
      url: receiver.url,
      lastSuccess: null,
      lastFailure: null,
      lastError: null,
      pending: 0,
      disabled: false,
    });
    const id = await bounce("told.example", "order-1");
    await receiver.waitFor(1, SOON_MS);
    const [request] = receiver.received;
    const verified = new Verifier(secret).verify(
      request?.body ?? "",
      request?.headers as Record<string, string>,
    );
    const { items } = (await (await worker.call("GET", "/v1/domains/told.example/bounces")).json()) as {
      items: { receivedAt: string }[];
    };
    expect(verified).toEqual({ type: "bounce.failed", timestamp: items[0]?.receivedAt, data: items[0] });
    expect(request?.headers).toMatchObject({ "webhook-id": id, "content-type": "application/json" });
    await becomes("told.example", { lastSuccess: expect.any(String), pending: 0 });
  });

  test("that is set anew has another secret, and the former signs nothing more", async () => {
    const former = await provision("anew.example");
    const secret = await setWebhook("anew.example", 200);
    await bounce("anew.example", "order-1");
    await receiver.waitFor(1, SOON_MS);
    const [request] = receiver.received;
    const headers = request?.headers as Record<string, string>;
    expect(() => new Verifier(former).verify(request?.body ?? "", headers)).toThrow();
    expect(new Verifier(secret).verify(request?.body ?? "", headers)).toMatchObject({
      type: "bounce.failed",
    });
  });

  test("that is removed is told nothing more, and takes along what was pending", async () => {
    receiver.answer(500);
    await provision("removed.example");
    await bounce("removed.example", "order-1");
    await receiver.waitFor(1, SOON_MS);
    expect((await worker.call("DELETE", "/v1/domains/removed.example/webhook")).status).toBe(204);
    expect((await worker.call("DELETE", "/v1/domains/removed.example/webhook")).status).toBe(404);
    expect((await worker.call("GET", "/v1/domains/removed.example/webhook")).status).toBe(404);
    receiver.answer(200);
    await setWebhook("removed.example", 201);
    await bounce("removed.example", "order-2");
    await receiver.waitFor(2, SOON_MS);
    expect(receiver.received.map(({ body }) => /order-[0-9]/.exec(body)?.[0])).toEqual([
      "order-1",
      "order-2",
    ]);
  });

  test("goes with its domain", async () => {
    await provision("gone.example");
    await worker.call("DELETE", "/v1/domains/gone.example");
    await worker.call("PUT", "/v1/domains/gone.example", {});
    expect((await worker.call("GET", "/v1/domains/gone.example/webhook")).status).toBe(404);
  });

  test("stands in the audit by its origin, since what follows that may be a secret", async () => {
    await provision("audited.example");
    await worker.call("DELETE", "/v1/domains/audited.example/webhook");
    const { items } = (await (await worker.call("GET", "/v1/domains/audited.example/audit")).json()) as {
      items: { action: string; changes: { webhook: unknown } }[];
    };
    const { origin } = new URL(receiver.url);
    expect(items.slice(0, 2).map(({ action, changes }) => [action, changes.webhook])).toEqual([
      ["webhook.removed", { from: origin, to: null }],
      ["webhook.set", { from: null, to: origin }],
    ]);
  });

  test.each([
    ["http://example.com/"],
    ["https://192.0.2.1/"],
    ["https://0x7f.1/"],
    ["https://[::1]/"],
    ["https://localhost/"],
    ["https://user:pass@example.com/"],
    ["ftp://example.com/"],
    ["example.com"],
    [""],
    [7],
  ])("at %j is refused, and changes nothing", async (url) => {
    await worker.call("PUT", "/v1/domains/refusing.example", {});
    const response = await worker.call("PUT", "/v1/domains/refusing.example/webhook", { url });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "#/url" }] });
    expect((await worker.call("GET", "/v1/domains/refusing.example/webhook")).status).toBe(404);
  });

  test("is the operator's: a token needs the scope admin", async () => {
    await provision("scoped.example");
    const body = { name: "reader", scopes: ["read"], domains: ["*"] };
    const { token } = (await (await worker.call("POST", "/v1/tokens", body)).json()) as { token: string };
    for (const [method, path, sent] of [
      ["GET", "webhook", undefined],
      ["PUT", "webhook", { url: receiver.url }],
      ["DELETE", "webhook", undefined],
      ["POST", "webhook/redeliver", { id: "x" }],
    ] as const) {
      const headers = { authorization: `Bearer ${token}` };
      const response = await worker.call(method, `/v1/domains/scoped.example/${path}`, sent, headers);
      expect(response.status).toBe(403);
    }
    expect(
      (await worker.call("PUT", "/v1/domains/absent.example/webhook", { url: receiver.url })).status,
    ).toBe(404);
  });
});

describe("a receiver", () => {
  test("that fails is tried again after five seconds, under the same id, and that is seen", async () => {
    receiver.answer(503);
    const secret = await provision("failing.example");
    const id = await bounce("failing.example", "order-1");
    await receiver.waitFor(1, SOON_MS);
    await becomes("failing.example", {
      pending: 1,
      lastError: "answered 503",
      lastFailure: expect.any(String),
    });
    receiver.answer(204);
    await receiver.waitFor(2, 15_000);
    const [first, second] = receiver.received;
    expect([first?.headers["webhook-id"], second?.headers["webhook-id"]]).toEqual([id, id]);
    expect(second?.body).toBe(first?.body);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(4_900);
    new Verifier(secret).verify(second?.body ?? "", second?.headers as Record<string, string>);
    await becomes("failing.example", { pending: 0, lastSuccess: expect.any(String) });
  });

  test("that redirects is not followed", async () => {
    receiver.answer("redirect");
    await provision("redirecting.example");
    await bounce("redirecting.example", "order-1");
    await becomes("redirecting.example", { pending: 1, lastFailure: expect.any(String) });
    expect(receiver.followed).toEqual([]);
  });

  test("that hangs holds up no write of its domain, and no other domain", async () => {
    receiver.answer(({ body }) => (body.includes("hangs.example") ? "hang" : 200));
    await provision("hangs.example");
    await provision("other.example");
    for (let at = 0; at < 3; at += 1) await bounce("hangs.example", `order-${at}`);
    await receiver.waitFor(1, SOON_MS);
    const since = Date.now();
    await bounce("other.example", "order-9");
    // Two writes within a second: KV takes the second from the alarm.
    await worker.call("PATCH", "/v1/domains/hangs.example", { lifetimeDays: 9 });
    await worker.call("PATCH", "/v1/domains/hangs.example", { lifetimeDays: 10 });
    const kv = (await worker.bindings())["SNAPSHOTS"] as { get(key: string): Promise<string | null> };
    await vi.waitFor(
      async () => expect(await kv.get("domain:hangs.example")).toContain('"lifetimeDays":10'),
      { timeout: SOON_MS, interval: 200 },
    );
    await becomes("other.example", { pending: 0, lastSuccess: expect.any(String) });
    expect(Date.now() - since).toBeLessThan(10_000);
    await becomes("hangs.example", { pending: 3, lastError: "no answer within 15 s" });
  });

  test("that answers 410 has ended it, until it is set anew", async () => {
    receiver.answer(410);
    await provision("ended.example");
    const first = await bounce("ended.example", "order-1");
    await becomes("ended.example", { disabled: true, pending: 0, lastError: "answered 410" });
    const second = await bounce("ended.example", "order-2");
    expect((await redeliver("ended.example", first)).status).toBe(409);
    receiver.answer(200);
    await setWebhook("ended.example", 200);
    expect(await health("ended.example")).toMatchObject({ disabled: false, lastError: null, pending: 0 });
    expect((await redeliver("ended.example", second)).status).toBe(200);
    await receiver.waitFor(2, SOON_MS);
    expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([first, second]);
  });
});

describe("redelivery", () => {
  test("sends an event once more under its id, also one from before the webhook was set", async () => {
    await worker.call("PUT", "/v1/domains/again.example", {});
    const before = await bounce("again.example", "order-1");
    await setWebhook("again.example", 201);
    const after = await bounce("again.example", "order-2");
    await receiver.waitFor(1, SOON_MS);
    for (const id of [before, after]) {
      const response = await redeliver("again.example", id);
      expect([response.status, await response.json()]).toEqual([200, { id }]);
    }
    await receiver.waitFor(3, SOON_MS);
    expect(receiver.received.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(
      [before, after, after].sort(),
    );
  });

  test("of what is not there is refused", async () => {
    await worker.call("PUT", "/v1/domains/nothing.example", {});
    expect((await redeliver("nothing.example", "x")).status).toBe(404);
    await setWebhook("nothing.example", 201);
    expect((await redeliver("nothing.example", "x")).status).toBe(404);
    expect((await worker.call("POST", "/v1/domains/nothing.example/webhook/redeliver", {})).status).toBe(422);
  });
});

test("its secret outlives the KEYRING_SECRET under which it was wrapped, and is told by no one", async () => {
  const [former, current] = ["f".repeat(40), "c".repeat(40)];
  const own = await startWorker({
    secrets: { KEYRING_SECRET: former },
    vars: { WEBHOOK_ALLOW_LOCAL: "true" },
  });
  const others = worker;
  try {
    worker = own;
    const secret = await provision("wrapped.example");
    const verified = async (count: number) => {
      await bounce("wrapped.example", `order-${count}`);
      await receiver.waitFor(count, SOON_MS);
      const { body = "", headers } = receiver.received[count - 1] ?? {};
      return new Verifier(secret).verify(body, headers as Record<string, string>);
    };
    await own.changeSecrets({ KEYRING_SECRET: current, KEYRING_SECRET_PREVIOUS: former });
    expect(await verified(1)).toMatchObject({ type: "bounce.failed" });
    await own.call("PATCH", "/v1/domains/wrapped.example", { lifetimeDays: 8 });
    await own.changeSecrets({ KEYRING_SECRET: current });
    expect(await verified(2)).toMatchObject({ type: "bounce.failed" });
    await own.changeSecrets({ KEYRING_SECRET: "n".repeat(40) });
    await redeliver("wrapped.example", receiver.received[0]?.headers["webhook-id"] as string);
    await becomes("wrapped.example", { lastError: expect.stringContaining("KEYRING_SECRET"), pending: 1 });
    const told = [JSON.stringify(await health("wrapped.example")), JSON.stringify(own.lines())].join();
    expect(told).not.toContain(secret);
  } finally {
    worker = others;
    await own.stop();
  }
});
