// The README's recipes for sending through the relay, or with a shared key, run as they are printed by the programs that they
// are for: what they send bears the tag, and the bounce of it comes back to the Worker and is known.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { exampleIn, examplesIn } from "../readme.ts";
import type { Program } from "../smtp/program.ts";
import { type Circle, startCircle } from "./circle.ts";
import { EXIM, type Exim, startExim } from "./exim-daemon.ts";
import { explainMissing, explainSkip, findPeer } from "./peer.ts";
import { POSTFIX, type Postfix, startPostfix } from "./postfix.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SWAKS = findPeer("swaks", "swaks");
const PYTHON = findPeer("python3", "python3");
const WITH_EXIM = explainSkip({ "exim4-daemon-heavy": EXIM });
const WITH_POSTFIX = explainSkip({ "exim4-daemon-heavy": EXIM, postfix: POSTFIX });

const MESSAGE = "From: alice@example.com\nTo: bob@example.org\nSubject: Your order\n\nIt is on its way.\n";
const TAGGED = /^prvs=\d{4}[0-9a-f]{6}=alice@example\.com$/;
const NAMED = /^cs1=\w+-order-7=alice@example\.com$/;
const SIGNED_ID = /^<cs1\.[0-9a-z.-]+@example\.com>$/;

describe.skipIf(WITH_EXIM !== "")(`a recipe as it is printed${WITH_EXIM}`, () => {
  let circle: Circle;

  beforeAll(async () => {
    circle = await startCircle();
  });
  afterAll(() => circle.stop());
  beforeEach(() => circle.forget());

  /** Puts the ports of this test in place of those that are printed. */
  const at = (example: string, relay: Program, smarthost = 0): string =>
    example.replaceAll("2587", String(relay.port)).replaceAll("2588", String(smarthost));

  describe("of an app that speaks to the relay", () => {
    const TITLE = "Nodemailer, Python and swaks";
    const run = async (program: string, args: readonly string[], script: string) => {
      const running = promisify(execFile)(program, args, { cwd: ROOT, timeout: 20_000 });
      running.child.stdin?.end(script);
      return running;
    };

    const senders = [
      ["Nodemailer", "ts", process.execPath, ["--input-type=module-typescript", "-"], "replace"],
      [`Python's smtplib${explainMissing({ python3: PYTHON })}`, "py", PYTHON, ["-"], "add"],
      [`swaks${explainMissing({ swaks: SWAKS })}`, "sh", SWAKS && "bash", ["-e", "-u"], "replace"],
    ] as const;
    for (const [what, language, program, args, mode] of senders) {
      test.skipIf(program === null)(
        `by ${what} sends a message whose bounce comes back by its ref`,
        async () => {
          const relay = await circle.startRelay({ RELAY_MESSAGE_ID: mode });
          await run(program ?? "", args, at(exampleIn(TITLE, language), relay));
          const sent = await circle.waitForSent();
          expect(sent).toMatchObject({
            returnPath: expect.stringMatching(NAMED),
            recipient: "bob@example.org",
          });
          expect(sent.messageId).toMatch(SIGNED_ID);
          expect(sent.raw).toContain("It is on its way.");
          expect(sent.raw).not.toContain("X-Countersign-Ref");
          expect(await circle.waitForBounces(1)).toMatchObject([
            {
              ref: "order-7",
              recipient: "bob@example.org",
              diagnostic: expect.stringContaining("The mailbox is full"),
            },
          ]);
        },
      );
    }
  });

  describe.skipIf(WITH_POSTFIX !== "")(`of Postfix${WITH_POSTFIX}`, () => {
    let postfix: Postfix | null = null;
    const stopPostfix = () => postfix?.stop();
    afterEach(stopPostfix);

    test("with the relay as relayhost signs all that it sends, and its own bounces come back", async () => {
      const [relayhost = ""] = examplesIn("Postfix", "cf");
      const relay = await circle.startRelay({ RELAY_SIGN_BOUNCES_TO: "example.com" });
      postfix = await startPostfix({ hostname: "app.example.com", main: at(relayhost, relay) });
      await postfix.sendmail("alice@example.com", ["bob@example.org"], MESSAGE);
      const sent = await circle.waitForSent();
      expect(sent.returnPath).toMatch(TAGGED);
      // Postfix adds a Message-ID before the relay sees the message.
      expect(sent.messageId).not.toMatch(SIGNED_ID);
      expect(await circle.waitForBounces(1)).toMatchObject([
        { recipient: "bob@example.org", evidence: "tag" },
      ]);

      await circle.forget();
      await postfix.sendmail("alice@example.com", ["nobody@example.org"], MESSAGE);
      expect(await circle.waitForBounces(1)).toMatchObject([
        {
          recipient: "nobody@example.org",
          status: "5.0.0",
          diagnostic: expect.stringContaining("No such user here"),
        },
      ]);
      await vi.waitFor(async () => expect(await postfix?.queue()).toEqual([]));
    });

    test("sends to those that get no tag in a transaction of their own, when it is told to", async () => {
      const [relayhost = ""] = examplesIn("Postfix", "cf");
      const relay = await circle.startRelay({ RELAY_UNTAGGED: "lists.example.org" });
      const running = await startPostfix({ hostname: "app.example.com", main: at(relayhost, relay) });
      postfix = running;
      await running.sendmail("alice@example.com", ["carol@example.org", "dev@lists.example.org"], MESSAGE);
      await vi.waitFor(
        async () => {
          await running.flush();
          const sent = circle.world.arrivals().filter(({ returnPath }) => returnPath !== "");
          expect(sent.map(({ recipient, returnPath }) => [recipient, returnPath]).sort()).toEqual([
            ["carol@example.org", expect.stringMatching(TAGGED)],
            ["dev@lists.example.org", "alice@example.com"],
          ]);
        },
        { timeout: 15_000, interval: 500 },
      );
      expect(running.log()).toMatch(/to=<\S+>, .*status=deferred \(.*452 4\.5\.3 /);
    });
  });

  describe("of Exim", () => {
    let exim: Exim | null = null;
    afterAll(() => exim?.stop());
    const SECRET = "shared with exim";

    /** Delivers to the world, and takes mail from this machine. */
    const startWith = (main: string, routers: string, transports: string, transportOptions = "") =>
      startExim({
        hostname: "app.example.com",
        options: ["acl_smtp_rcpt = accept", "domainlist local_domains =", main],
        config: () => `
begin routers
${routers}
everywhere:
  driver = manualroute
  transport = remote_smtp
  route_list = * 127.0.0.1
  self = send
begin transports
remote_smtp:
  driver = smtp
  port = ${circle.world.port}
  allow_localhost
${transportOptions}
${transports}`,
      });

    const submit = async (port: number, from: string, to: string) => {
      const { createTransport } = await import("nodemailer");
      await createTransport({ host: "127.0.0.1", port }).sendMail({ envelope: { from, to }, raw: MESSAGE });
    };

    test("with the shared key signs by itself, and its own bounces come back", async () => {
      const [main = "", transport = "", router = ""] = examplesIn("Exim", "exim");
      await circle.worker.client.keys.bring("example.com", { number: 7, secret: SECRET });
      exim = await startWith(main, router, "", transport);
      await submit(exim.port, "Alice@example.com", "bob@example.org");
      const sent = await circle.waitForSent();
      expect(sent.returnPath).toMatch(/^prvs=7\d{3}[0-9a-f]{6}=alice@example\.com$/);
      expect(await circle.waitForBounces(1)).toMatchObject([
        { recipient: "bob@example.org", scheme: "prvs" },
      ]);

      await circle.forget();
      await submit(exim.port, "alice@example.com", "nobody@example.org");
      expect(await circle.waitForBounces(1)).toMatchObject([{ recipient: "nobody@example.org" }]);
    });

    test.each([
      ["a tag", "prvs=0788000000=alice@example.com"],
      ["another domain", "carol@example.net"],
    ])("with the shared key leaves a sender with %s as it is", async (_, from) => {
      await submit(exim?.port ?? 0, from, "dora@example.org");
      expect((await circle.waitForSent()).returnPath).toBe(from);
    });

    test("through the relay sends signed, and its own bounces come back", async () => {
      const [, , , router = "", transport = ""] = examplesIn("Exim", "exim");
      const relay = await circle.startRelay({ RELAY_SIGN_BOUNCES_TO: "example.com" });
      const through = await startWith("", router, at(transport, relay));
      await submit(through.port, "alice@example.com", "bob@example.org");
      const sent = await circle.waitForSent();
      expect(sent.returnPath).toMatch(TAGGED);
      expect(await circle.waitForBounces(1)).toMatchObject([{ recipient: "bob@example.org" }]);

      await circle.forget();
      await submit(through.port, "alice@example.com", "nobody@example.org");
      expect(await circle.waitForBounces(1)).toMatchObject([{ recipient: "nobody@example.org" }]);
      await through.stop();
    });
  });
});
