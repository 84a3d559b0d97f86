// What came back, and what was counted: whole mails through the built Worker, in workerd with its real Durable Object.

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readMessage } from "../../src/local/messages.ts";
import type { LocalWorker } from "../../src/local/worker.ts";
import { startDescribedWorker } from "../api/described.ts";

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startDescribedWorker();
});
afterAll(() => worker.stop());

const FORWARD = { action: "forward", to: ["inbox@inbox.example"] };

interface Minted {
  readonly reversePath: string;
  readonly messageId: string;
}

/** A domain of its own that enforces, unless it is told otherwise. */
async function provision(domain: string, settings: object = {}): Promise<void> {
  const put = (path: string, body: object) => worker.call("PUT", `/v1/domains/${domain}${path}`, body);
  expect((await put("?force=true", { mode: "enforce", exempt: ["dmarc"], ...settings })).status).toBe(201);
  const routes = {
    alice: FORWARD,
    dmarc: FORWARD,
    robot: { action: "consume" },
    watched: { ...FORWARD, mode: "observe" },
  };
  expect((await put("/routes", { routes })).status).toBe(200);
}

async function mint(address: string, ref?: string): Promise<Minted> {
  const response = await worker.call("POST", "/v1/addresses", { address, ...(ref && { ref }) });
  return (await response.json()) as Minted;
}

const deliver = (name: string, to: string, minted: Minted, from = "<>") =>
  worker.deliver({ from, to }, readMessage(name, minted));

async function read<Body>(path: string): Promise<Body> {
  const response = await worker.call("GET", `/v1/domains/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Body;
}

interface List {
  readonly items: readonly Record<string, unknown>[];
  readonly cursor: string | null;
}
const list = (domain: string, what: "bounces" | "rejections", query = "") =>
  read<List>(`${domain}/${what}${query}`);
/** Waits until so many are listed, and a little longer for any more. */
async function listed(domain: string, what: "bounces" | "rejections", count: number) {
  await vi.waitFor(async () => expect((await list(domain, what)).items).toHaveLength(count), {
    timeout: 8_000,
    interval: 100,
  });
  return (await list(domain, what)).items;
}

interface Day {
  readonly day: string;
  readonly status: Record<string, number>;
  readonly disposition: Record<string, number>;
}
async function counts(domain: string) {
  const { days } = await read<{ days: Day[] }>(`${domain}/stats`);
  const sum = (what: "status" | "disposition") => {
    const sums: Record<string, number> = {};
    for (const day of days) {
      for (const [name, messages] of Object.entries(day[what])) sums[name] = (sums[name] ?? 0) + messages;
    }
    return Object.fromEntries(Object.entries(sums).filter(([, messages]) => messages > 0));
  };
  return { status: sum("status"), disposition: sum("disposition") };
}
const counted = (domain: string, expected: Awaited<ReturnType<typeof counts>>) =>
  vi.waitFor(async () => expect(await counts(domain)).toEqual(expected), { timeout: 8_000, interval: 100 });

describe("a genuine bounce", () => {
  test("is forwarded, and is listed once with its reference, however often it is handed over", async () => {
    await provision("genuine.example");
    const minted = await mint("alice@genuine.example", "order-1042");
    for (let at = 0; at < 3; at += 1) {
      expect((await deliver("exim-failed", minted.reversePath, minted)).forwards).toHaveLength(1);
    }
    const [bounce] = await listed("genuine.example", "bounces", 1);
    expect(bounce).toEqual({
      id: expect.stringMatching(/^[a-z2-7]{16}-[a-z2-7]{8}-1$/),
      kind: "failed",
      evidence: "tag",
      scheme: "cs1",
      receivedAt: expect.any(String),
      original: "alice@genuine.example",
      ref: "order-1042",
      recipient: "bob@example.org",
      action: "failed",
      status: "5.0.0",
      class: "hard",
      diagnostic: expect.stringContaining("User unknown"),
      reportingMta: "mail.example.com",
      messageId: minted.messageId,
      source: "dsn",
    });
    await counted("genuine.example", { status: { valid: 1 }, disposition: { forwarded: 1 } });
    expect((await list("genuine.example", "rejections")).items).toEqual([]);
  });

  test("to a consuming route is there as soon as it was taken", async () => {
    await provision("consuming.example");
    const minted = await mint("robot@consuming.example");
    await deliver("postfix-failed", minted.reversePath, minted);
    expect((await list("consuming.example", "bounces")).items).toMatchObject([
      { kind: "failed", scheme: "prvs", original: "robot@consuming.example", source: "dsn" },
    ]);
    expect(await counts("consuming.example")).toEqual({ status: { valid: 1 }, disposition: { consumed: 1 } });
  });

  test("to an address without a route is recorded", async () => {
    await provision("unrouted.example");
    const minted = await mint("nobody@unrouted.example");
    await deliver("postfix-failed", minted.reversePath, minted);
    expect((await list("unrouted.example", "bounces")).items).toHaveLength(1);
  });

  test("from someone with a reverse-path is recorded too, and delivered", async () => {
    await provision("gateway.example");
    const minted = await mint("alice@gateway.example");
    const delivery = await deliver("postfix-failed", minted.reversePath, minted, "mailer-daemon@example.org");
    expect(delivery.forwards).toHaveLength(1);
    expect(await listed("gateway.example", "bounces", 1)).toMatchObject([
      { kind: "failed", evidence: "tag" },
    ]);
  });

  test("in a domain that judges nothing is recorded", async () => {
    await provision("off.example", { mode: "off" });
    const minted = await mint("alice@off.example");
    await deliver("exim-failed", minted.reversePath, minted);
    await listed("off.example", "bounces", 1);
  });
});

test("an auto-reply that a mailbox itself sends to a consuming route is recorded, where anything vouches for it", async () => {
  await provision("mailbox.example");
  const minted = await mint("robot@mailbox.example", "order-7");
  const reply = (more: string) =>
    `From: Bob <bob@example.org>\r\nMessage-ID: <${more.length}@example.org>\r\nAuto-Submitted: auto-replied\r\n${more}\r\nAway.\r\n`;
  const from = "bob@example.org";
  expect((await worker.deliver({ from, to: minted.reversePath }, reply(""))).code).toBe(250);
  const named = reply(`In-Reply-To: ${minted.messageId}\r\n`);
  expect((await worker.deliver({ from, to: "robot@mailbox.example" }, named)).code).toBe(250);
  expect((await list("mailbox.example", "bounces")).items).toMatchObject([
    { kind: "autoreply", evidence: "message-id", recipient: "bob@example.org", ref: "order-7" },
    { kind: "autoreply", evidence: "tag", recipient: "bob@example.org", ref: "order-7" },
  ]);
});

describe("what carries a signed Message-ID alone", () => {
  test("is an auto-reply, read from its headers", async () => {
    await provision("reply.example");
    const minted = await mint("alice@reply.example", "order-7");
    await deliver("dovecot-vacation", "alice@reply.example", minted);
    expect(await listed("reply.example", "bounces", 1)).toMatchObject([
      {
        kind: "autoreply",
        evidence: "message-id",
        scheme: null,
        ref: "order-7",
        messageId: minted.messageId,
      },
    ]);
  });

  test("is never a failure, whatever it says: anyone may know a Message-ID", async () => {
    await provision("archive.example");
    const minted = await mint("alice@archive.example");
    const forged = readMessage("postfix-backscatter", minted).replace(
      /^From:/m,
      `In-Reply-To: <other@example.org> ${minted.messageId}\r\nFrom:`,
    );
    const delivery = await worker.deliver({ from: "<>", to: "alice@archive.example" }, forged);
    expect(delivery.logged).toMatchObject({ evidence: "message-id", disposition: "forwarded" });
    expect(await listed("archive.example", "bounces", 1)).toMatchObject([
      {
        messageId: minted.messageId,
        kind: "unparsed",
        class: "undetermined",
        recipient: null,
        status: null,
        diagnostic: null,
        source: null,
      },
    ]);
  });
});

describe("backscatter", () => {
  test("is counted and listed with the reason, once, and is no bounce", async () => {
    await provision("forged.example");
    const minted = await mint("alice@forged.example");
    for (let at = 0; at < 3; at += 1) await deliver("postfix-backscatter", "alice@forged.example", minted);
    const wrong = minted.reversePath.replace(/=(.)/, (_, digit) => `=${(Number(digit) + 1) % 10}`);
    await deliver("postfix-backscatter", wrong, minted);
    await deliver("postfix-backscatter-unknown", "nobody@forged.example", minted);
    const rejections = await listed("forged.example", "rejections", 3);
    expect(rejections.map(({ status, disposition, recipient }) => [status, disposition, recipient])).toEqual([
      ["missing", "no-such-address", "nobody@forged.example"],
      ["unknown-key", "rejected", wrong],
      ["missing", "rejected", "alice@forged.example"],
    ]);
    expect(rejections[2]).toMatchObject({
      original: "alice@forged.example",
      from: expect.stringContaining("MAILER-DAEMON"),
      messageId: expect.stringMatching(/^<.*>$/),
    });
    expect((await list("forged.example", "bounces")).items).toEqual([]);
    await counted("forged.example", {
      status: { missing: 2, "unknown-key": 1 },
      disposition: { rejected: 2, "no-such-address": 1 },
    });
  });

  test("in a flood is counted to the last, and sampled", async () => {
    await provision("flood.example");
    const minted = await mint("alice@flood.example");
    const raw = readMessage("postfix-backscatter", minted);
    for (let at = 0; at < 120; at += 1) {
      const one = raw.replace(/^Message-I[dD]: <.*>/m, `Message-ID: <${at}@flood.example.net>`);
      await worker.deliver({ from: "<>", to: "alice@flood.example" }, one);
    }
    await counted("flood.example", { status: { missing: 120 }, disposition: { rejected: 120 } });
    const { items } = await list("flood.example", "rejections", "?limit=1000");
    expect(items.length).toBeGreaterThanOrEqual(20);
    expect(items.length).toBeLessThan(120);
  });

  test("that is observed or exempt is delivered, and is no bounce", async () => {
    await provision("observed.example");
    const minted = await mint("alice@observed.example");
    await deliver("postfix-backscatter", "watched@observed.example", minted);
    await deliver("postfix-backscatter", "dmarc@observed.example", minted);
    expect(await listed("observed.example", "rejections", 1)).toMatchObject([
      { disposition: "would-reject" },
    ]);
    await counted("observed.example", {
      status: { missing: 2 },
      disposition: { "would-reject": 1, forwarded: 1 },
    });
    expect((await list("observed.example", "bounces")).items).toEqual([]);
  });
});

test("ordinary mail is counted too", async () => {
  await provision("ordinary.example");
  const minted = await mint("alice@ordinary.example");
  await deliver("ordinary", "alice@ordinary.example", minted, "bob@example.org");
  await counted("ordinary.example", { status: { missing: 1 }, disposition: { forwarded: 1 } });
  const { days } = await read<{ days: Day[] }>("ordinary.example/stats?days=1");
  expect(days.map(({ day }) => day)).toEqual([new Date().toISOString().slice(0, 10)]);
});

test("pages go on where the one before ended, whatever arrives between", async () => {
  await provision("paged.example");
  const bounce = async (ref: string) => {
    const minted = await mint("robot@paged.example", ref);
    await deliver("postfix-failed", minted.reversePath, minted);
  };
  for (const ref of ["a", "b", "c"]) await bounce(ref);
  const first = await list("paged.example", "bounces", "?limit=2");
  expect(first.items.map(({ ref }) => ref)).toEqual(["c", "b"]);
  await bounce("d");
  const second = await list("paged.example", "bounces", `?limit=2&cursor=${first.cursor}`);
  expect(second).toMatchObject({ items: [{ ref: "a" }], cursor: null });
});

describe("a cap on what a ref may bring", () => {
  test("holds for each address, counts a message once, and takes the evidence from the rest", async () => {
    await provision("capped.example", { maxBouncesPerRef: 2 });
    const minted = await mint("alice@capped.example", "order-7");
    const codes = async (names: readonly string[], { reversePath, ...rest }: Minted) => {
      const answers: number[] = [];
      for (const name of names)
        answers.push((await deliver(name, reversePath, { reversePath, ...rest })).code);
      return answers;
    };
    const names = ["exim-failed", "exim-failed", "postfix-failed", "exim-vacation", "exim-failed"];
    expect(await codes(names, minted)).toEqual([250, 250, 250, 555, 250]);
    const replayed = await worker.deliver(
      { from: "<>", to: minted.reversePath },
      readMessage("postfix-failed", minted).replace(
        /^Message-Id: <.*>/im,
        "Message-ID: <replayed@example.net>",
      ),
    );
    expect(replayed).toMatchObject({ code: 555, logged: { status: "valid", evidence: "none" } });
    const other = await mint("alice@capped.example", "order-8");
    expect(await codes(["exim-failed"], other)).toEqual([250]);
    const plain = await mint("alice@capped.example");
    expect(await codes(["exim-failed", "postfix-failed", "exim-vacation"], plain)).toEqual([250, 250, 250]);
  });
});

test("lists and counts are for those who may read the domain, and refuse what can't be meant", async () => {
  await provision("scoped.example");
  const tokenOf = async (scope: string) => {
    const body = { name: scope, scopes: [scope], domains: ["scoped.example"] };
    return ((await (await worker.call("POST", "/v1/tokens", body)).json()) as { token: string }).token;
  };
  const status = async (path: string, token: string) =>
    (await worker.call("GET", `/v1/domains/${path}`, undefined, { authorization: `Bearer ${token}` })).status;
  const [reader, signer] = [await tokenOf("read"), await tokenOf("sign")];
  for (const what of ["stats", "bounces", "rejections"]) {
    expect(await status(`scoped.example/${what}`, reader)).toBe(200);
    expect(await status(`scoped.example/${what}`, signer)).toBe(403);
    expect(await status(`genuine.example/${what}`, reader)).toBe(403);
    expect((await worker.call("GET", `/v1/domains/absent.example/${what}`)).status).toBe(404);
  }
  for (const days of ["0", "91", "-1", "x", "1.5", ""]) {
    const response = await worker.call("GET", `/v1/domains/scoped.example/stats?days=${days}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "#/days" }] });
  }
  expect((await worker.call("GET", "/v1/domains/scoped.example/stats?days=90")).status).toBe(200);
});

test("a domain that is deleted takes its records along", async () => {
  await provision("gone.example");
  const minted = await mint("robot@gone.example");
  await deliver("postfix-failed", minted.reversePath, minted);
  expect((await list("gone.example", "bounces")).items).toHaveLength(1);
  expect((await worker.call("DELETE", "/v1/domains/gone.example")).status).toBe(204);
  await provision("gone.example");
  expect((await list("gone.example", "bounces")).items).toEqual([]);
  expect(await counts("gone.example")).toEqual({ status: {}, disposition: {} });
});
