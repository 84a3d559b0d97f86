// Sessions with the listener that the front and the relay share, over a real socket: answered the same however the client's octets
// come, each reply well formed, each path that goes on fit for a command, and no message ends but where it does.

import { connect } from "node:net";
import fc from "fast-check";
import { expect } from "vitest";
import { type Listener, listen } from "../../../src/smtp/listener.ts";
import { Refusal } from "../../../src/smtp/reply.ts";
import { address, tagged } from "../addresses.ts";
import { cutAt, cuts, mutated, ODD_OCTETS } from "../mutation.ts";
import { octetsOf, seeded, target } from "../target.ts";

interface Session {
  readonly said: string;
  readonly cuts: readonly number[];
}

interface Outcome {
  readonly replies: string;
  readonly handed: readonly string[];
}

const OCTETS_AT_MOST = 50_000;
/** Packets of one session. */
const PIECES_AT_MOST = 200;
/** How long a session may last; it takes some milliseconds. */
const PATIENCE_MS = 20_000;

/** What was handed on in each session, by its client's port. */
const handed = new Map<number, string[]>();
let listening: Promise<Listener> | null = null;

function note(port: number, line: string): void {
  handed.get(port)?.push(line);
}

function start(): Promise<Listener> {
  const place = { host: "127.0.0.1", port: 0, tls: null, credentials: null, octetsAtMost: OCTETS_AT_MOST };
  return listen(
    place,
    {
      async mail({ remotePort }, path, { size, isEightBit }) {
        note(remotePort, `mail ${path}`);
        expect(size === null || (Number.isSafeInteger(size) && size >= 0)).toBe(true);
        expect(typeof isEightBit).toBe("boolean");
        if (path.startsWith("refuse")) throw new Refusal(450, "4.7.1 No\r\n250 Ok");
      },
      async recipient({ remotePort }, path) {
        note(remotePort, `recipient ${path}`);
      },
      async message({ remotePort }, stream) {
        const chunks: Buffer[] = [];
        for await (const chunk of stream) chunks.push(chunk);
        note(remotePort, `message ${Buffer.concat(chunks).toString("latin1")}`);
        return "2.0.0 taken";
      },
      closed: () => undefined,
    },
    (error) => {
      for (const port of handed.keys()) note(port, `failed ${error}`);
    },
  );
}

/** Says all of it, and then nothing more. */
function converse(port: number, pieces: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let replies = "";
    const late = setTimeout(
      () => socket.destroy(new Error(`The session does not end; until then it said: ${replies}`)),
      PATIENCE_MS,
    );
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      replies += chunk.toString("latin1");
    });
    // A server that closes does not read what else is sent.
    socket.on("error", (error: Error & { code?: string }) =>
      error.code === undefined ? reject(error) : undefined,
    );
    socket.on("close", () => {
      clearTimeout(late);
      resolve({ replies, handed: handed.get(own) ?? [] });
      handed.delete(own);
    });
    const say = async () => {
      for (const piece of pieces) {
        if (!socket.writable) return;
        socket.write(octetsOf(piece));
        await new Promise((next) => setImmediate(next));
      }
      socket.end();
    };
    // Whoever speaks before the greeting is turned away.
    socket.once("data", () => void say());
    let own = 0;
    socket.on("connect", () => {
      own = socket.localPort ?? 0;
      handed.set(own, []);
    });
  });
}

async function outcomeOf(pieces: readonly string[]): Promise<Outcome> {
  listening ??= start();
  const { port } = await listening;
  return converse(port, pieces);
}

/** The message in the first DATA of a session that is in order: up to the line that is a dot alone. */
function firstMessage(said: string): string | null {
  const [, rest] =
    /^EHLO client\.example\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example\.com>\r\nDATA\r\n([\s\S]*)$/.exec(
      said,
    ) ?? [];
  // What no client sends that doubles its dots: the library goes by pairs of them, behind some bare LFs too.
  if (rest === undefined || /(?:^|\n)\.(?![.\r])|(?<!\r)\n\./.test(rest)) return null;
  const lines = rest.split("\r\n");
  const end = lines.indexOf(".");
  if (end < 0 || end === lines.length - 1) return null;
  return lines
    .slice(0, end)
    .map((line) => `${line.startsWith(".") ? line.slice(1) : line}\r\n`)
    .join("");
}

async function check({ said, cuts: at }: Session): Promise<void> {
  const pieces = cutAt(said, at);
  const isCut = pieces.length <= PIECES_AT_MOST;
  const [whole, cut] = await Promise.all([outcomeOf([said]), isCut ? outcomeOf(pieces) : null]);
  if (cut !== null) expect(cut).toEqual(whole);
  expect(whole.replies).toMatch(/^220 [ -~]*\r\n(?:[2-5]\d\d[ -][ -~]*\r\n)*$/);
  for (const line of whole.handed) {
    const [, kind = "", path = ""] = /^(\w+) ([\s\S]*)$/.exec(line) ?? [];
    expect(kind).not.toBe("failed");
    if (kind === "message" || (kind === "mail" && path === "")) continue;
    if (kind === "recipient" && path.toLowerCase() === "postmaster") continue;
    // It stands between angle brackets in the next command.
    expect(path).toMatch(/^[!-~]{1,252}@(?:[\w.-]+|\[[0-9A-Za-z:.]+\])$/);
    expect(path.length).toBeLessThanOrEqual(254);
    expect(path.replace(/^"(?:[^"\\]|\\.)*"@/, "@")).not.toMatch(/[<>]/);
  }
  const message = firstMessage(said);
  if (message !== null && message.length < OCTETS_AT_MOST - 1000) {
    const taken = whole.handed.find((line) => line.startsWith("message "))?.slice("message ".length);
    expect(taken).toBe(message);
  }
}

const path = fc.oneof(
  fc.constantFrom(
    "",
    "alice@example.com",
    "postmaster",
    "a b@example.com",
    "@a,@b:c@example.com",
    '"a>b"@example.com',
    "a>b@example.com",
    "refuse@example.com",
    "é@example.com",
    "a@bücher.example",
    "alice@example.com,",
    "alice@example.com;x",
    "a@b@example.com",
  ),
  address,
  fc.tuple(tagged, address).map(([tag, at]) => `${tag}${at.slice(at.lastIndexOf("@"))}`),
);
const parameters = fc.constantFrom(
  "",
  "",
  "",
  " SIZE=1000",
  " SIZE=99999999999",
  " SIZE=-1",
  " SIZE=x",
  " BODY=8BITMIME",
  " BODY=x",
  " SMTPUTF8",
  " AUTH=<>",
  " X=Y",
  " RET=FULL",
  " ",
  " =",
  " SIZE",
);
const line = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(path, parameters).map(([from, more]) => `MAIL FROM:<${from}>${more}`) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(path, fc.constantFrom("", "", "", " NOTIFY=NEVER", " X"))
      .map(([to, more]) => `RCPT TO:<${to}>${more}`),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "MAIL FROM:<>",
      "RCPT TO:<alice@example.com>",
      "mail from: <>",
      "RCPT TO:alice@example.com",
      "RCPT TO:<a@b.c> <d@e.f>",
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "EHLO client.example",
      "HELO x",
      "EHLO",
      "EHLO [::1]",
      "RSET",
      "NOOP x",
      "VRFY a",
      "HELP",
      "AUTH PLAIN AGEAYg==",
      "STARTTLS",
      "XCLIENT ADDR=127.0.0.1",
      "XFORWARD NAME=x",
      "EXPN",
      "GET / HTTP/1.1",
      "",
      "WIZ",
      "LHLO x",
      "BDAT 3",
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("x".repeat(600), `NOOP ${"y".repeat(3000)}`) },
);
const message = fc
  .array(
    fc.constantFrom(
      "Subject: x",
      "",
      ".",
      "..",
      "body",
      "\n.\n",
      "\r.\r",
      "\xff",
      "\n.",
      "MAIL FROM:<eve@example.net>",
      "z".repeat(2000),
    ),
    { maxLength: 8 },
  )
  .map((lines) => [...lines, ""].join("\r\n"));
const inOrder = message.map(
  (text) =>
    `EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.com>\r\nDATA\r\n${text.replace(/^\.$/gm, "..")}.\r\nQUIT\r\n`,
);
const anyOrder = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.option(message), fc.constantFrom("\r\n", "\r\n", "\r\n", "\n"))
  .map(([lines, text, end]) =>
    ["EHLO client.example", ...lines, ...(text === null ? [] : ["DATA", `${text}.`]), "QUIT", ""].join(end),
  );

export const listener = target<Session>({
  name: "listener",
  inputs: seeded(
    "listener",
    fc.record({
      said: mutated(
        fc.oneof(inOrder, anyOrder),
        ["\r\n.\r\n", "\n.\n", "\r\nDATA\r\n", "RCPT TO:<", "MAIL FROM:<", "\r\nQUIT\r\n", "EHLO x\r\n"],
        ODD_OCTETS,
        [512, 1000, 4096, 52_000],
      ),
      cuts,
    }),
  ),
  check,
  runs: 40,
  async stop() {
    await (await listening)?.close();
    listening = null;
  },
});
