// What the front offers and refuses in a session, line by line, and how large a message may be.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, connectTo, send } from "../client.ts";
import { type Scene, startScene } from "./front-scene.ts";

const UNSIGNED = "555 5.7.1 This address takes bounces only of mail that it sent.";
const ORDINARY = { from: "bob@example.org", to: ["alice@example.com"] };

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

async function withClient(run: (client: Client) => Promise<void>): Promise<void> {
  const client = await connectTo(scene.front.port);
  await run(client).finally(() => client.close());
}

describe("a session", () => {
  test("offers what Cloudflare does, and neither SMTPUTF8, STARTTLS nor AUTH", async () => {
    await withClient(async (client) => {
      expect(await client.say("EHLO mx.example.org")).toMatch(
        /^250-\S+\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 26214400$/,
      );
      for (const command of ["STARTTLS", "AUTH PLAIN AGEAYg=="])
        expect(await client.say(command)).toMatch(/^500 /);
    });
  });

  test.each([
    ["SMTPUTF8", "MAIL FROM:<bob@example.org> SMTPUTF8", "555 5.5.4"],
    ["a parameter that nobody knows", "MAIL FROM:<bob@example.org> RET=HDRS", "555 5.5.4"],
    ["an address outside ASCII", "MAIL FROM:<b\xf6b@example.org>", "553 5.6.7"],
    ["a size above 25 MiB", "MAIL FROM:<bob@example.org> SIZE=26214401", "552 "],
    ["a recipient before MAIL", "RCPT TO:<alice@example.com>", "503 "],
  ])("refuses %s", async (_, command, reply) => {
    await withClient(async (client) => {
      expect((await client.say(command)).startsWith(reply)).toBe(true);
      expect(await client.say("MAIL FROM:<bob@example.org> SIZE=26214400 BODY=8BITMIME")).toMatch(/^250/);
    });
  });

  test("carries several messages, and a pipelined one", async () => {
    await withClient(async (client) => {
      const envelope = "MAIL FROM:<>\r\nRCPT TO:<alice@example.com>\r\nDATA";
      for (let count = 0; count < 2; count += 1) {
        client.write(envelope);
        for (const code of ["250", "250", "354"]) expect((await client.reply()).slice(0, 3)).toBe(code);
        expect(await client.say(".")).toBe(UNSIGNED);
      }
      const other = await send(client, { from: "bob@example.org", to: ["alice@example.com"] });
      expect(other.message).toBe("250 2.0.0 Ok");
    });
  });

  test("that breaks off in the middle of a message leaves nothing with the Worker", async () => {
    scene.log.length = 0;
    await withClient(async (client) => {
      await client.say("MAIL FROM:<>");
      await client.say("RCPT TO:<alice@example.com>");
      await client.say("DATA");
      client.write("Subject: half of it");
    });
    await withClient(async (client) => void (await send(client, ORDINARY)));
    expect(scene.log).toEqual([expect.stringMatching(/^250 <bob@example\.org>/)]);
  });
});

describe("a large message", () => {
  const lines = (octets: number) => `${"x".repeat(78)}\r\n`.repeat(Math.ceil(octets / 80));

  test("of 25 MB is taken", async () => {
    await withClient(async (client) => {
      const message = `Subject: large\r\n\r\n${lines(25e6)}`;
      expect((await send(client, { ...ORDINARY, message })).message).toBe("250 2.0.0 Ok");
    });
  });

  test.each([
    ["above 25 MiB", 27e6],
    ["above 25 MiB with its trace alone", 26_214_300],
  ])("%s is refused without the Worker, and the session goes on", async (_, octets) => {
    scene.log.length = 0;
    await withClient(async (client) => {
      const message = `Subject: large\r\n\r\n${lines(octets).slice(0, octets)}`;
      expect((await send(client, { ...ORDINARY, message })).message).toMatch(/^552 /);
      expect(scene.log).toEqual([]);
      expect((await send(client, ORDINARY)).message).toBe("250 2.0.0 Ok");
    });
  });
});
