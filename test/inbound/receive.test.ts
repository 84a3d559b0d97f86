// What the local platform does not produce on demand: a null sender without brackets, messages that can't be
// forwarded, each error of `forward()`, storage that throws. The fake refuses what the real message refuses.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Judging } from "../../src/core/judge.ts";
import { mint } from "../../src/core/mint.ts";
import type { Counted, MessageRecord } from "../../src/core/record.ts";
import type { Snapshot } from "../../src/core/snapshot.ts";
import type { Entry } from "../../src/inbound/entry.ts";
import type { IncomingMessage } from "../../src/inbound/message.ts";
import type { Receiving } from "../../src/inbound/ports.ts";
import { receive } from "../../src/inbound/receive.ts";
import { StorageUnreachable } from "../../src/store/unreachable.ts";
import { JUDGING, KEY, NOW, orderOf, type Spoiled, signerOf, snapshotOf } from "../core/fixtures.ts";

const SIGNED = "prvs=3788b9ac3e=user@example.com";
const TO = ["first@example.net", "second@example.net", "third@example.net"];

const TRANSIENT = "could not send email: Unknown error: transient error (4xx): 451 try later";
const PERMANENT = "could not send email: Unknown error: permanent error (5xx): 550 no such user";
const NOT_VERIFIED = "destination address not verified";
const INVALID = "destination address is invalid";
const SAME_WORKER = "cannot forward email to same worker";
const ALREADY = "message already forwarded to this destination";

interface Outcome {
  readonly rejected: string | null;
  readonly forwarded: readonly string[];
  readonly headers: Record<string, string>;
  readonly recorded: readonly MessageRecord[];
  readonly later: readonly (() => Promise<void>)[];
  readonly counted: readonly (readonly [Counted, isRecorded: boolean])[];
  readonly noted: readonly string[];
  readonly logged: readonly Entry[];
  readonly thrown: unknown;
}

/** A genuine bounce to an enforcing domain with three destinations; each test spoils one thing. */
async function received(
  change: {
    from?: string;
    to?: string;
    canBeForwarded?: boolean | undefined;
    faults?: Record<string, string>;
    spoiled?: Spoiled;
    read?: () => Promise<Snapshot | null>;
    confirm?: () => Promise<Snapshot | null>;
    open?: Judging["open"];
    admit?: Receiving["admit"];
    raw?: () => ReadableStream<Uint8Array>;
    record?: Receiving["record"];
    headers?: Record<string, string>;
  } = {},
): Promise<Outcome> {
  const outcome = {
    rejected: null as string | null,
    forwarded: [] as string[],
    headers: {},
    recorded: [] as MessageRecord[],
    later: [] as (() => Promise<void>)[],
    counted: [] as [Counted, boolean][],
    noted: [] as string[],
    logged: [] as Entry[],
    thrown: null as unknown,
  };
  const message: IncomingMessage = {
    from: change.from ?? "",
    to: change.to ?? SIGNED,
    headers: new Headers(change.headers),
    rawSize: 1234,
    get raw() {
      return change.raw?.() ?? new Blob(["Subject: failed\r\n\r\n"]).stream();
    },
    ...("canBeForwarded" in change ? { canBeForwarded: change.canBeForwarded as boolean } : {}),
    setReject(reason) {
      if (!/^[\x20-\x7e]{1,199}$/.test(reason)) throw new Error("the reason must be one printable line");
      outcome.rejected = reason;
    },
    async forward(to, headers) {
      for (const [name] of headers) if (!/^x-/i.test(name)) throw new Error(`header ${name} is not allowed`);
      const fault = change.faults?.[to];
      if (fault !== undefined) throw new Error(fault);
      if (outcome.forwarded.includes(to)) throw new Error(ALREADY);
      outcome.forwarded.push(to);
      outcome.headers = Object.fromEntries(headers);
      return null;
    },
  };
  const snapshot = snapshotOf({
    settings: { mode: "enforce" },
    routes: { user: { action: "forward", to: TO } },
    ...change.spoiled,
  });
  const read = change.read ?? (async () => snapshot);
  const receiving: Receiving = {
    snapshots: { read, confirm: change.confirm ?? read },
    keys: { ...JUDGING, open: change.open ?? JUDGING.open },
    admit: change.admit ?? (async () => true),
    record: change.record ?? (async (_domain, record) => void outcome.recorded.push(record)),
    later: (work) => void outcome.later.push(work),
    count: (_domain, counted, isRecorded) => void outcome.counted.push([counted, isRecorded]),
    note: (sighting, { localPart }) => void outcome.noted.push(`${sighting} ${localPart}`),
    log: (entry) => void outcome.logged.push(entry),
  };
  try {
    await receive(message, receiving, NOW);
  } catch (error) {
    outcome.thrown = error;
  }
  return outcome;
}

const unreachable = async (): Promise<never> => {
  throw new StorageUnreachable("Storage could not be reached.");
};

describe("the null sender", () => {
  test.each(["", "<>"])("%j makes a bounce", async (from) => {
    expect(await received({ from, to: "user@example.com" })).toMatchObject({ rejected: expect.any(String) });
    const genuine = await received({ from });
    expect(genuine).toMatchObject({ rejected: null, forwarded: TO, thrown: null });
    expect(genuine.headers).toEqual({
      "x-countersign": "valid; by=example.com; evidence=tag",
      "x-countersign-hop": expect.any(String),
    });
  });
});

describe("a forward-path", () => {
  test.each(["nowhere", "@", "user@", "user@-", "", "user@[192.0.2.1]", `user@${"a".repeat(300)}.com`])(
    "%j of no domain does not exist, and no storage is asked",
    async (to) => {
      const outcome = await received({ to, read: unreachable });
      expect(outcome).toMatchObject({ rejected: "Address does not exist.", thrown: null });
    },
  );

  test("in angle brackets and any case is the same address", async () => {
    expect((await received({ to: `<${SIGNED.toUpperCase()}>` })).forwarded).toEqual(TO);
  });
});

test("any forward-path that a server can send gets a verdict, never an exception", async () => {
  const local = fc.string({ unit: "binary", maxLength: 300 });
  const paths = fc.oneof(
    fc.string({ unit: "binary", maxLength: 320 }),
    local.map((text) => `${text}@example.com`),
    local.map((text) => `prvs=3788b9ac3e=${text}@example.com`),
    local.map((text) => `${text}+cs1=3aukl${"a".repeat(16)}-r@EXAMPLE.COM`),
    fc.constantFrom("\u0000", "@", "<>", "=@example.com", "+prvs=@example.com", "K@example.com"),
  );
  await fc.assert(
    fc.asyncProperty(paths, fc.constantFrom("", "<>", "bob@example.org"), async (to, from) => {
      const outcome = await received({ to, from });
      expect(outcome.thrown).toBeNull();
      expect(outcome.rejected !== null || outcome.forwarded.length > 0).toBe(true);
      expect(outcome.logged).toHaveLength(1);
    }),
    { numRuns: 500 },
  );
});

describe("before any success", () => {
  test.each([TRANSIENT, NOT_VERIFIED, INVALID, SAME_WORKER, "something nobody has seen yet"])(
    "%j defers the message",
    async (fault) => {
      const outcome = await received({ faults: { "first@example.net": fault } });
      expect(outcome).toMatchObject({ rejected: null, forwarded: [] });
      expect(outcome.thrown).toBeInstanceOf(Error);
      expect(outcome.logged).toMatchObject([
        {
          event: "deferred",
          disposition: "deferred",
          original: "user@example.com",
          failed: [{ to: "first@example.net", error: fault }],
        },
      ]);
    },
  );

  test("the operator is told of a destination that can't be used", async () => {
    for (const fault of [NOT_VERIFIED, INVALID, SAME_WORKER]) {
      const { logged } = await received({ faults: { "first@example.net": fault } });
      expect(logged).toMatchObject([
        { failed: [{ fault: "configuration" }], error: expect.stringContaining("Email Routing") },
      ]);
    }
  });

  test("canBeForwarded === false defers, absent it does not", async () => {
    expect((await received({ canBeForwarded: false })).thrown).toBeInstanceOf(Error);
    expect((await received({ canBeForwarded: undefined })).forwarded).toEqual(TO);
    expect((await received({ canBeForwarded: true })).forwarded).toEqual(TO);
  });

  test("a permanent error moves on to the next destination", async () => {
    const outcome = await received({ faults: { "first@example.net": PERMANENT } });
    expect(outcome).toMatchObject({ rejected: null, forwarded: TO.slice(1), thrown: null });
    expect(outcome.logged).toMatchObject([
      { event: "forwarded", failed: [{ to: TO[0], fault: "permanent" }] },
    ]);
  });

  test("when all are permanent the message is rejected", async () => {
    const outcome = await received({ faults: Object.fromEntries(TO.map((to) => [to, PERMANENT])) });
    expect(outcome.rejected).toBe("The mailbox behind this address does not take this message.");
    expect(outcome.thrown).toBeNull();
    expect(outcome.logged).toMatchObject([{ event: "rejected", disposition: "rejected" }]);
  });

  test("what a destination says of its own is no success, and its tags and length stay out of the log", async () => {
    const encoded = `RCPT%20${SIGNED.replace("=", "%3D")} q=20${SIGNED.replace("=", "=3D")}`;
    const messageId = "<cs1.0aukl.ndqp56mnfjy4s5cd.rpgwgj2co4gaftxq@example.com>";
    const words = `${PERMANENT} <${SIGNED}> ${encoded} ${messageId} message already forwarded ${"x".repeat(5_000)}`;
    const { rejected, logged } = await received({ faults: Object.fromEntries(TO.map((to) => [to, words])) });
    expect(rejected).not.toBeNull();
    expect(JSON.stringify(logged)).not.toMatch(/b9ac3e|gaftxq/);
    expect(JSON.stringify(logged).length).toBeLessThan(2_500);
  });

  test("already forwarded is success", async () => {
    const faults = Object.fromEntries(TO.map((to) => [to, ALREADY]));
    expect(await received({ faults })).toMatchObject({ rejected: null, thrown: null });
  });
});

test.each([TRANSIENT, PERMANENT, NOT_VERIFIED, SAME_WORKER])(
  "after a success %j neither throws nor stops the others",
  async (fault) => {
    const outcome = await received({ faults: { "second@example.net": fault } });
    expect(outcome).toMatchObject({
      rejected: null,
      thrown: null,
      forwarded: ["first@example.net", "third@example.net"],
    });
    expect(outcome.logged[0]?.failed).toMatchObject([{ to: "second@example.net" }]);
  },
);

describe("a fault of ours is a temporary failure", () => {
  test("a snapshot that can't be read", async () => {
    const outcome = await received({ read: unreachable });
    expect(outcome).toMatchObject({ rejected: null, forwarded: [], thrown: expect.any(StorageUnreachable) });
    expect(outcome.logged).toMatchObject([{ event: "deferred", domain: "example.com" }]);
  });

  test("a key that does not unwrap", async () => {
    const outcome = await received({
      open: () => Promise.reject(new Error("Key 3 of example.com does not unwrap")),
    });
    expect(outcome).toMatchObject({ rejected: null, forwarded: [], thrown: expect.any(Error) });
  });

  test("a refusal in doubt whose object can't be asked", async () => {
    const spoiled = { settings: { mode: "enforce" }, keys: [{ ...KEY, number: 4 }] } as const;
    const outcome = await received({ spoiled, confirm: unreachable });
    expect(outcome).toMatchObject({ rejected: null, forwarded: [], thrown: expect.any(StorageUnreachable) });
  });

  test("a record that can't be kept of what is consumed", async () => {
    const spoiled = { routes: { user: { action: "consume" } } } as const;
    const outcome = await received({ spoiled, record: () => Promise.reject(new Error("no room")) });
    expect(outcome).toMatchObject({ rejected: null, forwarded: [], thrown: expect.any(Error) });
  });
});

describe("a stale snapshot", () => {
  const fresh = snapshotOf({
    settings: { mode: "enforce" },
    routes: { user: { action: "forward", to: TO } },
  });
  const confirm = async () => ({ ...fresh, revision: 2 });

  test.each<[string, Partial<Snapshot>]>([
    ["key number", { keys: [{ ...KEY, number: 4 }] }],
    ["key at all", { keys: [] }],
    ["route", { routes: new Map() }],
    ["longer lifetime", { lifetimes: [{ days: 1, until: null }] }],
  ])("that lacks a %s costs no message", async (_, lacking) => {
    const read = async () => ({ ...fresh, ...lacking });
    expect(await received({ read, confirm })).toMatchObject({ rejected: null, forwarded: TO });
  });

  test("whose destinations refuse for good is asked about, and the newer ones get the message", async () => {
    const old = {
      ...fresh,
      routes: new Map([["user", { action: "forward", to: ["gone@example.net"] } as const]]),
    };
    const faults = { "gone@example.net": PERMANENT };
    const outcome = await received({ read: async () => old, confirm, faults });
    expect(outcome).toMatchObject({ rejected: null, forwarded: TO, thrown: null });
    expect(outcome.logged).toHaveLength(1);
    const same = await received({ read: async () => old, confirm: async () => old, faults });
    expect(same).toMatchObject({ rejected: expect.stringContaining("does not take"), forwarded: [] });
    const unasked = await received({ read: async () => old, confirm: unreachable, faults });
    expect(unasked).toMatchObject({ rejected: null, forwarded: [], thrown: expect.any(StorageUnreachable) });
    const deleted = await received({ read: async () => old, confirm: async () => null, faults });
    expect(deleted).toMatchObject({ rejected: "Address does not exist." });
  });

  test("asks nobody over a forged bounce", async () => {
    const outcome = await received({ to: "user@example.com", confirm: unreachable });
    expect(outcome).toMatchObject({ rejected: expect.any(String), thrown: null });
  });

  test("of a domain deleted since: the address does not exist", async () => {
    const spoiled = { routes: {} };
    const outcome = await received({ to: "user@example.com", spoiled, confirm: async () => null });
    expect(outcome).toMatchObject({ rejected: "Address does not exist.", thrown: null });
  });
});

describe("consuming", () => {
  test("keeps a record of the bounce and sends it nowhere", async () => {
    const spoiled = { routes: { user: { action: "consume" } } } as const;
    const outcome = await received({ spoiled });
    expect(outcome).toMatchObject({ rejected: null, forwarded: [], thrown: null });
    expect(outcome.recorded).toMatchObject([
      { disposition: "consumed", status: "valid", bounces: [{ kind: "unparsed", evidence: "tag" }] },
    ]);
    expect(outcome.later).toEqual([]);
  });

  test("takes a genuine bounce to an address without a route, and no other mail", async () => {
    const spoiled = { settings: { mode: "enforce" }, routes: {} } as const;
    expect((await received({ spoiled })).recorded).toHaveLength(1);
    expect((await received({ spoiled, from: "bob@example.org" })).rejected).toBe("Address does not exist.");
  });
});

describe("what came back", () => {
  const REPORT = { "content-type": "multipart/report; report-type=delivery-status" };
  const DSN =
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n" +
    "Final-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n";
  const raw = () => new Blob([DSN]).stream();
  const unread = () => {
    throw new Error("It was read.");
  };

  test("to a valid tag is read, forwarded, and recorded behind the handler's back", async () => {
    const outcome = await received({ raw });
    expect(outcome).toMatchObject({ forwarded: TO, recorded: [] });
    await outcome.later[0]?.();
    expect(outcome.recorded).toMatchObject([
      {
        status: "valid",
        disposition: "forwarded",
        rejection: null,
        bounces: [
          { kind: "failed", recipient: "bob@example.net", status: "5.1.1", original: "user@example.com" },
        ],
      },
    ]);
    expect(outcome.counted).toEqual([[expect.anything(), true]]);
  });

  test.each([
    ["forged", { to: "user@example.com" }],
    ["with another's tag", { to: "prvs=3788b9ac3f=user@example.com" }],
    ["ordinary", { from: "bob@example.org" }],
    ["exempt", { to: "postmaster@example.com" }],
  ])("that is %s is not read, and no more than counted", async (_, change) => {
    const outcome = await received({ ...change, raw: unread });
    expect(outcome).toMatchObject({ thrown: null, recorded: [], later: [] });
    expect(outcome.counted).toEqual([[expect.anything(), false]]);
  });

  test("is kept without a tag of ours that its words repeat", async () => {
    const quoting = `${DSN.replace("bob@example.net", SIGNED)}Diagnostic-Code: smtp; 550 5.1.1 <${SIGNED}>: no\r\n`;
    const outcome = await received({ headers: REPORT, raw: () => new Blob([quoting]).stream() });
    await outcome.later[0]?.();
    expect(outcome.recorded[0]?.bounces[0]?.recipient).toBe("prvs=…=user@example.com");
    expect(JSON.stringify(outcome.recorded)).not.toContain("b9ac3e");
  });

  test("as a report from someone with a reverse-path is read too, where the tag is valid", async () => {
    const from = "mailer-daemon@example.org";
    const outcome = await received({ from, headers: REPORT, raw });
    await outcome.later[0]?.();
    expect(outcome.recorded).toMatchObject([{ bounces: [{ kind: "failed", evidence: "tag" }] }]);
    expect((await received({ from, to: "user@example.com", headers: REPORT, raw: unread })).later).toEqual(
      [],
    );
  });

  test.each([
    ["can't be read", unread],
    [
      "breaks off",
      () => new ReadableStream<Uint8Array>({ pull: (stream) => stream.error(new Error("lost")) }),
    ],
  ])("is forwarded all the same where its body %s", async (_, broken) => {
    const outcome = await received({ raw: broken });
    expect(outcome).toMatchObject({ forwarded: TO, thrown: null });
    await outcome.later[0]?.();
    expect(outcome.recorded).toMatchObject([{ bounces: [{ kind: "unparsed" }] }]);
  });

  test("is forwarded a second later at the most where its body does not come", async () => {
    const since = performance.now();
    const outcome = await received({ raw: () => new ReadableStream<Uint8Array>() });
    expect(outcome).toMatchObject({ forwarded: TO, thrown: null });
    expect(performance.now() - since).toBeLessThan(2_000);
  });

  test("is read no further than its first 64 KiB", async () => {
    let octets = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull(stream) {
          octets += 8_192;
          stream.enqueue(new Uint8Array(8_192).fill(97));
        },
      });
    expect((await received({ raw: endless })).forwarded).toEqual(TO);
    expect(octets).toBeLessThanOrEqual(80 * 1024);
  });

  test("is read before it is forwarded, since the stream ends with the handler", async () => {
    let isRead = false;
    const watched = () =>
      new ReadableStream<Uint8Array>({
        pull(stream) {
          isRead = true;
          stream.close();
        },
      });
    await received({ raw: watched });
    expect(isRead).toBe(true);
  });

  test("is recorded where all destinations refuse it, too", async () => {
    const faults = Object.fromEntries(TO.map((to) => [to, PERMANENT]));
    const outcome = await received({ raw, faults });
    expect(outcome.rejected).toEqual(expect.any(String));
    await outcome.later[0]?.();
    expect(outcome.recorded).toMatchObject([
      { disposition: "rejected", rejection: { status: "valid" }, bounces: [{ kind: "failed" }] },
    ]);
    expect(outcome.recorded[0]?.failures.map(({ to, fault }) => [to, fault])).toEqual(
      TO.map((to) => [to, "permanent"]),
    );
  });
});

describe("a count", () => {
  test("of a refused message has what the operator needs, and no tag that opens anything", async () => {
    const headers = { from: "Robot\r\n <robot@example.org>", "message-id": "<1@example.org>" };
    const [[counted] = []] = (
      await received({
        to: "User@example.com",
        headers: { from: "Robot <robot@example.org>", "message-id": headers["message-id"] },
      })
    ).counted;
    expect(counted).toMatchObject({
      status: "missing",
      disposition: "rejected",
      rejection: {
        recipient: "User@example.com",
        original: "user@example.com",
        from: "Robot <robot@example.org>",
        messageId: "<1@example.org>",
      },
    });
    const closed = { routes: { user: { action: "reject", reason: "closed" } } } as const;
    const refused = await received({ spoiled: closed });
    await refused.later[0]?.();
    expect(JSON.stringify(refused.recorded)).not.toContain("3788b9ac3e");
    expect(refused.recorded[0]?.rejection).toMatchObject({ recipient: "prvs=…=user@example.com" });
  });

  test("of a deferred message says so, and names a destination that has to be mended", async () => {
    const outcome = await received({ faults: { [TO[0] ?? ""]: NOT_VERIFIED } });
    expect(outcome.counted).toEqual([
      [
        expect.objectContaining({
          disposition: "deferred",
          rejection: null,
          failures: [expect.objectContaining({ to: TO[0], fault: "configuration" })],
        }),
        false,
      ],
    ]);
    const passing = await received({ faults: { [TO[0] ?? ""]: TRANSIENT } });
    expect(passing.counted[0]?.[0]).toMatchObject({ disposition: "deferred", failures: [] });
  });

  test("is not made of a domain that is not configured", async () => {
    expect((await received({ to: "user@example.com", read: async () => null })).counted).toEqual([]);
  });
});

test("the sender of a rejected bounce reads the same sentence whatever its tag was", async () => {
  const sentences = new Set<string | null>();
  const paths = ["user@example.com", "prvs=x=user@example.com", "prvs=3788b9ac3f=user@example.com"];
  for (const to of paths) sentences.add((await received({ to })).rejected);
  const expired = { settings: { mode: "enforce" }, ring: [{ number: 3, secret: "secret" }] } as const;
  const old = "prvs=3781a6a4b0=user@example.com";
  sentences.add(
    (await received({ to: old, spoiled: { ...expired, routes: { user: { action: "forward", to: TO } } } }))
      .rejected,
  );
  sentences.add(
    (await received({ spoiled: { ...expired, keys: [], routes: { user: { action: "forward", to: TO } } } }))
      .rejected,
  );
  expect(sentences.size).toBe(1);
});

test("the log leaves out a tag that stands inside another", async () => {
  const { logged, noted } = await received({ to: `prvs=x=${SIGNED}` });
  expect(logged).toMatchObject([{ original: "prvs=…=user@example.com", status: "malformed" }]);
  expect(noted).toEqual([]);
});

test("the log tells all of it, without the tag", async () => {
  const { logged } = await received();
  expect(logged).toEqual([
    {
      event: "forwarded",
      disposition: "forwarded",
      id: expect.stringMatching(/^[a-z2-7]{16}$/),
      domain: "example.com",
      original: "user@example.com",
      bounce: true,
      status: "valid",
      evidence: "tag",
      key: 3,
      ref: null,
      to: TO,
    },
  ]);
  expect(JSON.stringify(logged)).not.toContain("b9ac3e");
});

describe("each invocation with the same message", () => {
  const idOf = async (change: Parameters<typeof received>[0]) => (await received(change)).logged[0]?.id;

  test("has the same id, whatever becomes of it, and no other message has", async () => {
    const headers = { "message-id": "<1@example.net>", date: "Tue, 24 Nov 2026 12:00:00 +0000" };
    const id = await idOf({ headers });
    expect(await idOf({ headers, read: unreachable })).toBe(id);
    expect(await idOf({ headers, faults: { "first@example.net": TRANSIENT } })).toBe(id);
    for (const other of [
      { headers: { ...headers, "message-id": "<2@example.net>" } },
      { headers: { ...headers, date: "Tue, 24 Nov 2026 12:00:01 +0000" } },
      { headers: { date: headers.date } },
      { headers, from: "bob@example.org" },
      { headers, to: "user@example.com" },
    ]) {
      expect(await idOf(other)).not.toBe(id);
    }
  });
});

test("a message that comes back is refused, and one that another destination had already goes on", async () => {
  const { headers } = await received();
  const hop = { "x-countersign-hop": headers["x-countersign-hop"] ?? "" };
  expect(await received({ headers: hop })).toMatchObject({
    rejected: expect.stringContaining("circle"),
    forwarded: [],
    logged: [{ event: "rejected", disposition: "route-rejected" }],
  });
});

describe("what shows whether the domain signs", () => {
  test("is a valid tag that came back, and a bounce without evidence", async () => {
    expect((await received()).noted).toEqual(["proven user"]);
    expect((await received({ from: "bob@example.org" })).noted).toEqual(["proven user"]);
    expect((await received({ to: "user@example.com" })).noted).toEqual(["unproven user"]);
    const observe = { spoiled: { settings: { mode: "observe" } } } as const;
    expect((await received({ to: "user@example.com", ...observe })).noted).toEqual(["unproven user"]);
    expect((await received({ to: "user+detail@example.com" })).noted).toEqual(["unproven user"]);
  });

  test("is a signed Message-ID that came back, though not for signing", async () => {
    const signer = await signerOf();
    const user = { localPart: "user", domain: "example.com" };
    const finding = await mint(orderOf(user), signer, { to: user, signer, nonce: new Uint8Array(10) });
    const messageId = finding.kind === "minted" ? (finding.minted.messageId ?? "") : "";
    const { noted } = await received({ to: "user@example.com", headers: { references: messageId } });
    expect(noted).toEqual(["answerable user"]);
  });

  test("is no ordinary mail, no exempt recipient, no address without a route, and nothing that is not judged", async () => {
    for (const change of [
      { from: "bob@example.org", to: "user@example.com" },
      { to: "postmaster@example.com" },
      { to: "nobody@example.com" },
      { to: "user@example.com", spoiled: { settings: { mode: "off" } } },
    ] as const) {
      expect((await received(change)).noted).toEqual([]);
    }
  });
});
