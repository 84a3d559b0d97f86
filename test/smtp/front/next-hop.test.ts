// Forwards that the Worker asked for, really sent: by which order, with what, and what the client is told where they fail.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readMessage } from "../../../src/local/messages.ts";
import { startFront } from "../../../src/smtp/front/front.ts";
import { freePort } from "../../free-port.ts";
import { connectTo, send } from "../client.ts";
import { type Smarthost, startSmarthost } from "../smarthost.ts";
import { type Scene, startScene } from "./front-scene.ts";

const [FIRST, SECOND] = ["alice@inbox.example", "alice@other.example"] as const;
const ORDINARY = { from: "bob@example.org", to: ["alice@example.com"] };

let nextHop: Smarthost;
let scene: Scene;
beforeAll(async () => {
  nextHop = await startSmarthost();
  scene = await startScene({ host: "127.0.0.1", port: nextHop.port }, [FIRST, SECOND]);
});
afterAll(async () => {
  await scene.stop();
  await nextHop.close();
});
beforeEach(() => {
  nextHop.answers = {};
  nextHop.taken.length = 0;
  nextHop.commands.length = 0;
  scene.log.length = 0;
});

async function sendOne(mail: Partial<Parameters<typeof send>[1]> = {}, port = scene.front.port) {
  const client = await connectTo(port);
  try {
    return (await send(client, { ...ORDINARY, ...mail })).message;
  } finally {
    client.close();
  }
}

/** Has the next hop answer RCPT of these so. */
function answerRecipients(answers: Readonly<Record<string, string>>): void {
  nextHop.answers.recipient = (path) => answers[path] ?? null;
}

describe("a forward", () => {
  test("is a transaction for each destination, under the reverse-path as it came", async () => {
    expect(await sendOne()).toBe("250 2.0.0 Ok");
    expect(nextHop.commands).toEqual([
      "MAIL bob@example.org",
      `RCPT ${FIRST}`,
      "MAIL bob@example.org",
      `RCPT ${SECOND}`,
    ]);
    expect(scene.log).toEqual([
      `250 <bob@example.org> to <alice@example.com>: forwarded through 127.0.0.1:${nextHop.port} to ${FIRST}, ${SECOND}`,
    ]);
  });

  test("of a bounce keeps the null sender, and bears the fields that the Worker added on top", async () => {
    const message = readMessage("postfix-failed", scene.minted);
    expect(await sendOne({ from: "", to: [scene.minted.reversePath], message })).toBe("250 2.0.0 Ok");
    expect(nextHop.taken.map(({ reversePath, recipients }) => [reversePath, ...recipients])).toEqual([
      ["", FIRST],
      ["", SECOND],
    ]);
    for (const taken of nextHop.taken) {
      const [added = "", rest = ""] = taken.message.split(/(?=^Received: from app\.example\.com )/m);
      expect(added).toMatch(
        /^x-countersign: valid; by=example\.com; evidence=tag\r\nx-countersign-hop: \S+\r\n$/,
      );
      expect(rest.endsWith(`${message.replace(/\r?\n/g, "\r\n")}\r\n`)).toBe(true);
    }
  });

  test("of 8-bit mail is announced as such, and arrives octet for octet", async () => {
    const message = "From: b@c\r\nMessage-ID: <a@b>\r\nSubject: \xe4\r\n\r\n.\xff\xfe\r\n..";
    const client = await connectTo(scene.front.port);
    await client.say("MAIL FROM:<bob@example.org> BODY=8BITMIME");
    await client.say("RCPT TO:<alice@example.com>");
    await client.say("DATA");
    client.socket.write(Buffer.from(`${message.replace(/^\./gm, "..")}\r\n.\r\n`, "latin1"));
    expect(await client.reply()).toBe("250 2.0.0 Ok");
    client.close();
    expect(nextHop.taken[0]?.parameters).toMatchObject({ BODY: "8BITMIME" });
    expect(nextHop.taken[0]?.message.endsWith(`${message}\r\n`)).toBe(true);
  });

  test("is not made of what the Worker refuses", async () => {
    expect(await sendOne({ from: "" })).toMatch(/^555 5\.7\.1 This address takes bounces only/);
    expect(nextHop.commands).toEqual([]);
  });
});

describe("a next hop", () => {
  test.each<[string, Smarthost["answers"], string]>([
    ["MAIL", { mail: () => "450 4.2.0 Greylisted" }, "450 4.2.0 Greylisted"],
    ["RCPT", { recipient: () => "451 4.3.0 Busy" }, "451 4.3.0 Busy"],
    ["the message", { message: () => "421 4.3.2 Going down" }, "421 4.3.2 Going down"],
  ])(
    "that puts %s off has the message put off, and no other destination is tried",
    async (_, answers, said) => {
      nextHop.answers = answers;
      const why = `127.0.0.1:${nextHop.port} does not take it for ${FIRST} just now: ${said}`;
      expect(await sendOne()).toBe(`451 4.3.0 Try again later: ${why}`);
      expect(nextHop.commands).not.toContain(`RCPT ${SECOND}`);
      expect(scene.log).toEqual([`451 <bob@example.org> to <alice@example.com>: ${why}`]);
    },
  );

  test.each<[string, Smarthost["answers"]]>([
    ["MAIL", { mail: () => "550 5.7.1 No" }],
    ["RCPT", { recipient: () => "550 5.7.1 No" }],
    ["the message", { message: () => "550 5.7.1 No" }],
  ])("that refuses %s for every destination has the message refused, with its text", async (_, answers) => {
    nextHop.answers = answers;
    expect(await sendOne()).toBe(`555 5.7.1 ${FIRST}: 550 5.7.1 No; ${SECOND}: 550 5.7.1 No`);
    expect(scene.log).toHaveLength(1);
  });

  test.each([
    ["refuses one before", { [FIRST]: "550 No" }, SECOND, `not to ${FIRST}, for which it said: 550 No`],
    ["refuses one after", { [SECOND]: "550 No" }, FIRST, `not to ${SECOND}, for which it said: 550 No`],
    [
      "puts one off after",
      { [SECOND]: "450 Later" },
      FIRST,
      `not to ${SECOND}, for which it said: 450 Later`,
    ],
  ])(
    "that takes it for one destination and %s has it accepted, and the line says so",
    async (_, answers, taken, said) => {
      answerRecipients(answers);
      expect(await sendOne()).toBe("250 2.0.0 Ok");
      expect(nextHop.taken.map(({ recipients }) => recipients)).toEqual([[taken]]);
      expect(scene.log).toEqual([expect.stringContaining(`to ${taken}; ${said}`)]);
    },
  );

  test("that refuses one destination and puts the other off has the message put off", async () => {
    answerRecipients({ [FIRST]: "550 No", [SECOND]: "450 Later" });
    expect(await sendOne()).toMatch(/^451 4\.3\.0 Try again later: .*450 Later$/);
  });

  test("that is not there has the message put off", async () => {
    const port = await freePort();
    const workerUrl = await scene.worker.url();
    const alone = await startFront({
      port: 0,
      workerUrl,
      nextHop: { host: "127.0.0.1", port },
      log: () => undefined,
    });
    expect(await sendOne({}, alone.port)).toMatch(/^451 4\.3\.0 Try again later: .*ECONNREFUSED/);
    await alone.close();
  });
});

test("no connection to the next hop is left open", async () => {
  await sendOne();
  await expect.poll(() => nextHop.open()).toBe(0);
});
