// The relay where something breaks: a smarthost that puts off, hangs up or is not there, a client that goes away in the middle.
// A message is then put off or refused by somebody's own words; it is never half sent, never unsigned, never lost.

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Countersign } from "../../../src/client/countersign.ts";
import { type LocalWorker, startWorker } from "../../../src/local/worker.ts";
import type { Listener } from "../../../src/smtp/listener.ts";
import { Minter } from "../../../src/smtp/relay/minter.ts";
import { startRelay } from "../../../src/smtp/relay/relay.ts";
import { createMatcher } from "../../../src/smtp/relay/sender.ts";
import { type Client, connectTo, MESSAGE, send } from "../client.ts";
import { type Smarthost, startSmarthost } from "../smarthost.ts";

const ALICE = { from: "alice@example.com", to: ["bob@example.org"] };
const NAMED = `X-Countersign-Ref: order-7\r\n${MESSAGE}`;

let worker: LocalWorker;
let smarthost: Smarthost;
let relay: Listener;
let client: Client;
let lines: Record<string, unknown>[];

beforeAll(async () => {
  worker = await startWorker();
  await worker.client.domains.put("example.com", { mode: "observe" });
});
afterAll(() => worker.stop());

const startBefore = (port: number, minter = new Minter(worker.client, () => false)) =>
  startRelay({
    listening: { host: "127.0.0.1", port: 0, tls: null, credentials: null, octetsAtMost: null },
    smarthost: { host: "127.0.0.1", port, tls: "none", credentials: null },
    minter,
    messageId: "add",
    isUntagged: createMatcher([]),
    isBounceSigned: createMatcher([]),
    name: "relay.example.com",
    log: (line) => lines.push(line),
  });

beforeEach(async () => {
  lines = [];
  smarthost = await startSmarthost();
  relay = await startBefore(smarthost.port);
  client = await connectTo(relay.port);
});
afterEach(async () => {
  vi.useRealTimers();
  client.close();
  await relay.close();
  await smarthost.close();
});

describe("a retry of what the smarthost put off", () => {
  /** Another key signs from now on, so that what is minted now differs from what was. */
  const changeTags = async () => {
    const secret = `secret of ${Math.random()}`;
    await worker.client.domains.delete("example.com");
    await worker.client.domains.put("example.com", { mode: "observe", keys: [{ number: 1, secret }] });
  };
  const pathsOf = () => smarthost.commands.filter((command) => command.startsWith("MAIL"));
  const greylist = () => {
    const seen = new Set<string>();
    smarthost.answers.recipient = (to, from) => {
      const triplet = `${from} ${to}`;
      const isKnown = seen.has(triplet);
      seen.add(triplet);
      return isKnown ? null : "450 4.7.1 Greylisted";
    };
  };

  test("bears the same reverse-path, though another would be minted by then", async () => {
    greylist();
    expect((await send(client, ALICE)).recipients).toEqual(["450 4.7.1 Greylisted"]);
    await changeTags();
    expect((await send(client, ALICE)).message).toMatch(/^250/);
    const [first, second] = pathsOf();
    expect(second).toBe(first);
  });

  test.each([
    ["MAIL", { mail: () => "451 4.7.1 Not now" }],
    ["the message", { message: () => "451 4.7.1 Not now" }],
  ])("bears the same after a 4xx to %s", async (_, answers) => {
    smarthost.answers = answers;
    await send(client, { ...ALICE, to: ["bob@example.org", "carol@example.net"] });
    smarthost.answers = {};
    await changeTags();
    await send(client, { ...ALICE, to: ["Carol@example.net"] });
    const [first, second] = pathsOf();
    expect(second).toBe(first);
  });

  test("to another recipient, or of another sender, is none", async () => {
    greylist();
    await send(client, ALICE);
    await changeTags();
    await send(client, { ...ALICE, to: ["carol@example.net"] });
    await send(client, { ...ALICE, from: "dora@example.com" });
    expect(new Set(pathsOf())).toHaveLength(3);
  });

  test("after a 5xx is none", async () => {
    smarthost.answers = { message: () => "554 5.7.1 No" };
    await send(client, ALICE);
    smarthost.answers = {};
    await changeTags();
    await send(client, ALICE);
    const [first, second] = pathsOf();
    expect(second).not.toBe(first);
  });

  test("bears the same with a ref, and a Message-ID of its own", async () => {
    smarthost.answers.message = () => "451 4.7.1 Not now";
    await send(client, { ...ALICE, message: NAMED });
    smarthost.answers = {};
    await changeTags();
    await send(client, { ...ALICE, message: NAMED });
    const named = pathsOf().filter((path) => path.includes("-order-7="));
    expect(named).toHaveLength(2);
    expect(named[1]).toBe(named[0]);
  });

  test("with a ref goes through a greylisting smarthost in the end", async () => {
    greylist();
    const replies: (string | undefined)[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      await changeTags();
      const { recipients, message } = await send(client, { ...ALICE, message: NAMED });
      replies.push(message ?? recipients[0]);
    }
    expect(replies).toEqual(["450 4.7.1 Greylisted", "450 4.7.1 Greylisted", "250 2.0.0 taken as number 1"]);
    expect(smarthost.taken).toMatchObject([{ reversePath: expect.stringContaining("-order-7=") }]);
  });

  test("after a day is signed anew", async () => {
    greylist();
    await send(client, ALICE);
    await changeTags();
    const now = Date.now();
    vi.spyOn(Date, "now").mockImplementation(() => now + 24 * 3_600_000);
    await send(client, ALICE);
    vi.restoreAllMocks();
    const [first, second] = pathsOf();
    expect(second).not.toBe(first);
  });
});

/** A smarthost that hangs up when it reads this line. */
async function startDying(
  at: RegExp,
  reply = "",
): Promise<{ server: Server; port: number; heard: () => string }> {
  let heard = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let inMessage = false;
    socket.on("error", () => undefined);
    socket.write("220 mx.example.org\r\n");
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      for (const line of chunk.toString("latin1").split("\r\n")) {
        if (at.test(line)) return void socket.end(reply);
        if (line === "DATA") inMessage = true;
        if (/^(EHLO|MAIL|RCPT|RSET|DATA)/.test(line))
          socket.write(line === "DATA" ? "354 go on\r\n" : "250 ok\r\n");
        if (inMessage && line === ".") socket.write("250 taken\r\n");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.on("close", () => {
    for (const socket of sockets) socket.destroy();
  });
  return { server, port: (server.address() as { port: number }).port, heard: () => heard };
}

describe("a smarthost that hangs up", () => {
  test.each([/^EHLO/, /^MAIL/, /^RCPT/, /^DATA/, /^Subject/, /^\.$/])(
    "at %s puts the message off",
    async (at) => {
      const dying = await startDying(at);
      const before = await startBefore(dying.port);
      const talking = await connectTo(before.port);
      const { recipients, message } = await send(talking, ALICE);
      expect(message ?? recipients[0]).toMatch(/^451 4\.4\.1 The smarthost can't be reached/);
      // The session goes on, and so does its next message.
      expect(await talking.say("NOOP")).toMatch(/^250/);
      talking.close();
      dying.server.close();
      await before.close();
    },
  );

  test("between two recipients puts off both, and the message with them", async () => {
    const dying = await startDying(/^RCPT TO:<carol/);
    const before = await startBefore(dying.port);
    const talking = await connectTo(before.port);
    const { recipients, message } = await send(talking, {
      ...ALICE,
      to: ["bob@example.org", "carol@example.net", "dora@example.net"],
    });
    expect(recipients).toEqual([
      "250 Accepted",
      expect.stringMatching(/^451/),
      expect.stringMatching(/^451/),
    ]);
    expect(message).toMatch(/^451/);
    expect(dying.heard()).not.toContain("dora");
    talking.close();
    dying.server.close();
    await before.close();
  });

  test("with a last word has it handed on", async () => {
    const dying = await startDying(/^Subject/, "552 5.3.4 Too large\r\n");
    const before = await startBefore(dying.port);
    const talking = await connectTo(before.port);
    expect((await send(talking, { ...ALICE, message: MESSAGE + "x".repeat(3_000_000) })).message).toBe(
      "552 5.3.4 Too large",
    );
    talking.close();
    dying.server.close();
    await before.close();
  });

  test("with 421 does not have the client hung up on", async () => {
    smarthost.answers.recipient = () => "421 4.3.2 Closing down";
    expect((await send(client, ALICE)).recipients).toEqual(["451 4.3.2 Closing down"]);
    smarthost.answers = {};
    expect((await send(client, ALICE)).message).toMatch(/^250/);
  });

  test("while the client's session is idle is connected to again", async () => {
    await send(client, ALICE);
    await smarthost.close();
    const again = await startSmarthost();
    expect((await send(client, ALICE)).recipients).toEqual([expect.stringMatching(/^451 4\.4\.1/)]);
    await again.close();
  });

  test("or is not there puts the message off", async () => {
    await smarthost.close();
    expect((await send(client, ALICE)).recipients).toEqual([expect.stringMatching(/^451 4\.4\.1/)]);
    expect(lines).toMatchObject([{ event: "deferred", cause: expect.stringContaining("ECONNREFUSED") }]);
  });
});

describe("an API that answers what is none of its answers", () => {
  const MINTED = {
    reversePath: "prvs=0788cf2ac1=alice@example.com",
    messageId: "<a@example.com>",
    ref: null,
  };

  test.each([
    ["nothing of use", {}],
    ["the address without a tag", { ...MINTED, reversePath: "alice@example.com" }],
    [
      "a reverse-path with a line end",
      { ...MINTED, reversePath: "prvs=0788cf2ac1=alice@example.com\r\nRSET" },
    ],
    [
      "a reverse-path with a parameter",
      { ...MINTED, reversePath: "prvs=0788cf2ac1=alice@example.com> BODY=7BIT" },
    ],
    ["a Message-ID with a line end", { ...MINTED, messageId: "<a@example.com>\r\nBcc: eve@example.net" }],
  ])("with %s has the message put off", async (_, answer) => {
    const api = new Countersign({
      url: "http://127.0.0.1",
      token: "cs_x",
      fetch: async () => Response.json(answer),
    });
    const before = await startBefore(smarthost.port, new Minter(api, () => false));
    const talking = await connectTo(before.port);
    expect((await send(talking, ALICE)).recipients).toEqual([expect.stringMatching(/^451 4\.3\.0/)]);
    expect(smarthost.commands).toEqual([]);
    talking.close();
    await before.close();
  });
});

test("a failure of another kind does not make a sender foreign, whatever it says it is", async () => {
  const api = new Countersign({
    url: "http://127.0.0.1",
    token: "cs_x",
    attempts: 1,
    fetch: async (url) => {
      const problem = { type: "urn:countersign:problem:not-found", title: "x", status: 500, detail: "x" };
      const headers = { "content-type": "application/problem+json" };
      return String(url).endsWith("/batch")
        ? Response.json({ results: [] })
        : new Response(JSON.stringify(problem), { status: 500, headers });
    },
  });
  const before = await startBefore(smarthost.port, new Minter(api, () => false));
  const talking = await connectTo(before.port);
  expect((await send(talking, ALICE)).recipients).toEqual([expect.stringMatching(/^451 4\.3\.0/)]);
  talking.close();
  await before.close();
});

test("a message that is tried again is put off once the token signs no more", async () => {
  const { token, id } = await worker.client.tokens.create({
    name: "relay",
    scopes: ["sign"],
    domains: ["example.com"],
  });
  const before = await startBefore(smarthost.port, new Minter(worker.clientFor(token), () => false));
  const talking = await connectTo(before.port);
  smarthost.answers.recipient = () => "450 4.7.1 Greylisted";
  await send(talking, ALICE);
  smarthost.answers = {};
  await worker.client.tokens.revoke(id);
  expect((await send(talking, ALICE)).recipients).toEqual([expect.stringMatching(/^451 4\.3\.0/)]);
  talking.close();
  await before.close();
});

describe("the log", () => {
  test("shows no tag and no Message-ID that the smarthost repeats, in whatever form", async () => {
    let path = "";
    smarthost.answers.recipient = (_to, from) => {
      path = from;
      const value = from.split("=")[1] ?? "";
      return `550 5.7.1 see http://spf.example/?id=${encodeURIComponent(from)} greylist_${from} =${value}= <${from}>`;
    };
    await send(client, ALICE);
    const value = path.split("=")[1] ?? "none";
    expect(value).toMatch(/^\d{4}[0-9a-f]{6}$/);
    expect(JSON.stringify(lines)).toMatch(/see http:.*greylist_/);
    expect(JSON.stringify(lines)).not.toContain(value);

    smarthost.answers = {
      accepted: (message) => `2.6.0 ${/^Message-ID: (.*)\r$/m.exec(message)?.[1]} Queued mail`,
    };
    await send(client, ALICE);
    expect(smarthost.taken[0]?.message).toMatch(/^Message-ID: <cs1\./m);
    expect(lines.at(-1)).toMatchObject({ event: "passed", text: "2.6.0 <cs1.…@example.com> Queued mail" });
  });
});

describe("a smarthost that is out of step", () => {
  test.each([
    ["354 to MAIL", /^MAIL/, "354 go on\r\n"],
    ["354 to RCPT", /^RCPT/, "354 go on\r\n"],
    ["354 to the end of the message", /^\.$/, "354 go on\r\n"],
    ["334 to the end of the message", /^\.$/, "334 VXNlcm5hbWU6\r\n"],
    ["220 to the end of the message", /^\.$/, "220 mx.example.org\r\n"],
    ["250 to DATA", /^DATA/, "250 ok\r\n"],
  ])("%s is put off, and nothing is taken for accepted", async (_, at, reply) => {
    const dying = await startDying(at, reply);
    const before = await startBefore(dying.port);
    const talking = await connectTo(before.port);
    const { recipients, message } = await send(talking, ALICE);
    expect(message ?? recipients[0]).toMatch(/^451 4\.4\.1/);
    talking.close();
    dying.server.close();
    await before.close();
  });

  test("speaking without end is hung up on", async () => {
    const sockets = new Set<Socket>();
    const flooding = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
      socket.write("220 mx.example.org\r\n");
      socket.on("data", (chunk: Buffer) => {
        const isRecipient = chunk.toString("latin1").startsWith("RCPT");
        socket.write(isRecipient ? "250 ok\r\n".repeat(100_000) : "250 ok\r\n");
      });
    });
    await new Promise<void>((resolve) => flooding.listen(0, "127.0.0.1", resolve));
    const before = await startBefore((flooding.address() as AddressInfo).port);
    const talking = await connectTo(before.port);
    await talking.say("MAIL FROM:<alice@example.com>");
    await talking.say("RCPT TO:<bob@example.org>");
    await vi.waitFor(() => expect(sockets.size).toBe(0), { timeout: 5_000 });
    talking.close();
    await before.close();
    flooding.close();
  });
});

test("clients that only look whether anyone is there leave nothing behind", async () => {
  for (let probe = 0; probe < 150; probe++) {
    const socket = connect(relay.port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.end();
  }
  await sleep(500);
  const after = await connectTo(relay.port);
  expect(await after.say("NOOP")).toMatch(/^250/);
  after.close();
});

describe("a client that closes its side", () => {
  const finish = async (lines: readonly string[]) => {
    let heard = "";
    client.socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
    });
    client.socket.end(`${lines.join("\r\n")}\r\n`);
    await vi.waitFor(() => expect(client.socket.closed).toBe(true), { timeout: 5_000 });
    return heard
      .trimEnd()
      .split("\r\n")
      .map((line) => line.slice(0, 3));
  };
  const BEGIN = ["MAIL FROM:<alice@example.com>", "RCPT TO:<bob@example.org>", "DATA"];

  test("behind a whole message has its answers, however late they come", async () => {
    smarthost.answers.delayMs = 300;
    expect(await finish([...BEGIN, MESSAGE, ".", "QUIT"])).toEqual(["250", "250", "354", "250", "221"]);
    expect(smarthost.taken).toHaveLength(1);
  });

  test("behind a large message has its answers too", async () => {
    const large = `${MESSAGE}${"\r\nIt is on its way.".repeat(500_000)}`;
    expect(await finish([...BEGIN, large, ".", "QUIT"])).toEqual(["250", "250", "354", "250", "221"]);
  });

  test("in the middle of a message leaves nothing at the smarthost", async () => {
    expect(await finish([...BEGIN, MESSAGE])).toEqual(["250", "250", "354"]);
    await vi.waitFor(() => expect(smarthost.open()).toBe(0), { timeout: 5_000 });
    expect(smarthost.taken).toEqual([]);
  });

  test("without a word is hung up on", async () => {
    expect(await finish([])).toEqual(["500"]);
  });
});

describe("a client that goes away", () => {
  test.each(["", "\r\n", "\r\n."])(
    "in the middle of a message, at %j, leaves nothing at the smarthost",
    async (end) => {
      await client.say("MAIL FROM:<alice@example.com>");
      await client.say("RCPT TO:<bob@example.org>");
      await client.say("DATA");
      client.socket.write(`${MESSAGE}${"\r\nIt is on its way.".repeat(10_000)}${end}`);
      await sleep(200);
      client.close();
      await sleep(300);
      expect(smarthost.taken).toEqual([]);
      client = await connectTo(relay.port);
      expect((await send(client, ALICE)).message).toMatch(/^250/);
    },
  );

  test("while the smarthost is being connected to leaves no connection there", async () => {
    const sockets = new Set<Socket>();
    const late = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
      setTimeout(() => socket.write("220 mx.example.org\r\n"), 300);
      socket.on("data", () => socket.write("250 ok\r\n"));
    });
    await new Promise<void>((resolve) => late.listen(0, "127.0.0.1", resolve));
    const before = await startBefore((late.address() as AddressInfo).port);
    const talking = await connectTo(before.port);
    await talking.say("MAIL FROM:<alice@example.com>");
    talking.write("RCPT TO:<bob@example.org>");
    await vi.waitFor(() => expect(sockets.size).toBe(1));
    talking.close();
    await sleep(500);
    await vi.waitFor(() => expect(sockets.size).toBe(0), { timeout: 5_000 });
    await before.close();
    late.close();
  });

  test("before its message leaves no connection to the smarthost", async () => {
    await client.say("MAIL FROM:<alice@example.com>");
    await client.say("RCPT TO:<bob@example.org>");
    client.close();
    await vi.waitFor(() => expect(smarthost.open()).toBe(0), { timeout: 5_000 });
  });
});

describe("a message that could be read in two ways", () => {
  test.each(["\n.\r\n", "\r\n.\n", "\n.\n", "\r.\r\n", "\r\n.\r"])(
    "%j in it does not end it",
    async (end) => {
      await client.say("MAIL FROM:<alice@example.com>");
      await client.say("RCPT TO:<bob@example.org>");
      await client.say("DATA");
      client.socket.write(`${MESSAGE}${end}MAIL FROM:<alice@example.com>\r\nRCPT TO:<eve@example.net>\r\n`);
      await sleep(100);
      expect(await client.say(".")).toMatch(/^250/);
      expect(smarthost.taken).toHaveLength(1);
      expect(smarthost.commands.filter((command) => command.includes("eve"))).toEqual([]);
      expect(smarthost.taken[0]?.message).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
    },
  );

  test.each(["alice@example.com>\tSIZE=1", "alice@exa\x00mple.com", "alice@example.com> ORCPT=x\x0b"])(
    "the path %j is refused, and nothing of it reaches the smarthost",
    async (from) => {
      expect((await send(client, { ...ALICE, from })).mail).toMatch(/^5/);
      expect(smarthost.commands).toEqual([]);
    },
  );

  test("SMTPUTF8, an address outside ASCII and an unknown parameter are refused", async () => {
    expect(await client.say("MAIL FROM:<alice@example.com> SMTPUTF8")).toMatch(/^555 5\.5\.4 .*SMTPUTF8/);
    expect(await client.say("MAIL FROM:<jos\xc3\xa9@example.com>")).toMatch(/^553 5\.6\.7/);
    expect(await client.say("MAIL FROM:<alice@example.com> REQUIRETLS")).toMatch(/^5/);
    expect(await client.say("MAIL FROM:<alice@example.com>")).toMatch(/^250/);
    expect(await client.say("RCPT TO:<bob@example.org> NOTIFY=SUCCESS")).toMatch(/^555 5\.5\.4 .*NOTIFY/);
    expect(await client.say("RCPT TO:<jos\xc3\xa9@example.org>")).toMatch(/^553 5\.6\.7/);
    expect(await client.say("RCPT TO:<x@xn--bcher-kva.example>")).toMatch(/^250/);
    expect(smarthost.commands.at(-1)).toContain("example");
    expect(await client.say("EHLO x")).not.toMatch(/SMTPUTF8|DSN|AUTH|STARTTLS|BINARY|CHUNKING/);
    expect(await client.say("EHLO x")).toMatch(/8BITMIME/);
  });
});
