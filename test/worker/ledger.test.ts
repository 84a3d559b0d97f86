// The ledger where storage fails, an object hangs, or time goes by: the Worker in workerd under the probe.

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Receiver, startReceiver } from "../receiver.ts";
import { type ProbedWorker, startProbedWorker } from "./probed-worker.ts";

let worker: ProbedWorker;
let receiver: Receiver;

beforeAll(async () => {
  worker = await startProbedWorker({ WEBHOOK_ALLOW_LOCAL: "true" });
  receiver = await startReceiver();
});
beforeEach(async () => {
  await worker.setClock(0);
  await worker.failObjects();
});
afterAll(async () => {
  await worker.stop();
  await receiver.stop();
});

const DAY_MS = 86_400_000;
const INBOX = "inbox@inbox.example";
const FORWARD = { action: "forward", to: [INBOX] };
const DSN = [
  "Content-Type: message/delivery-status",
  "",
  "Reporting-MTA: dns; mx.example.net",
  "",
  "Final-Recipient: rfc822; bob@example.net",
  "Action: failed",
  "Status: 5.1.1",
  "",
].join("\r\n");

async function call<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  return (await (await worker.call(method, path, body)).json()) as Body;
}

async function provision(domain: string, settings: object = {}): Promise<void> {
  await call("PUT", `/v1/domains/${domain}?force=true`, { mode: "enforce", ...settings });
  await call("PUT", `/v1/domains/${domain}/routes/alice`, FORWARD);
  await call("PUT", `/v1/domains/${domain}/webhook`, { url: receiver.url });
}

const mint = async (address: string, ref?: string) =>
  (await call<{ reversePath: string }>("POST", "/v1/addresses", { address, ...(ref && { ref }) }))
    .reversePath;

interface Outcome {
  readonly rejected: string | null;
  readonly forwarded: readonly string[];
  readonly thrown: string | null;
}
let serial = 0;
/** Hands over a genuine bounce with a Message-ID of its own; each test spoils one thing. */
const receive = async (to: string, change: object = {}): Promise<Outcome> => {
  const headers = { "message-id": `<${++serial}@example.net>` };
  return (await (await worker.receive({ from: "", to, headers, raw: DSN, ...change })).json()) as Outcome;
};

interface Listed {
  readonly items: readonly Record<string, unknown>[];
}
const bounces = async (domain: string) =>
  (await call<Listed>("GET", `/v1/domains/${domain}/bounces`)).items.map(({ recipient }) => recipient);
async function dispositions(domain: string): Promise<Record<string, number>> {
  const { days } = await call<{ days: { disposition: Record<string, number> }[] }>(
    "GET",
    `/v1/domains/${domain}/stats`,
  );
  const found = days.flatMap(({ disposition }) => Object.entries(disposition));
  return Object.fromEntries(found.filter(([, messages]) => messages > 0));
}
/** What the receiver was told of a domain. */
const told = (domain: string) =>
  receiver.received
    .map(({ body }) => JSON.parse(body) as { type: string; data: Record<string, unknown> })
    .filter(({ data }) => data["domain"] === domain);
const eventually = (check: () => Promise<void> | void) =>
  vi.waitFor(check, { timeout: 15_000, interval: 200 });

describe("a genuine bounce", () => {
  test("is forwarded where it can't be recorded, and recorded when that works again", async () => {
    await provision("later.example");
    const to = await mint("alice@later.example");
    for (const fault of ["ledger", "transaction"]) {
      await worker.failObjects(fault);
      expect(await receive(to)).toMatchObject({ forwarded: [INBOX], thrown: null });
    }
    await worker.failObjects();
    await eventually(async () => expect(await bounces("later.example")).toHaveLength(2));
    await eventually(async () => expect(await dispositions("later.example")).toEqual({ forwarded: 2 }));
  });

  test("is forwarded where its object is out of reach for good, and the log says what was lost", async () => {
    await provision("lost.example");
    const to = await mint("alice@lost.example");
    expect(await receive(to, { faults: ["domain-object"] })).toMatchObject({
      forwarded: [INBOX],
      thrown: null,
    });
    expect(await receive(to)).toMatchObject({ forwarded: [INBOX] });
    await eventually(async () => expect(await bounces("lost.example")).toHaveLength(1));
  });

  test("is recorded beside others of the same second and size that have no Message-ID", async () => {
    await provision("nameless.example");
    await call("PUT", "/v1/domains/nameless.example/routes/alice", { action: "consume" });
    const to = await mint("alice@nameless.example");
    const headers = { date: "Wed, 25 Nov 2026 12:00:00 +0000" };
    for (const name of ["anna", "bert", "carl", "carl"]) {
      await receive(to, { headers, raw: DSN.replace("bob", name) });
    }
    const people = ["anna", "bert", "carl"].map((name) => `${name}@example.net`);
    expect((await bounces("nameless.example")).toSorted()).toEqual(people);
  });

  test("is not held up by an object that hangs", async () => {
    await provision("hung.example");
    const to = await mint("alice@hung.example");
    const since = Date.now();
    expect(await receive(to, { faults: ["ledger-hangs"] })).toMatchObject({
      forwarded: [INBOX],
      thrown: null,
    });
    expect(Date.now() - since).toBeLessThan(2_000);
  });
});

describe("a cap on what a ref may bring", () => {
  test.each(["ledger-hangs", "domain-object"])(
    "lets everything in where the object can't be asked (%s), half a second later at the most",
    async (fault) => {
      const domain = `${fault}.capped.example`;
      await provision(domain, { maxBouncesPerRef: 1 });
      const to = await mint(`alice@${domain}`, "order-1");
      expect((await receive(to)).forwarded).toEqual([INBOX]);
      expect((await receive(to)).rejected).toEqual(expect.any(String));
      const since = Date.now();
      expect(await receive(to, { faults: [fault] })).toMatchObject({ forwarded: [INBOX], thrown: null });
      expect(Date.now() - since).toBeLessThan(1_500);
    },
  );

  test("holds for other bodies under the same Message-ID, and with a signed one beside the tag", async () => {
    await provision("replayed.capped.example", { maxBouncesPerRef: 1 });
    const minted = await call<{ reversePath: string; messageId: string }>("POST", "/v1/addresses", {
      address: "alice@replayed.capped.example",
      ref: "order-1",
    });
    const headers = { "message-id": "<same@example.net>" };
    const raws = ["anna", "bert", "anna", "carl"].map((name) => `X: y\r\n\r\n${DSN.replace("bob", name)}`);
    const outcomes: number[] = [];
    for (const raw of raws)
      outcomes.push((await receive(minted.reversePath, { headers, raw })).forwarded.length);
    expect(outcomes).toEqual([1, 0, 1, 0]);
    const named = { ...headers, "in-reply-to": minted.messageId };
    const again = await receive(minted.reversePath, { headers: named, raw: `X: y\r\n\r\nagain` });
    expect(again.rejected).toEqual(expect.any(String));
  });

  test("lets everything in where the ledger fails", async () => {
    await provision("broken.capped.example", { maxBouncesPerRef: 1 });
    const to = await mint("alice@broken.capped.example", "order-1");
    await worker.failObjects("ledger");
    for (let at = 0; at < 3; at += 1) expect((await receive(to)).forwarded).toEqual([INBOX]);
  });

  test("holds for many at once", async () => {
    await provision("crowd.capped.example", { maxBouncesPerRef: 3 });
    const to = await mint("alice@crowd.capped.example", "order-1");
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => receive(to)));
    expect(outcomes.filter(({ forwarded }) => forwarded.length === 1)).toHaveLength(3);
    expect(outcomes.filter(({ rejected }) => rejected !== null)).toHaveLength(17);
  });
});

describe("counts", () => {
  test("that can't be told are told when that works again, and none twice", async () => {
    await provision("untold.example");
    await worker.failObjects("ledger");
    for (let at = 0; at < 5; at += 1) await receive("alice@untold.example");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await worker.failObjects();
    await eventually(async () => expect(await dispositions("untold.example")).toEqual({ rejected: 5 }));
    await receive("alice@untold.example");
    await eventually(async () => expect(await dispositions("untold.example")).toEqual({ rejected: 6 }));
  });

  test("have a message that was deferred and came again once, as what became of it", async () => {
    await provision("deferred.example");
    const headers = { "message-id": "<deferred@example.net>" };
    const refusals = { [INBOX]: "could not send email: Unknown error: transient error (4xx): 451" };
    const ordinary = { from: "bob@example.org", headers };
    const deferred = await receive("alice@deferred.example", { ...ordinary, refusals });
    expect(deferred.thrown).toEqual(expect.any(String));
    await eventually(async () => expect(await dispositions("deferred.example")).toEqual({ deferred: 1 }));
    await receive("alice@deferred.example", ordinary);
    await eventually(async () => expect(await dispositions("deferred.example")).toEqual({ forwarded: 1 }));
  });
});

test("a receiver is not called over and over where what came of it can't be written", async () => {
  await provision("unwritten.example");
  const to = await mint("alice@unwritten.example");
  receiver.answer(503);
  const calls = () => receiver.received.filter(({ body }) => body.includes("unwritten.example")).length;
  await receive(to);
  await eventually(() => expect(calls()).toBe(1));
  await worker.failObjects("transaction");
  await new Promise((resolve) => setTimeout(resolve, 9_000));
  expect(calls()).toBeLessThanOrEqual(4);
  receiver.answer(200);
});

test("a webhook's secret is wrapped anew when the keys are rotated by schedule", async () => {
  const [former, current] = ["f".repeat(40), "c".repeat(40)];
  await worker.changeSecrets({ KEYRING_SECRET: former });
  await worker.setClock(-30 * DAY_MS + 4_000);
  await provision("rotated.example");
  await worker.changeSecrets({ KEYRING_SECRET: current, KEYRING_SECRET_PREVIOUS: former });
  const keys = async () => (await call<Listed>("GET", "/v1/domains/rotated.example/keys")).items.length;
  await eventually(async () => expect(await keys()).toBe(2));
  await worker.changeSecrets({ KEYRING_SECRET: current });
  await receive(await mint("alice@rotated.example"));
  const bounced = () => receiver.received.filter(({ body }) => body.includes("@rotated.example"));
  await eventually(() => expect(bounced()).toHaveLength(1));
});

describe("the operator is told", () => {
  test("of a destination that can't be used, once a day, though its mail is deferred", async () => {
    await provision("unverified.example");
    const refusals = { [INBOX]: "destination address not verified" };
    for (let at = 0; at < 3; at += 1) {
      await receive("alice@unverified.example", { from: "bob@example.org", refusals });
    }
    await eventually(() => expect(told("unverified.example")).toHaveLength(1));
    await receive("alice@unverified.example", { from: "bob@example.org", refusals });
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(told("unverified.example")).toMatchObject([
      {
        type: "forward.failed",
        data: { original: "alice@unverified.example", to: INBOX, fault: "configuration" },
      },
    ]);
  });

  test("of one that refuses a genuine bounce for good", async () => {
    await provision("refused.example");
    const refusals = { [INBOX]: "could not send email: Unknown error: permanent error (5xx): 550" };
    const outcome = await receive(await mint("alice@refused.example"), { refusals });
    expect(outcome.rejected).toEqual(expect.any(String));
    await eventually(() => expect(told("refused.example")).toMatchObject([{ data: { fault: "permanent" } }]));
    expect(await bounces("refused.example")).toEqual(["bob@example.net"]);
  });

  test("of a domain that has ceased to sign", async () => {
    await worker.setClock(-9 * DAY_MS);
    await provision("silent.example");
    await mint("alice@silent.example");
    await eventually(async () => {
      const checks = await call<{ checks: { id: string; detail: string }[] }>(
        "GET",
        "/v1/domains/silent.example/readiness",
      );
      expect(checks.checks[0]?.detail).toContain("signed since");
    });
    await worker.setClock(0);
    await eventually(() => expect(told("silent.example")).toMatchObject([{ type: "domain.not-signing" }]));
  });

  test("of a key that has signed for too long", async () => {
    await worker.setClock(-731 * DAY_MS);
    await provision("overdue.example", { rotateDays: 0 });
    await worker.setClock(0);
    await eventually(() =>
      expect(told("overdue.example")).toMatchObject([{ type: "key.overdue", data: { key: 0 } }]),
    );
  });
});

test("what is old enough is forgotten by the alarm", async () => {
  await worker.setClock(-91 * DAY_MS);
  await provision("old.example", { rotateDays: 0 });
  await receive(await mint("alice@old.example"));
  await receive("alice@old.example");
  const rows = async (table: string) => (await worker.query("old.example", `SELECT id FROM ${table}`)).length;
  const kept = async () => [
    (await bounces("old.example")).length,
    await rows("rejections"),
    await rows("messages"),
  ];
  await eventually(async () => expect(await kept()).toEqual([1, 1, 1]));
  await worker.setClock(0);
  await eventually(async () => expect(await kept()).toEqual([0, 0, 0]));
  await eventually(async () => expect(await dispositions("old.example")).toEqual({}));
});
