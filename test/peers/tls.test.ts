// The relay with TLS and AUTH between two programs that no one here wrote: Python's smtplib signs in to it, and it signs in to
// Exim.

import { execFile } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";
import { makeCertificate, WITHOUT_OPENSSL } from "../smtp/certificate.ts";
import { type Program, startProgram } from "../smtp/program.ts";
import { EXIM, type Exim, kept, startExim } from "./exim-daemon.ts";
import { explainSkip, findPeer, makeFolder, removeFolder } from "./peer.ts";

const PYTHON = findPeer("python3", "python3");
const SKIP = WITHOUT_OPENSSL || explainSkip({ "exim4-daemon-heavy": EXIM, python3: PYTHON });

const SCRIPT = `
import smtplib, ssl, sys
port, ca, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
with smtplib.SMTP("localhost", port) as smtp:
    smtp.starttls(context=ssl.create_default_context(cafile=ca))
    smtp.login("shop", password)
    smtp.sendmail("alice@example.com", ["bob@example.org"], "From: alice@example.com\\r\\n\\r\\nHello.\\r\\n")
`;

describe.skipIf(SKIP !== "")(`TLS and AUTH on both sides of the relay${SKIP}`, () => {
  let folder: string;
  let worker: LocalWorker;
  let exim: Exim;
  let relay: Program;

  beforeAll(async () => {
    // Exim reads them as a user of its own.
    const certificate = makeCertificate();
    certificate.remove();
    folder = makeFolder("tls");
    chmodSync(folder, 0o755);
    for (const [name, text] of [
      ["key.pem", certificate.key],
      ["cert.pem", certificate.cert],
    ] as const) {
      writeFileSync(join(folder, name), text, { mode: 0o644 });
    }
    worker = await startWorker();
    await worker.client.domains.put("example.com", { mode: "observe" });
    const { token } = await worker.client.tokens.create({
      name: "relay",
      scopes: ["sign"],
      domains: ["example.com"],
    });
    exim = await startExim({
      hostname: "smtp.example.net",
      options: [
        "tls_advertise_hosts = *",
        `tls_certificate = ${folder}/cert.pem`,
        `tls_privatekey = ${folder}/key.pem`,
        "acl_smtp_rcpt = check_rcpt",
        `auth_advertise_hosts = \${if def:tls_in_cipher{*}}`,
      ],
      config: (of) => `
begin acl
check_rcpt:
  accept authenticated = *
         encrypted = *
  deny message = Sign in first.
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{relay}}{eq{$auth3}{of the smarthost}}}}
  server_set_id = $auth2
begin routers
all:
  driver = accept
  transport = kept
begin transports
${kept(of)}`,
    });
    relay = await startProgram("run-relay", {
      RELAY_PORT: "0",
      RELAY_TLS_KEY: join(folder, "key.pem"),
      RELAY_TLS_CERT: join(folder, "cert.pem"),
      RELAY_USER: "shop",
      RELAY_PASSWORD: "of the relay",
      COUNTERSIGN_URL: await worker.url(),
      COUNTERSIGN_TOKEN: token,
      SMARTHOST: `localhost:${exim.port}`,
      SMARTHOST_TLS: "starttls",
      SMARTHOST_CA: join(folder, "cert.pem"),
      SMARTHOST_USER: "relay",
      SMARTHOST_PASSWORD: "of the smarthost",
    });
  });
  afterAll(async () => {
    await relay.stop("SIGKILL");
    await exim.stop();
    await worker.stop();
    removeFolder(folder);
  });

  const send = (password: string) =>
    promisify(execFile)(PYTHON ?? "", ["-c", SCRIPT, String(relay.port), join(folder, "cert.pem"), password]);

  test("takes mail from who signs in, and it arrives signed", async () => {
    await send("of the relay");
    const arrival = await vi.waitFor(() => {
      const [one] = exim.arrivals();
      if (one === undefined) throw new Error(exim.log());
      return one;
    });
    expect(arrival.returnPath).toMatch(/^prvs=.*=alice@example\.com$/);
    expect(exim.log()).toMatch(/ P=esmtpsa X=TLS.* A=plain:relay /);
    expect(arrival.raw).toMatch(/with ESMTPSA id/);
  });

  test("takes none from who does not", async () => {
    await expect(send("of someone else")).rejects.toThrow(/535/);
  });
});
