// A connection to a server that does what a server may do at its worst, over real sockets.

import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { Connection, ConnectionError, type Server } from "../../src/smtp/connection.ts";
import { freePort } from "../free-port.ts";
import { type Scripted, type ScriptedServer, startScripted } from "./scripted-server.ts";

let server: ScriptedServer;
let connection: Connection | null = null;
afterEach(async () => {
  connection?.destroy();
  connection = null;
  await server.close();
});

/** Connects to a server that is scripted so. */
async function open(script: Scripted = {}, how: Partial<Server> = {}): Promise<Connection> {
  server = await startScripted(script);
  const address = { host: "127.0.0.1", port: server.port, tls: "none", credentials: null } as const;
  connection = await Connection.open({ ...address, ...how }, "app.example.com");
  return connection;
}

/** One message, from its first command to its last. */
async function sendOne(script: Scripted): Promise<void> {
  const opened = await open(script);
  for (const line of ["MAIL FROM:<>", "RCPT TO:<bob@example.org>", "DATA"]) await opened.command(line);
  await opened.sendMessage(Readable.from([Buffer.from("Subject: Hello\r\n\r\nHello.\r\n")]));
}

describe("a connection", () => {
  test("greets, and knows what the server offers", async () => {
    const opened = await open({
      says: { EHLO: "250-mx\r\n250-size 1000\r\n250-AUTH PLAIN LOGIN\r\n250 8bitmime\r\n" },
    });
    expect(server.lines).toEqual(["EHLO app.example.com"]);
    expect(["SIZE", "AUTH", "8BITMIME", "STARTTLS", "MX"].filter((name) => opened.offers(name))).toEqual([
      "SIZE",
      "AUTH",
      "8BITMIME",
    ]);
  });

  test("is greeted by HELO where it knows no EHLO, and offers nothing then", async () => {
    const opened = await open({ says: { EHLO: "500-8BITMIME\r\n500 SIZE\r\n" } });
    expect(server.lines).toEqual(["EHLO app.example.com", "HELO app.example.com"]);
    expect(opened.offers("SIZE")).toBe(false);
    expect(await opened.command("MAIL FROM:<>")).toMatchObject({ code: 250 });
  });

  test("hands a refusal on as it is", async () => {
    const opened = await open({ says: { RCPT: "550-5.1.1 No such\r\n550 5.1.1 user.\r\n" } });
    expect(await opened.command("RCPT TO:<bob@example.org>")).toMatchObject({
      code: 550,
      text: "5.1.1 No such user.",
    });
    expect(opened.isOpen).toBe(true);
  });

  test("takes leave when it is closed", async () => {
    (await open()).close();
    await expect.poll(() => server.lines).toContain("QUIT");
    expect(connection?.isOpen).toBe(false);
  });

  test("takes no command of two lines", async () => {
    const opened = await open();
    await expect(opened.command("RCPT TO:<a@b>\r\nDATA")).rejects.toThrow("A command is one line.");
    expect(server.lines).toEqual(["EHLO app.example.com"]);
  });
});

describe("a server that hangs up", () => {
  test.each<[string, Scripted]>([
    ["in place of a greeting", { greeting: null }],
    ["at EHLO", { says: { EHLO: null } }],
    ["at MAIL", { says: { MAIL: null } }],
    ["at RCPT", { says: { RCPT: null } }],
    ["at DATA", { says: { DATA: null } }],
    ["within the message", { says: { "Subject:": null } }],
    ["after the message", { says: { ".": null } }],
    ["within a reply", { hear: hangUpWithinReply }],
  ])("%s is a ConnectionError", async (_, script) => {
    await expect(sendOne(script)).rejects.toThrow(ConnectionError);
    expect(connection?.isOpen ?? false).toBe(false);
  });
});

describe("a server that can't be talked with", () => {
  test.each<[string, Scripted, string]>([
    ["greets with a refusal", { greeting: "554 5.7.1 Not you\r\n" }, "It greets with 554 5.7.1 Not you"],
    ["puts EHLO off", { says: { EHLO: "450 No\r\n" } }, "It answers EHLO with 450 No"],
    [
      "refuses EHLO and HELO",
      { says: { EHLO: "502 What?\r\n", HELO: "550 No\r\n" } },
      "It answers HELO with 550 No",
    ],
    ["speaks another protocol", { greeting: "HTTP/1.1 400 Bad Request\r\n\r\n" }, "It does not speak SMTP."],
    ["never ends its greeting", { greeting: "220-hello\r\n".repeat(10_000) }, "Its reply has no end."],
  ])("since it %s is a ConnectionError that says so", async (_, script, why) => {
    await expect(open(script)).rejects.toThrow(new ConnectionError(why));
  });

  test("since it answers what nobody asked is one too, and no answer goes to the wrong command", async () => {
    const opened = await open({ says: { MAIL: "250 Ok\r\n550 5.7.1 No\r\n" } });
    await opened.command("MAIL FROM:<>");
    await expect(opened.command("RCPT TO:<bob@example.org>")).rejects.toThrow(
      new ConnectionError("It said 550 5.7.1 No"),
    );
    expect(opened.isOpen).toBe(false);
  });

  test("since nobody listens is one, with a reason, for a name of several addresses too", async () => {
    const port = await freePort();
    for (const host of ["127.0.0.1", "localhost"]) {
      await expect(open({}, { host, port })).rejects.toThrow(/ECONNREFUSED/);
      await server.close();
    }
  });
});

function hangUpWithinReply(line: string, socket: Socket): string | undefined {
  if (!line.startsWith("EHLO")) return undefined;
  socket.end("250-mx.example.net\r\n250-SI");
  return "";
}
