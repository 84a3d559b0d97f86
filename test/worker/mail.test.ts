// Real messages through the email event of the built Worker, in workerd with its real KV and Durable Objects.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMessage } from "../../src/local/messages.ts";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";

let worker: LocalWorker;
let minted: { reversePath: string; messageId: string };

const INBOX = "alice@inbox.example";
const UNSIGNED = "5.7.1 This address takes bounces only of mail that it sent.";

const put = (path: string, body: object) => worker.call("PUT", `/v1/domains/${path}`, body);

beforeAll(async () => {
  worker = await startWorker();
  await put("example.com?force=true", { mode: "enforce", exempt: ["dmarc"] });
  const forward = { action: "forward", to: [INBOX] };
  const routes = {
    alice: forward,
    postmaster: forward,
    dmarc: forward,
    watched: { ...forward, mode: "observe" },
    unjudged: { ...forward, mode: "off" },
    robot: { action: "consume" },
    closed: { action: "reject", reason: "Alice has moved." },
  };
  await put("example.com/routes", { routes });
  const response = await worker.call("POST", "/v1/addresses", { address: "alice@example.com" });
  minted = (await response.json()) as typeof minted;
});
afterAll(() => worker.stop());

const deliver = (name: string, to: string, from = "<>") =>
  worker.deliver({ from, to }, readMessage(name, minted));

/** Mints for another address of the domain. */
async function mintFor(address: string): Promise<string> {
  const response = await worker.call("POST", "/v1/addresses", { address });
  return ((await response.json()) as typeof minted).reversePath;
}

describe("a genuine bounce", () => {
  test.each(["exim-failed", "postfix-failed"])(
    "by %s comes back to its reverse-path and is forwarded",
    async (name) => {
      const delivery = await deliver(name, minted.reversePath);
      expect(delivery).toMatchObject({
        code: 250,
        forwards: [{ to: INBOX, headers: { "x-countersign": "valid; by=example.com; evidence=tag" } }],
        logged: { event: "forwarded", original: "alice@example.com", status: "valid", bounce: true },
      });
    },
  );

  test("is known in upper case, as some mailers send it", async () => {
    expect((await deliver("exim-failed", minted.reversePath.toUpperCase())).code).toBe(250);
  });

  test("to an address without a route is consumed and recorded, not refused", async () => {
    const delivery = await deliver("exim-failed", await mintFor("unrouted@example.com"));
    expect(delivery).toMatchObject({
      code: 250,
      forwards: [],
      logged: { disposition: "consumed", status: "valid" },
    });
  });

  test("to a consuming route goes nowhere and is recorded", async () => {
    const delivery = await deliver("exim-failed", await mintFor("robot@example.com"));
    expect(delivery).toMatchObject({ code: 250, forwards: [], logged: { disposition: "consumed" } });
  });
});

describe("a forged bounce", () => {
  test("to the untagged address is rejected", async () => {
    expect(await deliver("postfix-backscatter", "alice@example.com")).toMatchObject({
      code: 555,
      text: UNSIGNED,
      forwards: [],
      logged: { event: "rejected", status: "missing", evidence: "none" },
    });
  });

  test.each([
    ["a changed MAC", (path: string) => path.replace(/.=/, (end) => (end === "0=" ? "1=" : "0="))],
    ["another key number", (path: string) => path.replace("prvs=0", "prvs=7")],
    ["another address", (path: string) => path.replace("alice", "watched+x")],
    ["a malformed tag", (path: string) => path.replace("prvs=0", "prvs=")],
  ])("with %s is not forwarded as genuine", async (_, spoil) => {
    const delivery = await deliver("postfix-failed", spoil(minted.reversePath));
    expect(delivery.forwards.map(({ headers }) => headers["x-countersign-would"])).not.toContain(undefined);
    expect(delivery.logged["evidence"]).toBe("none");
  });

  test("reads the same sentence whatever was wrong", async () => {
    const paths = [
      "alice@example.com",
      minted.reversePath.replace("prvs=0", "prvs=7"),
      minted.reversePath.replace("prvs=0", "prvs="),
      minted.reversePath.replace("=alice", "0=alice"),
    ];
    for (const path of paths) {
      expect(await deliver("postfix-backscatter", path)).toMatchObject({ code: 555, text: UNSIGNED });
    }
  });

  test("to an address that does not exist is told so", async () => {
    expect(await deliver("postfix-backscatter-unknown", "nobody@example.com")).toMatchObject({
      code: 555,
      text: "5.7.1 Address does not exist.",
      logged: { disposition: "no-such-address" },
    });
  });

  test("to a route that observes is delivered, and says what would have been", async () => {
    expect(await deliver("postfix-backscatter", "watched@example.com")).toMatchObject({
      code: 250,
      forwards: [
        {
          to: INBOX,
          headers: {
            "x-countersign": "missing; by=example.com; evidence=none",
            "x-countersign-would": "reject",
          },
        },
      ],
      logged: { disposition: "would-reject" },
    });
  });

  test("to a route that judges nothing is delivered", async () => {
    expect(await deliver("postfix-backscatter", "unjudged@example.com")).toMatchObject({
      code: 250,
      logged: { event: "forwarded" },
    });
  });

  test.each(["postmaster@example.com", "dmarc@example.com"])("to the exempt %s is delivered", async (to) => {
    const { forwards } = await deliver("postfix-backscatter", to);
    expect(forwards[0]?.headers["x-countersign"]).toBe("missing; by=example.com; evidence=exempt");
  });
});

describe.each([
  "exim-vacation",
  "dovecot-vacation",
  "exchange-out-of-office",
  "exchange-read-receipt",
  "gmail-vacation",
  "thunderbird-read-receipt",
])("the automatic reply %s to the untagged address", (name) => {
  test("passes on the Message-ID that it answers, and its ref comes with it", async () => {
    expect(await deliver(name, "alice@example.com")).toMatchObject({
      code: 250,
      forwards: [{ headers: { "x-countersign": "missing; by=example.com; evidence=message-id" } }],
      logged: { ref: null },
    });
    const response = await worker.call("POST", "/v1/addresses", {
      address: "alice@example.com",
      ref: "order-7",
    });
    const referred = (await response.json()) as typeof minted;
    expect(
      await worker.deliver({ from: "<>", to: "alice@example.com" }, readMessage(name, referred)),
    ).toMatchObject({ code: 250, logged: { evidence: "message-id", ref: "order-7" } });
  });

  test.each([
    ["of another sender", () => minted.messageId, "closed-not@example.com"],
    ["of other software", () => "<4c1d77aa.0b2e@example.com>", "alice@example.com"],
    ["with another day", () => minted.messageId.replace(/^<cs1.0..../, "<cs1.0zzzz"), "alice@example.com"],
    ["with another nonce", () => minted.messageId.replace(/.{3}@/, "aaa@"), "alice@example.com"],
    ["with a ref put in", () => minted.messageId.replace("@", ".order-7@"), "alice@example.com"],
    ["of another domain", () => minted.messageId.replace("@example", "@modes.example"), "alice@example.com"],
  ])("does not pass on a Message-ID %s", async (_, messageId, to) => {
    await worker.call("PUT", "/v1/domains/example.com/routes/closed-not", { action: "forward", to: [INBOX] });
    const raw = readMessage(name, { ...minted, messageId: messageId() });
    expect(await worker.deliver({ from: "<>", to }, raw)).toMatchObject({ code: 555, text: UNSIGNED });
  });
});

test("a read receipt that names its message in the report alone passes only where the look is enough", async () => {
  expect((await deliver("outlook-read-receipt", "alice@example.com")).code).toBe(555);
  await put("looks.example?force=true", { mode: "enforce", autoReplies: "accept" });
  await put("looks.example/routes/alice", { action: "forward", to: [INBOX] });
  for (const name of ["outlook-read-receipt", "exim-vacation", "dovecot-vacation"]) {
    const raw = readMessage(name, { ...minted, messageId: "<replaced-by-the-relay@example.net>" });
    expect(await worker.deliver({ from: "<>", to: "alice@looks.example" }, raw)).toMatchObject({
      code: 250,
      logged: { evidence: "auto-reply" },
    });
  }
  expect((await deliver("postfix-backscatter", "alice@looks.example")).code).toBe(555);
});

describe("ordinary mail", () => {
  test("passes, without a header of ours", async () => {
    const delivery = await deliver("ordinary", "Alice@EXAMPLE.com", "bob@example.org");
    expect(delivery).toMatchObject({ code: 250, forwards: [{ to: INBOX }] });
    expect(delivery.forwards[0]?.headers).not.toHaveProperty("x-countersign");
  });

  test.each(["", "x"])(
    "to a tagged address is delivered to the original (tag spoiled by %j)",
    async (spoil) => {
      const to = minted.reversePath.replace("=alice", `${spoil}=alice`);
      const delivery = await deliver("ordinary", to, "bob@example.org");
      expect(delivery).toMatchObject({ code: 250, forwards: [{ to: INBOX }] });
      expect(delivery.forwards[0]?.headers["x-countersign"]).toContain(
        spoil === "" ? "valid;" : "malformed;",
      );
    },
  );

  test("to a consuming route is told what the address takes", async () => {
    expect(await deliver("ordinary", "robot@example.com", "bob@example.org")).toMatchObject({
      code: 555,
      text: "5.7.1 This address takes delivery reports only.",
    });
  });

  test("to a rejecting route reads its reason", async () => {
    expect(await deliver("ordinary", "closed@example.com", "bob@example.org")).toMatchObject({
      code: 555,
      text: "5.7.1 Alice has moved.",
      logged: { disposition: "route-rejected" },
    });
  });

  test("to another domain is told that the address does not exist", async () => {
    expect(await deliver("ordinary", "alice@example.org", "bob@example.org")).toMatchObject({
      code: 555,
      text: "5.7.1 Address does not exist.",
    });
  });
});

test("a whole domain observes, enforces, or does neither, from one request to the next", async () => {
  await put("modes.example", {});
  await put("modes.example/routes/alice", { action: "forward", to: [INBOX] });
  const forge = async () => {
    const { logged } = await deliver("postfix-backscatter", "alice@modes.example");
    return logged["disposition"];
  };
  expect(await forge()).toBe("would-reject");
  await worker.call("PATCH", "/v1/domains/modes.example?force=true", { mode: "enforce" });
  expect(await forge()).toBe("rejected");
  await worker.call("PATCH", "/v1/domains/modes.example", { mode: "off" });
  expect(await forge()).toBe("forwarded");
});

test("a mailer-daemon with an address of its own is judged where the domain asks for that", async () => {
  await put("daemon.example?force=true", { mode: "enforce", bounceSenders: "mailer-daemon" });
  await put("daemon.example/routes/alice", { action: "forward", to: [INBOX] });
  const from = "MAILER-DAEMON@example.net";
  expect((await deliver("postfix-backscatter", "alice@daemon.example", from)).code).toBe(555);
  expect((await deliver("ordinary", "alice@daemon.example", from)).code).toBe(250);
  expect((await deliver("postfix-backscatter", "alice@example.com", from)).code).toBe(250);
});
