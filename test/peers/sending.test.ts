// The examples of sending, run as they are printed, through a real Exim: what they send bears the minted reverse-path and
// Message-ID, and the bounce that Exim makes of it comes back to an address that the Worker accepts.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";
import { exampleIn } from "../readme.ts";
import { type Arrival, EXIM, type Exim, kept, startExim } from "./exim-daemon.ts";
import { explainSkip, findPeer } from "./peer.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const INBOX = "inbox@example.net";
/** With it a Message-ID is longer than the 78 characters at which mail programs like to break a line. */
const LONG_DOMAIN = `${"long-".repeat(10)}domain.example`;
const LONG_REF = "order-2026-11-24-0000123";

interface Example {
  readonly what: string;
  readonly language: "ts" | "py" | "sh";
  /** Reads the script from its standard input; null where it is missing. */
  readonly program: string | null;
  readonly args: readonly string[];
  readonly debianPackage: string;
  readonly hasMessageId: boolean;
}

const TYPESCRIPT: Example = {
  what: "Nodemailer, with the client,",
  language: "ts",
  program: process.execPath,
  args: ["--input-type=module-typescript", "-"],
  debianPackage: "nodejs",
  hasMessageId: true,
};
const PYTHON: Example = {
  what: "Python's smtplib",
  language: "py",
  program: findPeer("python3", "python3"),
  args: ["-"],
  debianPackage: "python3",
  hasMessageId: true,
};
const SHELL: Example = {
  what: "curl",
  language: "sh",
  program: findPeer("curl", "curl") && findPeer("bash", "bash"),
  args: ["-e", "-u"],
  debianPackage: "curl",
  hasMessageId: false,
};

const SKIP = explainSkip({ "exim4-daemon-heavy": EXIM });

describe.skipIf(SKIP !== "")(`mail sent through Exim${SKIP}`, () => {
  let worker: LocalWorker;
  let token: string;
  let exim: Exim;

  beforeAll(async () => {
    worker = await startWorker();
    const domains = ["example.com", LONG_DOMAIN];
    for (const domain of domains) {
      await worker.client.domains.put(domain, { mode: "enforce" }, { force: true });
      await worker.client.routes.put(domain, "alice", { action: "forward", to: [INBOX] });
    }
    ({ token } = await worker.client.tokens.create({ name: "the examples", scopes: ["sign"], domains }));
    exim = await startExim({
      hostname: "mx.example.org",
      options: ["acl_smtp_rcpt = accept"],
      config: keepAndBounce,
    });
  });
  afterAll(async () => {
    await exim.stop();
    await worker.stop();
  });
  beforeEach(() => exim.forget());

  /** Runs a script, which sends one message, and waits until that and its bounce have arrived. */
  async function send({ program, args }: Example, script: string): Promise<[sent: Arrival, bounce: Arrival]> {
    const running = promisify(execFile)(program ?? "", args, {
      cwd: ROOT,
      timeout: 20_000,
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        COUNTERSIGN_URL: await worker.url(),
        COUNTERSIGN_TOKEN: token,
        SMTP_HOST: "127.0.0.1",
        SMTP_PORT: String(exim.port),
      },
    });
    running.child.stdin?.end(script);
    expect((await running).stdout).toBe("");
    return waitForBoth();
  }

  /** The one message that was sent, and its bounce. */
  async function waitForBoth(): Promise<[sent: Arrival, bounce: Arrival]> {
    return vi.waitFor(
      () => {
        const arrivals = exim.arrivals();
        const [sent, ...others] = arrivals.filter(({ returnPath }) => returnPath !== "");
        const [bounce, ...further] = arrivals.filter(({ returnPath }) => returnPath === "");
        expect([...others, ...further]).toEqual([]);
        if (sent === undefined || bounce === undefined) throw new Error("Not both of them have arrived.");
        return [sent, bounce];
      },
      { timeout: 10_000, interval: 50 },
    );
  }

  for (const example of [TYPESCRIPT, PYTHON, SHELL]) {
    const { what, language, program, debianPackage, hasMessageId } = example;
    const missing = program === null ? ` (apt-get install ${debianPackage})` : "";

    describe.skipIf(program === null)(`by ${what} as the example in ${language} has it${missing}`, () => {
      test("bears the minted reverse-path, and its bounce is accepted", async () => {
        const [sent, bounce] = await send(example, exampleIn("Sending with a minted address", language));
        expect(sent.returnPath).toMatch(/^cs1=0[a-z2-7]{20}-order-7=alice@example\.com$/);
        expect(sent.recipient).toBe("bob@example.org");
        expect(sent.raw).toMatch(/^From: alice@example\.com$/m);
        expect(sent.raw).toContain("It is on its way.");
        expect(bounce.recipient).toBe(sent.returnPath);
        const delivery = await worker.deliver({ from: "<>", to: bounce.recipient }, bounce.raw);
        expect(delivery).toMatchObject({
          code: 250,
          forwards: [{ to: INBOX }],
          logged: { bounce: true, status: "valid", evidence: "tag", ref: "order-7" },
        });
        await vi.waitFor(async () => {
          const { value } = await worker.client.domains.bounces("example.com", { limit: 1 }).next();
          expect(value).toMatchObject({
            kind: "failed",
            ref: "order-7",
            recipient: "bob@example.org",
            class: "soft",
            diagnostic: expect.stringContaining("The mailbox is full."),
          });
        });
      });

      if (!hasMessageId) return;
      test("bears the minted Message-ID, however long, and replies to it pass", async () => {
        const script = exampleIn("Sending with a minted address", language)
          .replaceAll("alice@example.com", `alice@${LONG_DOMAIN}`)
          .replaceAll("order-7", LONG_REF);
        const [sent] = await send(example, script);
        expect(sent.messageId.length).toBeGreaterThan(120);
        expect(sent.messageId).toMatch(
          /^<cs1\.[0-9a-z.]+\.order-2026-11-24-0000123@long-.*domain\.example>$/,
        );
        const reply = [
          "Message-ID: <away@example.org>",
          "From: bob@example.org",
          "Auto-Submitted: auto-replied",
          `In-Reply-To: ${sent.messageId}`,
          "",
          "Away.",
        ];
        const to = `alice@${LONG_DOMAIN}`;
        expect(await worker.deliver({ from: "<>", to }, reply.join("\r\n"))).toMatchObject({
          code: 250,
          logged: { status: "missing", evidence: "message-id", ref: LONG_REF },
        });
      });
    });
  }

  test("in alice's name by someone else bounces to her plain address, and that is refused", async () => {
    await createTransport({ host: "127.0.0.1", port: exim.port }).sendMail({
      from: "alice@example.com",
      to: "bob@example.org",
      subject: "A bargain",
      text: "Buy now.",
    });
    const [, bounce] = await waitForBoth();
    expect(bounce.recipient).toBe("alice@example.com");
    expect(await worker.deliver({ from: "<>", to: bounce.recipient }, bounce.raw)).toMatchObject({
      code: 555,
      text: "5.7.1 This address takes bounces only of mail that it sent.",
      forwards: [],
      logged: { status: "missing", evidence: "none" },
    });
  });
});

/** Takes mail for anyone and keeps it in a file; what is no bounce it then can't deliver, and bounces. */
const keepAndBounce = (folder: string): string => `
begin routers
bounce:
  driver = accept
  senders = :
  transport = kept
arrived:
  driver = accept
  unseen
  transport = kept
full:
  driver = redirect
  allow_fail
  data = :fail: The mailbox is full.
begin transports
${kept(folder)}`;
