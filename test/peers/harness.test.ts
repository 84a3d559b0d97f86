// What tests run real mail programs with does what it says: Postfix, Exim and Dovecot side by side, and nothing of them
// is left afterwards.

import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DOVECOT, deliverWithSieve } from "./dovecot.ts";
import { type Arrival, EXIM, type Exim, kept, startExim } from "./exim-daemon.ts";
import { explainSkip } from "./peer.ts";
import { POSTFIX, type Postfix, startPostfix } from "./postfix.ts";

const EXIM_ONLY = { "exim4-daemon-heavy": EXIM };
const WITH_POSTFIX = explainSkip({ ...EXIM_ONLY, postfix: POSTFIX });
const WITH_DOVECOT = explainSkip({ ...EXIM_ONLY, "dovecot-core dovecot-sieve": DOVECOT });

const MESSAGE = "From: alice@example.com\nMessage-ID: <m@example.com>\nSubject: Hello\n\nHello.\n";

const keepAll = (folder: string): string => `
begin routers
all:
  driver = accept
  transport = kept
begin transports
${kept(folder)}`;

function startInbox(): Promise<Exim> {
  return startExim({ hostname: "mail.example.com", options: ["acl_smtp_rcpt = accept"], config: keepAll });
}

async function waitForOne(exim: Exim): Promise<Arrival> {
  return vi.waitFor(
    () => {
      const [arrival, ...others] = exim.arrivals();
      expect(others).toEqual([]);
      if (arrival === undefined) throw new Error(`Nothing has arrived: ${exim.log()}`);
      return arrival;
    },
    { timeout: 10_000, interval: 50 },
  );
}

describe.skipIf(WITH_POSTFIX !== "")(`Postfix between two Exims${WITH_POSTFIX}`, () => {
  let inbox: Exim;
  let receiver: Exim;
  let postfix: Postfix;

  beforeAll(async () => {
    [inbox, receiver] = await Promise.all([
      startInbox(),
      startExim({
        hostname: "mx.example.org",
        options: ["acl_smtp_rcpt = rcpt"],
        config: (folder) => `
begin acl
rcpt:
  deny local_parts = bob
       message = No such user here.
  accept
${keepAll(folder)}`,
      }),
    ]);
    postfix = await startPostfix({
      hostname: "app.example.com",
      main: `transport_maps = inline:{
  { example.com = smtp:[127.0.0.1]:${inbox.port} }
  { example.org = smtp:[127.0.0.1]:${receiver.port} }
  { example.net = smtp:[127.0.0.1]:1 } }`,
    });
  });
  afterAll(async () => {
    const programs = [inbox, receiver, postfix];
    await Promise.all(programs.map((program) => program.stop()));
    expect(programs.filter(({ folder }) => existsSync(folder))).toEqual([]);
  });

  test("brings back the refusal of one recipient as a bounce, and the message to the other", async () => {
    await postfix.sendmail("alice@example.com", ["bob@example.org", "carol@example.org"], MESSAGE);
    expect(await waitForOne(receiver)).toMatchObject({
      returnPath: "alice@example.com",
      recipient: "carol@example.org",
      messageId: "<m@example.com>",
    });
    const bounce = await waitForOne(inbox);
    expect(bounce).toMatchObject({ returnPath: "", recipient: "alice@example.com" });
    expect(bounce.raw).toContain("Final-Recipient: rfc822; bob@example.org\r\n");
    expect(bounce.raw).toContain("550 No such user here.");
    expect(postfix.log()).toContain("status=bounced");
  });

  test("keeps in its queue what it can't deliver, and tries it again when it is told to", async () => {
    await postfix.sendmail("alice@example.com", ["bob@example.net"], MESSAGE);
    await vi.waitFor(async () => {
      expect(await postfix.queue()).toEqual([
        {
          id: expect.any(String),
          sender: "alice@example.com",
          recipients: [{ address: "bob@example.net", reason: expect.stringContaining("Connection refused") }],
        },
      ]);
    }, 10_000);
    await postfix.flush();
    const attempts = () => postfix.log().split("status=deferred").length - 1;
    await vi.waitFor(() => expect(attempts()).toBe(2), 10_000);
  });
});

describe.skipIf(WITH_DOVECOT !== "")(`Dovecot's vacation${WITH_DOVECOT}`, () => {
  test("replies by SMTP with the null reverse-path to the sender, in reply to the message", async () => {
    const inbox = await startInbox();
    try {
      await deliverWithSieve({
        script: 'require ["vacation"]; vacation :addresses ["bob@example.org"] "Away.";',
        sender: "alice@example.com",
        recipient: "bob@example.org",
        message: `To: bob@example.org\n${MESSAGE}`,
        submission: `127.0.0.1:${inbox.port}`,
      });
      const reply = await waitForOne(inbox);
      expect(reply).toMatchObject({ returnPath: "", recipient: "alice@example.com" });
      expect(reply.raw).toContain("In-Reply-To: <m@example.com>\r\n");
      expect(reply.raw).toContain("Auto-Submitted: auto-replied");
    } finally {
      await inbox.stop();
    }
  });
});
