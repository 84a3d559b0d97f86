// `npm run relay` as its environment sets it up: what it refuses to start with, TLS and AUTH on both sides, and a message that
// is larger than the memory it takes.

import { createTransport } from "nodemailer";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LocalWorker, startWorker } from "../../../src/local/worker.ts";
import { type Certificate, makeCertificate, WITHOUT_OPENSSL } from "../certificate.ts";
import { connectTo } from "../client.ts";
import { type Program, startProgram } from "../program.ts";
import { type Smarthost, startSmarthost } from "../smarthost.ts";

const MAIL = {
  from: "alice@example.com",
  to: "bob@example.org",
  subject: "Your order",
  text: "It is on its way.",
};

let worker: LocalWorker;
let certificate: Certificate;
let env: Record<string, string>;
let smarthost: Smarthost;
let relay: Program | null;

beforeAll(async () => {
  certificate = makeCertificate();
  worker = await startWorker();
  await worker.client.domains.put("example.com", { mode: "observe" });
});
afterAll(async () => {
  certificate.remove();
  await worker.stop();
});

beforeEach(async () => {
  relay = null;
  smarthost = await startSmarthost();
  const { token } = await worker.client.tokens.create({
    name: "relay",
    scopes: ["sign"],
    domains: ["example.com"],
  });
  env = {
    RELAY_PORT: "0",
    COUNTERSIGN_URL: await worker.url(),
    COUNTERSIGN_TOKEN: token,
    SMARTHOST: `127.0.0.1:${smarthost.port}`,
  };
});
afterEach(async () => {
  await relay?.stop("SIGKILL");
  await smarthost.close();
});

describe("a setting that can't be used ends the relay, and is named", () => {
  test.each([
    [{ COUNTERSIGN_TOKEN: "" }, /^COUNTERSIGN_TOKEN: a token .* is not set\.$/],
    [{ COUNTERSIGN_TOKEN: "two words" }, /^COUNTERSIGN_URL, COUNTERSIGN_TOKEN: The token/],
    [{ COUNTERSIGN_URL: "http://countersign.example.com" }, /^COUNTERSIGN_URL: https: is expected/],
    [{ COUNTERSIGN_URL: "countersign" }, /^COUNTERSIGN_URL: https: is expected/],
    [{ SMARTHOST: "" }, /^SMARTHOST: the host:port that mail goes on to is expected/],
    [{ SMARTHOST: "a b" }, /^SMARTHOST: host:port is expected/],
    [{ SMARTHOST: "mail.example.net:99999" }, /^SMARTHOST: a port from 0 to 65535/],
    [{ SMARTHOST: "localhost:2587", RELAY_PORT: "2587" }, /^SMARTHOST: that is the relay itself\.$/],
    [{ SMARTHOST_TLS: "yes" }, /^SMARTHOST_TLS: starttls, implicit, none is expected/],
    [{ SMARTHOST_USER: "u" }, /^SMARTHOST_USER, SMARTHOST_PASSWORD: both are expected/],
    [
      {
        SMARTHOST: "mail.example.net",
        SMARTHOST_TLS: "none",
        SMARTHOST_USER: "u",
        SMARTHOST_PASSWORD: "secret",
      },
      /^SMARTHOST_TLS: none would send SMARTHOST_PASSWORD in the clear\.$/,
    ],
    [{ SMARTHOST_CA: "no-such-file" }, /^SMARTHOST_CA: The file can't be read/],
    [{ RELAY_PORT: "smtp" }, /^RELAY_PORT: a port from 0 to 65535/],
    [{ RELAY_MESSAGE_ID: "always" }, /^RELAY_MESSAGE_ID: add, replace, keep is expected/],
    [
      { RELAY_DOMAINS: "example.com, @example.net" },
      /^RELAY_DOMAINS: domains are expected.*; @example\.net is none\.$/,
    ],
    [{ RELAY_DOMAINS: "example.net." }, /^RELAY_DOMAINS: .*example\.net\. is none\.$/],
    [{ RELAY_SIGN_BOUNCES_TO: "alice@example.com" }, /^RELAY_SIGN_BOUNCES_TO: .* is none\.$/],
    [
      { RELAY_UNTAGGED: "*@lists.example.org, *example.net" },
      /^RELAY_UNTAGGED: .*\*example\.net is neither\.$/,
    ],
    [{ RELAY_NAME: "my relay" }, /^RELAY_NAME: a host's name is expected.*; my relay is neither\.$/],
    [{ RELAY_HOST: "0.0.0.0" }, /^RELAY_HOST: outside of this machine the relay needs/],
    [{ RELAY_TLS_KEY: "package.json" }, /^RELAY_TLS_KEY, RELAY_TLS_CERT: both are expected, or neither/],
    [
      { RELAY_TLS_KEY: "package.json", RELAY_TLS_CERT: "package.json" },
      /^RELAY_TLS_KEY, RELAY_TLS_CERT: PEM/,
    ],
    [{ SMARTHOST_CA: "package.json" }, /^SMARTHOST_CA: PEM is expected/],
    [{ RELAY_TLS: "implicit" }, /^RELAY_TLS: implicit needs/],
  ])("%j", async (spoiled, sentence) => {
    const { message } = (await startProgram("run-relay", { ...env, ...spoiled }).catch(
      (error: Error) => error as Error,
    )) as Error;
    expect(message.trim()).toMatch(sentence);
    expect(message).not.toContain("secret");
  });

  test("a port that is taken", async () => {
    const { port } = new URL(await worker.url());
    const { message } = (await startProgram("run-relay", {
      ...env,
      RELAY_PORT: port,
    }).catch((error: Error) => error)) as Error;
    expect(message.trim()).toBe(`Listening on 127.0.0.1:${port} failed: another program listens there.`);
  });
});

describe.skipIf(WITHOUT_OPENSSL !== "")(`clients${WITHOUT_OPENSSL}`, () => {
  test("sign in inside TLS, and in no other way", async () => {
    relay = await startProgram("run-relay", {
      ...env,
      RELAY_TLS_KEY: certificate.keyFile,
      RELAY_TLS_CERT: certificate.certFile,
      RELAY_USER: "shop",
      RELAY_PASSWORD: "open sesame",
    });
    const at = { host: "127.0.0.1", port: relay.port, tls: { ca: certificate.cert } };
    const send = (auth?: { user: string; pass: string }) =>
      createTransport({ ...at, requireTLS: true, ...(auth && { auth }) }).sendMail(MAIL);
    expect((await send({ user: "shop", pass: "open sesame" })).response).toBe("250 2.0.0 taken as number 1");
    const started = performance.now();
    await expect(send({ user: "shop", pass: "close sesame" })).rejects.toThrow(/535 5\.7\.8/);
    // Nobody guesses fast, or unseen.
    expect(performance.now() - started).toBeGreaterThan(950);
    expect(relay.output()).toContain("could not sign in");
    expect(relay.output()).not.toContain("close sesame");
    await expect(send({ user: "shopper", pass: "open sesame" })).rejects.toThrow(/535 5\.7\.8/);
    await expect(send()).rejects.toThrow(/530/);
    const plain = await connectTo(relay.port);
    const offered = await plain.say("EHLO x");
    expect(offered).toContain("STARTTLS");
    expect(offered).not.toContain("AUTH");
    expect(await plain.say(`AUTH PLAIN ${Buffer.from("\0shop\0open sesame").toString("base64")}`)).toMatch(
      /^500/,
    );
    expect(await plain.say("MAIL FROM:<alice@example.com>")).toMatch(/^530 5\.7\.0/);
    expect(await plain.say("RCPT TO:<bob@example.org>")).toMatch(/^503/);
    plain.close();
    expect(smarthost.taken).toHaveLength(1);
    expect(relay.output()).not.toContain("sesame");
  });

  test("begin with TLS at once where it is implicit", async () => {
    relay = await startProgram("run-relay", {
      ...env,
      RELAY_TLS: "implicit",
      RELAY_TLS_KEY: certificate.keyFile,
      RELAY_TLS_CERT: certificate.certFile,
    });
    const transport = createTransport({
      host: "127.0.0.1",
      port: relay.port,
      secure: true,
      tls: { ca: certificate.cert },
    });
    expect((await transport.sendMail(MAIL)).response).toMatch(/^250/);
  });
});

describe.skipIf(WITHOUT_OPENSSL !== "")(`the smarthost${WITHOUT_OPENSSL}`, () => {
  const withTls = async (options: SMTPServerOptions = {}) => {
    await smarthost.close();
    smarthost = await startSmarthost({ key: certificate.key, cert: certificate.cert, ...options });
    env = { ...env, SMARTHOST: `localhost:${smarthost.port}`, SMARTHOST_TLS: "starttls" };
  };
  const sendOnce = async () => {
    relay = await startProgram("run-relay", env);
    return createTransport({ host: "127.0.0.1", port: relay.port }).sendMail(MAIL);
  };

  test.each([["PLAIN"], ["LOGIN"]])("is signed in to inside TLS, with AUTH %s", async (mechanism) => {
    const seen: unknown[] = [];
    await withTls({
      disabledCommands: [],
      authMethods: [mechanism],
      onAuth: ({ username, password }, { secure }, done) => {
        seen.push({ username, password, secure });
        done(null, { user: username });
      },
    });
    env = { ...env, SMARTHOST_CA: certificate.certFile, SMARTHOST_USER: "u", SMARTHOST_PASSWORD: "ünlock" };
    expect((await sendOnce()).response).toMatch(/^250/);
    expect(seen).toEqual([{ username: "u", password: "ünlock", secure: true }]);
  });

  test("whose certificate nobody vouches for gets nothing", async () => {
    await withTls();
    await expect(sendOnce()).rejects.toThrow(/451 4\.4\.1/);
    expect(relay?.output()).toMatch(/"cause":"self-signed certificate/);
    expect(smarthost.commands).toEqual([]);
  });

  test("that offers no TLS where it is asked for gets nothing", async () => {
    env = { ...env, SMARTHOST_TLS: "starttls" };
    await expect(sendOnce()).rejects.toThrow(/451 4\.4\.1/);
    expect(relay?.output()).toContain('"cause":"It offers no STARTTLS."');
    expect(smarthost.commands).toEqual([]);
  });

  test("that does not take the password gets nothing, and the log does not show it", async () => {
    await withTls({
      disabledCommands: [],
      onAuth: ({ password }, _session, done) =>
        done(Object.assign(new Error(`5.7.8 Not with ${password}`), { responseCode: 535 })),
    });
    env = {
      ...env,
      SMARTHOST_CA: certificate.certFile,
      SMARTHOST_USER: "u",
      SMARTHOST_PASSWORD: "open sesame",
    };
    await expect(sendOnce()).rejects.toThrow(/451 4\.4\.1/);
    expect(relay?.output()).toContain('"cause":"It answers AUTH with 535."');
    expect(relay?.output()).not.toMatch(/sesame|b3BlbiBzZXNhbWU/);
  });

  test("with TLS from the start", async () => {
    await withTls({ secure: true });
    env = { ...env, SMARTHOST_TLS: "implicit", SMARTHOST_CA: certificate.certFile };
    expect((await sendOnce()).response).toMatch(/^250/);
  });
});

/** Elsewhere nothing tells how much it holds. */
describe.skipIf(process.platform !== "linux")("a large message (on Linux)", () => {
  let counting: SMTPServer;
  let octets: number;

  beforeEach(async () => {
    octets = 0;
    counting = new SMTPServer({
      logger: false,
      disabledCommands: ["STARTTLS", "AUTH"],
      onData(stream, _session, done) {
        stream.on("data", (chunk: Buffer) => {
          octets += chunk.length;
        });
        stream.on("end", () => done(null, "counted"));
      },
    });
    await new Promise<void>((resolve) => {
      counting.listen(0, "127.0.0.1", resolve);
    });
    const { port } = counting.server.address() as { port: number };
    relay = await startProgram("run-relay", { ...env, SMARTHOST: `127.0.0.1:${port}` });
  });
  afterEach(() => new Promise<void>((resolve) => counting.close(() => resolve())));

  async function sendMegabytes(port: number, megabytes: number): Promise<void> {
    const client = await connectTo(port);
    for (const line of ["MAIL FROM:<alice@example.com>", "RCPT TO:<bob@example.org>", "DATA"])
      await client.say(line);
    client.write("From: alice@example.com\r\n");
    const block = Buffer.from(`${"x".repeat(70)}\r\n`.repeat(1000));
    for (let sent = 0; sent < megabytes * 1_000_000; sent += block.length) {
      if (!client.socket.write(block)) await new Promise((resolve) => client.socket.once("drain", resolve));
    }
    expect(await client.say(".")).toBe("250 counted");
    client.close();
  }

  test("passes through without being held", async () => {
    const { port, peakOctets } = relay as Program;
    // By then the runtime has taken what it works with for any message.
    await sendMegabytes(port, 100);
    const before = peakOctets();
    await sendMegabytes(port, 300);
    expect(octets).toBeGreaterThan(400_000_000);
    expect(peakOctets() - before).toBeLessThan(60_000_000);
  });
});

test("the relay ends when it is told to", async () => {
  relay = await startProgram("run-relay", env);
  expect(await relay.stop()).toBe(0);
});
