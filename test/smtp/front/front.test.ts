// SMTP in front of the real Worker, spoken by swaks, by Nodemailer, and line by line where no client would.

import { execFile } from "node:child_process";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMessage } from "../../../src/local/messages.ts";
import { startFront } from "../../../src/smtp/front/front.ts";
import { freePort } from "../../free-port.ts";
import { findPeer } from "../../peers/peer.ts";
import { connectTo, send } from "../client.ts";
import { type Scene, startScene } from "./front-scene.ts";

const UNSIGNED = "555 5.7.1 This address takes bounces only of mail that it sent.";
const UNKNOWN = "Address does not exist.";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

/** What one message is answered, and what the front has printed of it. */
async function sendOne(mail: {
  from: string;
  to: readonly string[];
  message?: string;
  parameters?: string;
}): Promise<{ reply: string | null; printed: string[] }> {
  scene.log.length = 0;
  const client = await connectTo(scene.front.port);
  try {
    return { reply: (await send(client, mail)).message, printed: [...scene.log] };
  } finally {
    client.close();
  }
}

describe("a message", () => {
  test("that the Worker forwards is accepted", async () => {
    expect(await sendOne({ from: "bob@example.org", to: ["alice@example.com"] })).toEqual({
      reply: "250 2.0.0 Ok",
      printed: [
        "250 <bob@example.org> to <alice@example.com>: forwarded to alice@inbox.example, if there were a NEXT_HOP",
      ],
    });
  });

  test("that comes back to a signed reverse-path is accepted, and its tag is printed nowhere", async () => {
    const message = readMessage("postfix-failed", scene.minted);
    const { reply, printed } = await sendOne({ from: "", to: [scene.minted.reversePath], message });
    expect(reply).toBe("250 2.0.0 Ok");
    expect(printed).toEqual([
      expect.stringMatching(/^250 <> to <prvs=…=alice@example\.com>: forwarded to alice@/),
    ]);
  });

  test("that the Worker refuses is refused, with its reason", async () => {
    const message = readMessage("postfix-backscatter", scene.minted);
    expect(await sendOne({ from: "", to: ["alice@example.com"], message })).toEqual({
      reply: UNSIGNED,
      printed: [
        "555 <> to <alice@example.com>: rejected: This address takes bounces only of mail that it sent.",
      ],
    });
  });

  test("for a domain that is not configured is refused", async () => {
    const { reply } = await sendOne({ from: "bob@example.org", to: ["alice@example.net"] });
    expect(reply).toBe(`555 5.7.1 ${UNKNOWN}`);
  });

  test.each([
    [
      "without From and Message-ID, as some bounces are",
      "Subject: Undelivered\r\n\r\nIt could not be delivered.",
    ],
    ["with an empty From, as some bounces have", "From:\r\nSubject: Undelivered\r\n\r\nNo."],
    ["without a header", "It could not be delivered."],
    ["that is empty", ""],
    [
      "with fields folded oddly",
      "From:\r\n\tBob\r\n <b@c>\r\nMessage-ID:\r\n <a@b>\r\nSubject: a\r\n\t\r\n b\r\n\r\nx",
    ],
    ["with octets outside ASCII", "Subject: \xe4\xff\r\nFrom: \xe4 <b@c>\r\n\r\n\xff\xfe\x80"],
  ])("%s is the Worker's to judge", async (_, message) => {
    const { reply } = await sendOne({ from: "", to: ["alice@example.com"], message });
    expect(reply).toBe(UNSIGNED);
  });

  test("that the local handler can't read is put off, and the line says what it said", async () => {
    const { reply, printed } = await sendOne({
      from: "",
      to: ["alice@example.com"],
      message: "Subject: x\r\nX Y: z\r\n\r\n",
    });
    expect(reply).toBe(
      "451 4.3.0 Try again later: what answers in the Worker's place is 500 TypeError: Invalid header name.",
    );
    expect(printed).toEqual([
      expect.stringMatching(/^451 <> to .*: what answers .* TypeError: Invalid header name\.$/),
    ]);
  });

  test("for several is answered once, and the answer names who has it", async () => {
    const to = ["alice@example.com", "nobody@example.com", "alice@example.com"];
    const { reply, printed } = await sendOne({ from: "bob@example.org", to });
    expect(reply).toBe(
      `555 5.7.1 Refused for nobody@example.com: ${UNKNOWN} Accepted for alice@example.com.`,
    );
    expect(printed).toHaveLength(3);
  });
});

test("a Worker that is not there has every message put off", async () => {
  const workerUrl = `http://127.0.0.1:${await freePort()}`;
  const alone = await startFront({ port: 0, workerUrl, nextHop: null, log: () => undefined });
  const client = await connectTo(alone.port);
  const { message } = await send(client, { from: "", to: ["alice@example.com"] });
  expect(message).toBe(
    `451 4.3.0 Try again later: the Worker at ${workerUrl} can't be reached: ECONNREFUSED`,
  );
  client.close();
  await alone.close();
});

test("Nodemailer sends 8-bit mail through it", async () => {
  const transport = createTransport({ host: "127.0.0.1", port: scene.front.port, ignoreTLS: true });
  const raw = Buffer.from(
    "From: bob@example.org\r\nSubject: Gr\xfc\xdfe\r\n\r\nGr\xfc\xdfe\r\n.\r\n",
    "latin1",
  );
  const envelope = { from: "bob@example.org", to: ["alice@example.com"], use8BitMime: true };
  expect(await transport.sendMail({ envelope, raw })).toMatchObject({ response: "250 2.0.0 Ok" });
});

const SWAKS = findPeer("swaks", "swaks");

describe.skipIf(SWAKS === null)(`swaks${SWAKS === null ? " (apt-get install swaks)" : ""}`, () => {
  /** Its exit code, and what the server said last before it took leave. */
  const swaks = (...args: string[]) =>
    new Promise<{ code: number; said: string }>((resolve) => {
      const to = ["--server", "127.0.0.1", "--port", String(scene.front.port), "--to", "alice@example.com"];
      execFile(SWAKS ?? "", [...to, ...args], { timeout: 20_000 }, (error, stdout) => {
        const said = [...stdout.matchAll(/^<.{3}(\d{3} .*)$/gm)].map(([, text = ""]) => text);
        resolve({ code: Number(error?.code ?? 0), said: said.at(-2) ?? "" });
      });
    });

  test("has its message accepted", async () => {
    expect(await swaks("--from", "bob@example.org")).toEqual({ code: 0, said: "250 2.0.0 Ok" });
  });

  test("has a forged bounce refused, in a pipelined session too", async () => {
    expect(await swaks("--from", "<>")).toEqual({ code: 26, said: UNSIGNED });
    expect(await swaks("--from", "<>", "--pipeline")).toEqual({ code: 26, said: UNSIGNED });
  });
});
