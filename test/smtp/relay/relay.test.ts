// The signing relay between a client and a smarthost, with the real Worker minting.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Countersign } from "../../../src/client/countersign.ts";
import { type LocalWorker, startWorker } from "../../../src/local/worker.ts";
import type { Listener } from "../../../src/smtp/listener.ts";
import type { MessageIdMode } from "../../../src/smtp/relay/message-id.ts";
import { Minter } from "../../../src/smtp/relay/minter.ts";
import { startRelay } from "../../../src/smtp/relay/relay.ts";
import { createMatcher } from "../../../src/smtp/relay/sender.ts";
import { type Client, connectTo, MESSAGE, send } from "../client.ts";
import { type Smarthost, startSmarthost } from "../smarthost.ts";

const TAGGED = /^prvs=\d{4}[0-9a-f]{6}=alice@example\.com$/;
const SIGNED_ID = /^Message-ID: (<cs1\.[0-9a-z.-]+@example\.com>)\r$/m;

let worker: LocalWorker;
let url: string;
let token: string;
let smarthost: Smarthost;
let relay: Listener;
let client: Client;
let calls: number;
let lines: Record<string, unknown>[];

beforeAll(async () => {
  worker = await startWorker();
  await worker.client.domains.put("example.com", { mode: "observe" });
  await worker.client.domains.put("other.example", { mode: "observe" });
  url = await worker.url();
  ({ token } = await worker.client.tokens.create({
    name: "relay",
    scopes: ["sign"],
    domains: ["example.com"],
  }));
});
afterAll(() => worker.stop());

async function start(
  options: { mode?: MessageIdMode; token?: string; url?: string; mustSign?: string[] } = {},
) {
  client?.close();
  await relay?.close();
  const counted: typeof fetch = (...given) => {
    calls++;
    return fetch(...given);
  };
  const api = new Countersign({
    url: options.url ?? url,
    token: options.token ?? token,
    fetch: counted,
    timeoutMs: 1000,
  });
  relay = await startRelay({
    listening: { host: "127.0.0.1", port: 0, tls: null, credentials: null, octetsAtMost: null },
    smarthost: { host: "127.0.0.1", port: smarthost.port, tls: "none", credentials: null },
    minter: new Minter(api, createMatcher(options.mustSign ?? [])),
    messageId: options.mode ?? "add",
    isUntagged: createMatcher(["lists.example.org", "announce@example.net"]),
    isBounceSigned: createMatcher(["example.com"]),
    name: "relay.example.com",
    log: (line) => lines.push(line),
  });
  client = await connectTo(relay.port);
}

beforeEach(async () => {
  calls = 0;
  lines = [];
  smarthost = await startSmarthost();
  await start();
});
afterEach(async () => {
  client.close();
  await relay.close();
  await smarthost.close();
});

const ALICE = { from: "alice@example.com", to: ["bob@example.org"] };

describe("a message of a domain that is signed for", () => {
  test("goes on under a signed reverse-path, minted once for all its recipients", async () => {
    const answers = await send(client, { ...ALICE, to: ["bob@example.org", "carol@example.net"] });
    expect(answers.message).toBe("250 2.0.0 taken as number 1");
    const [taken] = smarthost.taken;
    expect(taken?.reversePath).toMatch(TAGGED);
    expect(taken?.recipients).toEqual(["bob@example.org", "carol@example.net"]);
    expect(calls).toBe(1);
    expect(await worker.clientFor(token).mint("alice@example.com")).toMatchObject({
      reversePath: taken?.reversePath,
    });
  });

  test("keeps every octet but for a trace and a Message-ID", async () => {
    await send(client, { ...ALICE, message: `${MESSAGE}\r\n.\r\n..two\r\nK\xf6ln` });
    const [trace, ...rest] = (smarthost.taken[0]?.message ?? "").split(/\r\n(?!\t)/);
    expect(trace).toMatch(
      /^Received: from app\.example\.com \(\[127\.0\.0\.1\]\)\r\n\tby relay\.example\.com with ESMTP id \w+;\r\n\t\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000$/,
    );
    const without = rest.filter((line) => !line.startsWith("Message-ID:")).join("\r\n");
    expect(without).toBe(`${MESSAGE}\r\n.\r\n..two\r\nK\xc3\xb6ln\r\n`);
  });

  test("has the smarthost's word on each recipient, and on the message", async () => {
    smarthost.answers.recipient = (path) => (path.startsWith("bob") ? "550 5.1.1 No such user here" : null);
    smarthost.answers.message = () => "554 5.7.1 This looks like spam";
    const answers = await send(client, { ...ALICE, to: ["bob@example.org", "carol@example.net"] });
    expect(answers.recipients).toEqual(["550 5.1.1 No such user here", "250 Accepted"]);
    expect(answers.message).toBe("554 5.7.1 This looks like spam");
    expect(lines).toMatchObject([
      { event: "refused", sender: "alice@example.com", recipient: "bob@example.org", code: 550 },
      { event: "refused", sender: "alice@example.com", recipients: 1, code: 554 },
    ]);
  });

  test("whose sender the smarthost refuses is refused with its words", async () => {
    smarthost.answers.mail = () => "550 5.7.1 Not from you";
    expect((await send(client, ALICE)).recipients).toEqual(["550 5.7.1 Not from you"]);
  });

  test("follows another in the same session, over the same connection", async () => {
    await send(client, ALICE);
    await send(client, { ...ALICE, from: "" });
    expect(smarthost.taken.map(({ reversePath }) => reversePath)).toEqual([
      expect.stringMatching(TAGGED),
      "",
    ]);
    expect(smarthost.connections()).toBe(1);
  });

  test("is forgotten by RSET", async () => {
    await client.say("MAIL FROM:<alice@example.com>");
    await client.say("RCPT TO:<bob@example.org>");
    await client.say("RSET");
    await send(client, { ...ALICE, to: ["carol@example.net"] });
    expect(smarthost.taken).toMatchObject([{ recipients: ["carol@example.net"] }]);
  });

  test("announces its size, with room for what is added, and its 8-bit body", async () => {
    await smarthost.close();
    smarthost = await startSmarthost({ size: 10_000 });
    await start();
    await send(client, { ...ALICE, parameters: " SIZE=500 BODY=8BITMIME" });
    expect(smarthost.taken[0]?.parameters).toEqual({ SIZE: "2548", BODY: "8BITMIME" });
    expect((await send(client, { ...ALICE, parameters: " SIZE=9000" })).recipients[0]).toMatch(/^552 /);
    // Clients announce it where it is offered.
    expect(await client.say("EHLO app.example.com")).toMatch(/^250[ -]SIZE\r?$/m);
  });
});

describe("what passes unchanged", () => {
  test.each([
    "prvs=0788000000=alice@example.com",
    "cs1=0aaaaaaaaaaaaaaaaaaaa=alice@example.com",
    "btv1==1==x@example.com",
    "alice+prvs=0788000000@example.com",
  ])("the tagged reverse-path %s", async (from) => {
    expect((await send(client, { ...ALICE, from })).message).toMatch(/^250 /);
    expect(smarthost.taken[0]?.reversePath).toBe(from);
    expect(smarthost.taken[0]?.message).not.toMatch(/^Message-ID/m);
    expect(calls).toBe(0);
    expect(JSON.stringify(lines)).not.toContain("788000000");
  });

  test("the null sender", async () => {
    expect((await send(client, { ...ALICE, from: "" })).message).toMatch(/^250 /);
    expect(smarthost.taken[0]?.reversePath).toBe("");
    expect(calls).toBe(0);
  });

  test.each([
    "eve@elsewhere.example",
    "bob@other.example",
    `${"v".repeat(60)}@elsewhere.example`,
    "'odd.'@elsewhere.example",
    "x.@elsewhere.example",
    "a@[192.0.2.1]",
  ])("the foreign sender %s", async (from) => {
    expect((await send(client, { ...ALICE, from })).message).toMatch(/^250 /);
    expect(smarthost.taken[0]?.reversePath).toBe(from);
    expect(lines).toMatchObject([{ event: "passed", signed: false, why: "foreign" }]);
  });
});

describe("what can't be signed", () => {
  test("is put off while the API is down, and nothing of it reaches the smarthost", async () => {
    await start({ url: "http://127.0.0.1:1" });
    const answers = await send(client, ALICE);
    expect(answers).toMatchObject({
      recipients: [expect.stringMatching(/^451 4\.3\.0 .*try again later/)],
      message: null,
    });
    expect(smarthost.commands).toEqual([]);
    expect(lines).toMatchObject([
      { event: "deferred", code: 451, cause: expect.stringContaining("No answer came") },
    ]);
  });

  test("is put off for its further recipients without another call", async () => {
    await start({ token: "cs_unknown" });
    const { recipients } = await send(client, { ...ALICE, to: ["bob@example.org", "carol@example.net"] });
    expect(recipients).toEqual([expect.stringMatching(/^451/), expect.stringMatching(/^451/)]);
    expect(calls).toBe(1);
  });

  test("is put off where the token may not sign at all, and is not taken for foreign", async () => {
    const reader = await worker.client.tokens.create({ name: "reader", scopes: ["read"], domains: ["*"] });
    await start({ token: reader.token });
    expect((await send(client, ALICE)).recipients).toEqual([expect.stringMatching(/^451/)]);
  });

  test("goes on where its domain must be signed and its From is another's", async () => {
    await start({ mustSign: ["example.com"] });
    const message = MESSAGE.replace("alice@example.com", "carol@elsewhere.example");
    expect((await send(client, { ...ALICE, message })).message).toMatch(/^250/);
    expect(smarthost.taken).toMatchObject([{ reversePath: expect.stringMatching(TAGGED) }]);
  });

  test("is put off where its domain must be signed and the API does not sign for it", async () => {
    await start({ mustSign: ["other.example"] });
    expect((await send(client, { ...ALICE, from: "bob@other.example" })).recipients).toEqual([
      expect.stringMatching(/^451/),
    ]);
  });

  test.each([
    "alice@example.com(x)",
    "alice@(x)example.com",
    "alice@example.com,",
    "alice@example.com;",
    'alice@"example.com"',
    "alice@example\\.com",
    "alice@example.com.",
    "alice@Example.com.",
    "alice@-example.com",
    `${"a".repeat(60)}@${"d.".repeat(100)}example.com`,
  ])("is refused where the next server might read it as signed for: %s", async (from) => {
    expect((await send(client, { ...ALICE, from })).mail).toMatch(/^5(?:53 5\.1\.7|01) /);
    expect(calls).toBe(0);
    expect(smarthost.commands).toEqual([]);
  });

  test.each(['"alice"@example.com', "alice(x)@example.com", "alice;@Example.com", ".alice@example.com"])(
    "is refused where no address like it can be signed: %s",
    async (from) => {
      expect((await send(client, { ...ALICE, from })).recipients).toEqual([
        expect.stringMatching(/^553 5\.1\.7 /),
      ]);
      expect(calls).toBe(2);
      expect(smarthost.commands).toEqual([]);
    },
  );

  test("is refused for good where its address never can be, with the reason", async () => {
    const answers = await send(client, { ...ALICE, from: `${"a".repeat(49)}@example.com` });
    expect(answers.recipients).toEqual([expect.stringMatching(/^553 5\.1\.7 .*octets/)]);
    expect(smarthost.commands).toEqual([]);
  });

  test("and the null sender, a tagged and an untagged one pass while the API is down", async () => {
    await start({ url: "http://127.0.0.1:1" });
    await send(client, { ...ALICE, from: "" });
    await send(client, { ...ALICE, from: "prvs=0788000000=alice@example.com" });
    await send(client, { ...ALICE, to: ["list@lists.example.org"] });
    expect(smarthost.taken).toHaveLength(3);
  });
});

describe("a destination that gets no tag", () => {
  test("has the message as it came", async () => {
    await send(client, { ...ALICE, to: ["dev@lists.example.org", "Announce@Example.NET"] });
    expect(smarthost.taken).toMatchObject([
      { reversePath: "alice@example.com", recipients: ["dev@lists.example.org", "Announce@Example.NET"] },
    ]);
    expect(calls).toBe(0);
  });

  test("is told to come apart from those that get one, and the other way round", async () => {
    const mixed = ["bob@example.org", "dev@lists.example.org", "carol@example.net"];
    const first = await send(client, { ...ALICE, to: mixed });
    expect(first.recipients).toEqual([
      "250 Accepted",
      expect.stringMatching(/^452 4\.5\.3 /),
      "250 Accepted",
    ]);
    const second = await send(client, { ...ALICE, to: [...mixed].reverse().slice(1) });
    expect(second.recipients).toEqual(["250 Accepted", expect.stringMatching(/^452 4\.5\.3 /)]);
    expect(smarthost.taken).toMatchObject([
      { reversePath: expect.stringMatching(TAGGED), recipients: ["bob@example.org", "carol@example.net"] },
      { reversePath: "alice@example.com", recipients: ["dev@lists.example.org"] },
    ]);
  });

  test("is taken at once where those before it were all refused", async () => {
    smarthost.answers.recipient = (path) => (path.startsWith("bob") ? "550 5.1.1 No such user here" : null);
    const { recipients } = await send(client, { ...ALICE, to: ["bob@example.org", "dev@lists.example.org"] });
    expect(recipients).toEqual([expect.stringMatching(/^550/), "250 Accepted"]);
    expect(smarthost.taken).toMatchObject([{ reversePath: "alice@example.com" }]);
  });
});

describe("the signed Message-ID", () => {
  const OWN = `Message-ID: <own@example.com>\r\n${MESSAGE}`;
  const messageOf = async (message: string) => {
    expect((await send(client, { ...ALICE, message })).message).toMatch(/^250 /);
    return smarthost.taken.at(-1)?.message ?? "";
  };

  /** Whether an auto-reply to the message passes at the address. */
  async function isAnswerable(messageId: string | undefined, address: string): Promise<boolean> {
    const raw = `Message-ID: <a@example.org>\r\nFrom: bob@example.org\r\nIn-Reply-To: ${messageId}\r\n\r\nAway.\r\n`;
    const { logged } = await worker.deliver({ from: "<>", to: address }, raw);
    return logged["evidence"] === "message-id";
  }

  test("is added where there is none, bound to the sender", async () => {
    const [, added] = SIGNED_ID.exec(await messageOf(MESSAGE)) ?? [];
    expect(await isAnswerable(added, "alice@example.com")).toBe(true);
    expect(await isAnswerable(added, "carol@example.com")).toBe(false);
    expect(calls).toBe(1);
  });

  test("is another for each message", async () => {
    expect(SIGNED_ID.exec(await messageOf(MESSAGE))?.[1]).not.toBe(
      SIGNED_ID.exec(await messageOf(MESSAGE))?.[1],
    );
  });

  test("is bound to the From address where that is another", async () => {
    const raw = await messageOf(
      MESSAGE.replace("Alice <alice@example.com>", '"Sales, Example" <Sales@example.com>'),
    );
    const [, added] = SIGNED_ID.exec(raw) ?? [];
    expect(await isAnswerable(added, "sales@example.com")).toBe(true);
    expect(await isAnswerable(added, "alice@example.com")).toBe(false);
  });

  test.each([
    "From: eve@elsewhere.example",
    "From: a@example.com, b@example.com",
    "From: nobody",
    "X-No: From",
  ])("is left out with the header %s", async (from) => {
    expect(await messageOf(`${from}\r\nSubject: x\r\n\r\nx`)).not.toContain("Message-ID:");
  });

  test("is not added where there is one", async () => {
    expect(await messageOf(OWN)).toContain("\r\nMessage-ID: <own@example.com>\r\n");
    expect(smarthost.taken[0]?.message).not.toMatch(SIGNED_ID);
  });

  test("takes the place of another with `replace`", async () => {
    await start({ mode: "replace" });
    const raw = await messageOf(OWN);
    expect(raw).not.toContain("own@example.com");
    expect(raw.match(/^Message-ID:/gm)).toHaveLength(1);
    expect(raw).toMatch(SIGNED_ID);
  });

  test("is never put in with `keep`", async () => {
    await start({ mode: "keep" });
    expect(await messageOf(MESSAGE)).not.toContain("Message-ID:");
  });

  test("is never put in under a DKIM signature, which may cover it", async () => {
    await start({ mode: "replace" });
    expect(await messageOf(`DKIM-Signature: v=1; h=from:message-id\r\n${OWN}`)).toContain(
      "<own@example.com>",
    );
  });
});

describe("the app's own ref", () => {
  const NAMED = `X-Countersign-Ref: order-7\r\n${MESSAGE}`;

  test("stands in the tag and the Message-ID, and goes no further as a field", async () => {
    const answers = await send(client, {
      ...ALICE,
      to: ["bob@example.org", "carol@example.net"],
      message: NAMED,
    });
    expect(answers.message).toMatch(/^250 /);
    expect(smarthost.taken).toMatchObject([
      {
        reversePath: expect.stringMatching(/^cs1=\w+-order-7=alice@example\.com$/),
        recipients: ["bob@example.org", "carol@example.net"],
      },
    ]);
    expect(smarthost.taken[0]?.message).not.toContain("X-Countersign");
    expect(smarthost.taken[0]?.message).toMatch(/^Message-ID: <cs1\..*\.order-7@example\.com>\r$/m);
  });

  test("is taken out of what goes on unsigned too, and of a header with a line that is no field", async () => {
    await send(client, { ...ALICE, from: "eve@elsewhere.example", message: NAMED });
    await send(client, { ...ALICE, from: "", message: NAMED });
    await send(client, { ...ALICE, message: NAMED.replace("\r\n\r\n", "\r\nno field\r\n\r\n") });
    expect(smarthost.taken.map(({ message }) => message.includes("X-Countersign"))).toEqual([
      false,
      false,
      false,
    ]);
    expect(smarthost.taken[2]?.reversePath).toMatch(/-order-7=/);
  });

  test("in a header that is too large to be read has the message refused", async () => {
    const { message } = await send(client, { ...ALICE, message: `X-A: ${"b".repeat(300_000)}\r\n${NAMED}` });
    // Where it is found at all.
    expect(message).toMatch(/^250/);
    const ahead = NAMED.replace("\r\n", `\r\nX-A: ${"b".repeat(300_000)}\r\n`);
    expect((await send(client, { ...ALICE, message: ahead })).message).toMatch(
      /^554 5\.6\.0 X-Countersign-Ref/,
    );
  });

  test("goes with a From that is not signed for, whose Message-ID stays away", async () => {
    await send(client, { ...ALICE, message: NAMED.replace("alice@example.com", "eve@elsewhere.example") });
    expect(smarthost.taken[0]?.reversePath).toMatch(/-order-7=/);
    expect(smarthost.taken[0]?.message).not.toContain("Message-ID:");
  });

  test.each(["Order no. 7", "order-7-", "x".repeat(70_000), "ör"])("%s is none, and refused", async (ref) => {
    const { message } = await send(client, { ...ALICE, message: NAMED.replace("order-7", ref) });
    expect(message).toMatch(/^554 5\.6\.0 X-Countersign-Ref: 1 to 24 of a-z, 0-9 and - are expected/);
    expect(smarthost.taken).toEqual([]);
  });

  test("that leaves the address too little room is refused, with the reason", async () => {
    const from = `${"a".repeat(36)}@example.com`;
    const { message } = await send(client, { from, to: ALICE.to, message: NAMED });
    expect(message).toMatch(/^554 5\.6\.0 X-Countersign-Ref: .*octets/);
    expect(smarthost.taken).toEqual([]);
  });

  test("is put off where the API fails by then", async () => {
    await client.say("MAIL FROM:<alice@example.com>");
    await client.say("RCPT TO:<bob@example.org>");
    await worker.client.domains.put("example.com", { mode: "observe" });
    const [id] = [await idOf(token)];
    await worker.client.tokens.revoke(id);
    await client.say("DATA");
    expect(await client.say(`${NAMED}\r\n.`)).toMatch(/^451 4\.3\.0 /);
    expect(smarthost.taken).toEqual([]);
    ({ token } = await worker.client.tokens.create({
      name: "relay",
      scopes: ["sign"],
      domains: ["example.com"],
    }));
  });
});

async function idOf(bearer: string): Promise<string> {
  for await (const { id } of worker.client.tokens.list()) if (bearer.includes(id)) return id;
  throw new Error("There is no such token.");
}

describe("a bounce that a client makes itself", () => {
  test("has a tag put on the forward-path, where that is asked for, and is accepted by the Worker", async () => {
    await send(client, { from: "", to: ["alice@example.com"] });
    expect(smarthost.taken).toMatchObject([{ reversePath: "", recipients: [expect.stringMatching(TAGGED)] }]);
    const { logged } = await worker.deliver(
      { from: "<>", to: smarthost.taken[0]?.recipients[0] ?? "" },
      "Message-ID: <b@example.com>\r\nFrom: mailer-daemon@example.com\r\n\r\nx\r\n",
    );
    expect(logged).toMatchObject({ status: "valid" });
  });

  test("keeps the forward-path that has a tag, and that of another domain", async () => {
    const to = ["prvs=0788000000=alice@example.com", "bob@example.org"];
    await send(client, { from: "", to });
    expect(smarthost.taken).toMatchObject([{ recipients: to }]);
  });
});
