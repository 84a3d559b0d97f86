// A connection that is to be secure, over real sockets: nothing is said or believed in the clear that belongs inside TLS.

import type { Socket } from "node:net";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Connection, ConnectionError, type Server } from "../../src/smtp/connection.ts";
import { makeCertificate, WITHOUT_OPENSSL } from "./certificate.ts";
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

describe.skipIf(WITHOUT_OPENSSL !== "")(`TLS${WITHOUT_OPENSSL}`, () => {
  const certificate = makeCertificate();
  const other = makeCertificate("DNS:mx.example.net");
  afterAll(() => {
    certificate.remove();
    other.remove();
  });
  const offers = { EHLO: "250-mx.example.net\r\n250-STARTTLS\r\n250 SIZE 1\r\n" };
  const trusted = { tls: "starttls", ca: certificate.cert } as const;

  test("is begun by STARTTLS, and what was offered before it is forgotten", async () => {
    let greetings = 0;
    const hear = (line: string) => (line.startsWith("EHLO") && greetings++ > 0 ? "250 mx\r\n" : undefined);
    const opened = await open({ certificate, says: offers, hear }, trusted);
    expect(server.lines).toEqual(["EHLO app.example.com", "STARTTLS", "EHLO app.example.com"]);
    expect(opened.offers("SIZE")).toBe(false);
    expect(await opened.command("MAIL FROM:<>")).toMatchObject({ code: 250 });
  });

  test.each(["127.0.0.1", "localhost"])("from the first octet is taken, of %s", async (host) => {
    const opened = await open(
      { certificate, isImplicit: true },
      { tls: "implicit", host, ca: certificate.cert },
    );
    expect(await opened.command("MAIL FROM:<>")).toMatchObject({ code: 250 });
  });

  test.each<[string, Scripted, Partial<Server>, RegExp]>([
    ["not offered", { certificate }, {}, /^It offers no STARTTLS\.$/],
    [
      "refused",
      { certificate, says: { ...offers, STARTTLS: "454 Later\r\n" } },
      {},
      /^It answers STARTTLS with 454 Later$/,
    ],
    [
      "of a certificate that nobody vouches for",
      { certificate, says: offers },
      { ca: undefined },
      /self-signed/,
    ],
    [
      "of a certificate for another name",
      { certificate: other, says: offers },
      { ca: other.cert },
      /IP: 127\.0\.0\.1/,
    ],
    [
      "that never begins",
      { says: { ...offers, STARTTLS: "220 Go\r\n" }, hear: hangUpAfterStartTls },
      {},
      /./,
    ],
  ])("that is %s ends the connection before anything else is said", async (_, script, how, why) => {
    const opening = open(script, { ...trusted, ...how, credentials: { user: "a", password: "b" } });
    await expect(opening).rejects.toThrow(ConnectionError);
    await expect(opening).rejects.toThrow(why);
    expect(server.lines.filter((line) => /^(?:AUTH|MAIL)/.test(line))).toEqual([]);
  });

  test.each(["250 injected\r\n", "250-part of", "2"])(
    "is not begun where %j came in the clear behind the answer to STARTTLS",
    async (injected) => {
      const says = { ...offers, STARTTLS: `220 Go\r\n${injected}` };
      await expect(open({ says, certificate }, trusted)).rejects.toThrow(
        new ConnectionError("It spoke before TLS began."),
      );
    },
  );

  test("from the first octet is not taken of a certificate that nobody vouches for", async () => {
    await expect(open({ certificate, isImplicit: true }, { tls: "implicit" })).rejects.toThrow(
      ConnectionError,
    );
    expect(server.lines).toEqual([]);
  });
});

function hangUpAfterStartTls(line: string, socket: Socket): undefined {
  if (line === "STARTTLS") setTimeout(() => socket.destroy(), 50);
}

describe("signing in", () => {
  const credentials = { user: "älice", password: "secret" };
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const offer = (mechanisms: string) => `250-mx\r\n250 AUTH ${mechanisms}\r\n`;
  const hear = (line: string) =>
    line === encode("älice") ? "334 UGFzc3dvcmQ6\r\n" : line === encode("secret") ? "235 Ok\r\n" : undefined;

  test("is by PLAIN where that is offered", async () => {
    await open({ says: { EHLO: offer("LOGIN PLAIN"), AUTH: "235 Ok\r\n" } }, { credentials });
    expect(server.lines.slice(1)).toEqual([`AUTH PLAIN ${encode("\0älice\0secret")}`]);
  });

  test("is by LOGIN where that alone is offered", async () => {
    await open(
      { says: { EHLO: offer("CRAM-MD5 LOGIN"), AUTH: "334 VXNlcm5hbWU6\r\n" }, hear },
      { credentials },
    );
    expect(server.lines.slice(1)).toEqual(["AUTH LOGIN", encode("älice"), encode("secret")]);
  });

  test.each([
    ["is refused", offer("PLAIN"), "535 5.7.8 No to AHVzZXI=\r\n", "It answers AUTH with 535."],
    ["is asked for more", offer("PLAIN"), "334 more\r\n", "It answers AUTH with 334."],
    ["is accepted before its end", offer("LOGIN"), "235 Ok\r\n", "It answers AUTH with 235."],
    [
      "is offered by other mechanisms alone",
      offer("CRAM-MD5"),
      "",
      "It offers neither AUTH PLAIN nor LOGIN.",
    ],
    ["is not offered", "250 mx\r\n", "", "It offers neither AUTH PLAIN nor LOGIN."],
  ])("that %s is a ConnectionError, without the password", async (_, EHLO, AUTH, why) => {
    await expect(open({ says: { EHLO, AUTH } }, { credentials })).rejects.toThrow(new ConnectionError(why));
  });
});
