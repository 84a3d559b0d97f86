// Deliveries to a real receiver, by Node's own fetch, from an outbox on a real SQLite (Node's) whose transactions can fail.

import { Webhook as Verifier } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DomainEvent } from "../../../src/core/record.ts";
import { type DeliveryParts, deliverDue, Outbox } from "../../../src/store/webhook/outbox.ts";
import { Webhook } from "../../../src/store/webhook/webhook.ts";
import { freePort } from "../../free-port.ts";
import { type Receiver, startReceiver } from "../../receiver.ts";
import { openStorage, type TestStorage } from "../storage.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SECONDS = 1_000;

let receiver: Receiver;
let storage: TestStorage;
let webhook: Webhook;
let outbox: Outbox;
let now: number;
let events: Map<string, DomainEvent>;
/** Ids of deliveries whose outcome the storage fails to keep, in the midst of it. */
let refused: Set<string>;

beforeEach(async () => {
  receiver = await startReceiver();
  refused = new Set();
  storage = openStorage();
  webhook = new Webhook(storage);
  outbox = new Outbox(storage);
  outbox.open();
  storage.fault = refuse(storage);
  now = Date.now();
  events = new Map();
  webhook.set(receiver.url, "wrapped");
});

afterEach(() => receiver.stop());

/** Lets the storage fail at the end of a delivery that is refused. */
function refuse({ query }: TestStorage): TestStorage["fault"] {
  const rows = () => query("SELECT number, id FROM deliveries");
  let before = rows();
  return (statement, bindings) => {
    const ended = before.find(({ number }) => number === bindings.at(-1));
    before = rows();
    return /^(?:DELETE|UPDATE)/.test(statement) && refused.has(String(ended?.["id"]))
      ? "disk I/O error"
      : null;
  };
}

const parts = (spoiled: Partial<DeliveryParts> = {}): DeliveryParts => ({
  webhook,
  outbox,
  find: (id) => events.get(id) ?? null,
  open: async (wrapped) => (wrapped === "other" ? OTHER_SECRET : SECRET),
  fetch,
  now: () => now,
  random: () => 0,
  ...spoiled,
});
const run = (spoiled: Partial<DeliveryParts> = {}, withinMs?: number) => deliverDue(parts(spoiled), withinMs);

function add(...ids: string[]): void {
  for (const id of ids) {
    events.set(id, { id, type: "bounce.failed", at: now, data: { ref: id, subject: "größe" } });
    outbox.add(id, now);
  }
}

const told = () => receiver.received.map(({ headers }) => headers["webhook-id"]);
/** What is pending, when it is due from now, and how the webhook fares. */
const state = () => ({
  pending: outbox.pending,
  dueIn: outbox.dueAt() === null ? null : (outbox.dueAt() ?? 0) - now,
  lastSuccess: webhook.settings?.lastSuccess ?? null,
  lastFailure: webhook.settings?.lastFailure ?? null,
  lastError: webhook.settings?.lastError ?? null,
  disabled: webhook.settings?.disabled ?? null,
});
const FRESH = { lastSuccess: null, lastFailure: null, lastError: null, disabled: false };

describe("a delivery", () => {
  test("is signed, verifies with Standard Webhooks' library, and is over when it is taken", async () => {
    add("msg_1");
    await run();
    const [request] = receiver.received;
    expect(request).toMatchObject({ method: "POST", path: "/hook" });
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "Countersign",
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(now / SECONDS)),
    });
    const headers = request?.headers as Record<string, string>;
    expect(new Verifier(SECRET).verify(request?.body ?? "", headers)).toEqual({
      type: "bounce.failed",
      timestamp: new Date(now).toISOString(),
      data: { ref: "msg_1", subject: "größe" },
    });
    expect(state()).toEqual({ ...FRESH, pending: 0, dueIn: null, lastSuccess: now });
  });

  test("goes out once, and nothing is asked for where nothing is due", async () => {
    add("msg_1");
    await run();
    await run({ open: () => Promise.reject(new Error("must not be asked")) });
    expect(told()).toEqual(["msg_1"]);
  });

  test("of an event that is gone is dropped", async () => {
    add("msg_1", "msg_2");
    events.delete("msg_1");
    await run();
    expect([told(), outbox.pending]).toEqual([["msg_2"], 0]);
  });

  test("of an event that is gone needs no secret", async () => {
    outbox.add("msg_1", now);
    await run({ open: () => Promise.reject(new Error("does not unwrap")) });
    expect(state()).toEqual({ ...FRESH, pending: 0, dueIn: null });
  });

  test("goes nowhere where there is no webhook, or a disabled one", async () => {
    webhook.disable(now, "answered 410");
    add("msg_1");
    await run();
    webhook.remove();
    add("msg_1");
    await run();
    expect(told()).toEqual([]);
  });

  test.each(["cut", "endless"] as const)(
    "is over with its status: a body that is %s is not read",
    async (answer) => {
      receiver.answer(answer);
      add("msg_1");
      await run();
      expect(state()).toMatchObject({ pending: 0, lastSuccess: now, lastFailure: null });
      if (answer === "endless") await expect.poll(() => receiver.cutOff).toBe(1);
    },
  );

  test("is over with its status, where its body can't be cancelled", async () => {
    const body = new ReadableStream({ cancel: () => Promise.reject(new Error("no")) });
    add("msg_1");
    await run({ fetch: async () => new Response(body) });
    expect(state()).toMatchObject({ pending: 0, lastSuccess: now });
  });

  test("calls fetch by itself, as workerd wants it", async () => {
    add("msg_1");
    let self: unknown = "not called";
    await run({
      async fetch(this: unknown) {
        self = this;
        return new Response();
      },
    });
    expect(self).toBeUndefined();
  });
});

describe("a delivery that fails", () => {
  test.each([
    [500, "answered 500"],
    [400, "answered 400"],
    ["redirect", "redirects are not followed (302)"],
    [{ status: 308, headers: { location: "/elsewhere" } }, "redirects are not followed (308)"],
    ["hang", "no answer within 0.3 s"],
    ["close", "could not be reached: fetch failed (UND_ERR_SOCKET)"],
  ] as const)("by %j is tried again: %s", async (answer, error) => {
    receiver.answer(answer);
    add("msg_1");
    await run({}, 300);
    expect(told()).toEqual(["msg_1"]);
    expect(receiver.followed).toEqual([]);
    expect(state()).toEqual({
      ...FRESH,
      pending: 1,
      dueIn: 5 * SECONDS,
      lastFailure: now,
      lastError: error,
    });
  });

  test("since nobody listens is tried again", async () => {
    webhook.set(`http://127.0.0.1:${await freePort()}/secret-path`, "wrapped");
    add("msg_1");
    await run();
    expect(state()).toMatchObject({
      pending: 1,
      lastError: "could not be reached: fetch failed (ECONNREFUSED)",
    });
  });

  test("is tried ten times on its schedule, with one id and body, and then given up", async () => {
    receiver.answer(500);
    add("msg_1");
    const waits: (number | null)[] = [];
    for (let attempt = 1; attempt <= 10; attempt++) {
      await run({ random: () => 0.5 });
      waits.push(state().dueIn);
      now = outbox.dueAt() ?? now;
    }
    const seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    expect(waits).toEqual([...seconds.map((wait) => Math.round(wait * 1.1 * SECONDS)), null]);
    expect(state()).toMatchObject({ pending: 0, lastFailure: now, disabled: false });
    expect(told()).toEqual(Array(10).fill("msg_1"));
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-timestamp"])).size).toBe(10);
  });

  test("and is then taken leaves both instants", async () => {
    receiver.answer(503);
    add("msg_1");
    await run();
    const failedAt = now;
    now += 5 * SECONDS;
    receiver.answer(204);
    await run();
    expect(state()).toMatchObject({ pending: 0, lastFailure: failedAt, lastSuccess: now });
  });

  test("before it is sent, since the secret does not unwrap, is tried again, as are all that are due", async () => {
    add("msg_1", "msg_2");
    const open = () => Promise.reject(new Error("KEYRING_SECRET is not what wrapped it."));
    await run({ open });
    expect(told()).toEqual([]);
    expect(state()).toMatchObject({
      pending: 2,
      dueIn: 5 * SECONDS,
      lastError: "could not be signed: KEYRING_SECRET is not what wrapped it.",
    });
  });

  test("before it is sent, since the secret is none, does not quote it", async () => {
    add("msg_1");
    await run({ open: async () => "hunter2" });
    expect(state()).toMatchObject({
      pending: 1,
      lastError: "could not be signed: The webhook's secret is not whsec_ and base64.",
    });
  });
});

describe("410", () => {
  test("disables the webhook and drops all that is pending", async () => {
    receiver.answer(({ headers }) => (headers["webhook-id"] === "msg_1" ? 410 : 500));
    add("msg_1");
    outbox.add("later", now + 60 * SECONDS);
    await run();
    expect(state()).toEqual({
      pending: 0,
      dueIn: null,
      lastSuccess: null,
      lastFailure: now,
      lastError: "answered 410",
      disabled: true,
    });
  });

  test("stops the run; what was under way does not blur why", async () => {
    const ids = Array.from({ length: 12 }, (_, at) => `msg_${at}`);
    receiver.answer(({ headers }) => (headers["webhook-id"] === "msg_0" ? 410 : "hang"));
    add(...ids);
    await run({}, 300);
    expect(told().length).toBeLessThanOrEqual(4);
    expect(state()).toMatchObject({ pending: 0, lastError: "answered 410", disabled: true });
  });
});

describe("many deliveries", () => {
  const IDS = Array.from({ length: 25 }, (_, at) => `msg_${String(at).padStart(2, "0")}`);

  test("are taken up in their order, twenty in a run, no more than four under way", async () => {
    let underWay = 0;
    let most = 0;
    const order: string[] = [];
    const find = (id: string) => {
      order.push(id);
      return events.get(id) ?? null;
    };
    const counting: typeof fetch = async (input, init) => {
      underWay += 1;
      most = Math.max(most, underWay);
      const response = await fetch(input, init);
      underWay -= 1;
      return response;
    };
    add(...IDS);
    await run({ find, fetch: counting });
    expect([outbox.pending, most]).toEqual([5, 4]);
    await run({ find, fetch: counting });
    expect(order).toEqual(IDS);
    expect([told().sort(), outbox.pending]).toEqual([IDS, 0]);
  });

  test("are recorded one by one: one that hangs holds up no other", async () => {
    receiver.answer(({ headers }) => (headers["webhook-id"] === "msg_00" ? "hang" : 200));
    add(...IDS.slice(0, 20));
    const running = run({}, 2_000);
    await receiver.waitFor(20, 1_500);
    await expect.poll(() => outbox.pending, { timeout: 1_000 }).toBe(1);
    expect(state()).toMatchObject({ lastSuccess: now, lastFailure: null });
    await running;
    expect(state()).toMatchObject({ pending: 1, dueIn: 5 * SECONDS, lastError: "no answer within 2 s" });
  });

  test("go out once, when two runs overlap", async () => {
    add(...IDS);
    await Promise.all([run(), run(), run()]);
    expect([told().sort(), outbox.pending]).toEqual([IDS, 0]);
  });

  test("go on where storage fails for one, which stays due and is told of", async () => {
    add("msg_1", "msg_2", "msg_3");
    refused.add("msg_1");
    await expect(run()).rejects.toThrow("disk I/O error");
    expect(told().sort()).toEqual(["msg_1", "msg_2", "msg_3"]);
    expect(state()).toMatchObject({ pending: 1, dueIn: 0 });
    refused.clear();
    await run();
    expect([told().at(-1), outbox.pending]).toEqual(["msg_1", 0]);
  });

  test("leave neither row nor health half written, where storage fails", async () => {
    add("msg_1");
    refused.add("msg_1");
    for (const answer of [200, 500, 410]) {
      receiver.answer(answer);
      await expect(run()).rejects.toThrow("disk I/O error");
      expect(state()).toEqual({ ...FRESH, pending: 1, dueIn: 0 });
    }
  });
});

describe("while a delivery is under way", () => {
  /** Runs until the receiver has the requests, changes something, and lets them be answered. */
  async function changeMeanwhile(answer: number, change: () => void, underWay = 1): Promise<void> {
    const answered = Promise.withResolvers<void>();
    const holding: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      await answered.promise;
      return response;
    };
    receiver.answer(answer);
    const running = run({ fetch: holding });
    await receiver.waitFor(underWay, 2_000);
    change();
    answered.resolve();
    await running;
  }

  test.each([200, 500, 410])(
    "another webhook is set: %i of the former is not its, and it is told too",
    async (status) => {
      const other = await startReceiver();
      try {
        add("msg_1");
        await changeMeanwhile(status, () => webhook.set(other.url, "other"));
        expect(state()).toEqual({ ...FRESH, pending: 1, dueIn: 0 });
        await run();
        const [request] = other.received;
        const headers = request?.headers as Record<string, string>;
        expect(() => new Verifier(OTHER_SECRET).verify(request?.body ?? "", headers)).not.toThrow();
        expect(state()).toEqual({ ...FRESH, pending: 0, dueIn: null, lastSuccess: now });
      } finally {
        await other.stop();
      }
    },
  );

  test.each([200, 500, 410])("it is removed and set again: %i of the former is not its", async (status) => {
    add("msg_1");
    await changeMeanwhile(status, () => {
      webhook.remove();
      webhook.set(receiver.url, "wrapped");
    });
    expect(state()).toEqual({ ...FRESH, pending: 0, dueIn: null });
  });

  test("it is removed: nothing is kept of it", async () => {
    add("msg_1");
    await changeMeanwhile(500, () => webhook.remove());
    expect([webhook.settings, outbox.pending]).toEqual([null, 0]);
  });

  test("its secret is wrapped anew: what comes of it counts", async () => {
    add("msg_1");
    await changeMeanwhile(200, () => webhook.rewrap("again"));
    expect(webhook.settings).toMatchObject({ wrapped: "again", lastSuccess: now });
    expect(outbox.pending).toBe(0);
  });

  test.each([200, 500])("it is asked for again: after %i it is due at once", async (status) => {
    add("msg_1");
    await changeMeanwhile(status, () => outbox.add("msg_1", now));
    expect(state()).toMatchObject({ pending: 1, dueIn: 0 });
    receiver.answer(200);
    await run();
    expect([told(), outbox.pending]).toEqual([["msg_1", "msg_1"], 0]);
  });

  test("another webhook is set: what has not gone out yet is sent to that one alone", async () => {
    add("msg_1", "msg_2", "msg_3", "msg_4", "msg_5", "msg_6");
    await changeMeanwhile(200, () => webhook.set(`${receiver.url}/other`, "other"), 4);
    expect(told().sort()).toEqual(["msg_1", "msg_2", "msg_3", "msg_4"]);
    expect(outbox.pending).toBe(6);
  });

  test("another one, that waits in the same run, is asked for again: it goes out once", async () => {
    add("msg_1", "msg_2", "msg_3", "msg_4", "msg_5");
    await changeMeanwhile(200, () => outbox.add("msg_5", now), 4);
    await run();
    expect(told().sort()).toEqual(["msg_1", "msg_2", "msg_3", "msg_4", "msg_5"]);
  });
});
