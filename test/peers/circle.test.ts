// The whole circle, by programs that no one here wrote: what goes out signed is refused far away, and what is said of it comes
// back to the Worker and is believed; the same with a changed tag, or without one, is turned away for good.

import { createTransport } from "nodemailer";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { freePort } from "../free-port.ts";
import { examplesIn } from "../readme.ts";
import type { Program } from "../smtp/program.ts";
import { type ProbedWorker, startProbedWorker } from "../worker/probed-worker.ts";
import { type Circle, INBOX, startCircle } from "./circle.ts";
import { DOVECOT, deliverWithSieve } from "./dovecot.ts";
import { type Arrival, EXIM } from "./exim-daemon.ts";
import { explainSkip } from "./peer.ts";
import { POSTFIX, type Postfix, startPostfix } from "./postfix.ts";

const WITH_POSTFIX = explainSkip({ "exim4-daemon-heavy": EXIM, postfix: POSTFIX });
const WITH_DOVECOT = explainSkip({ "exim4-daemon-heavy": EXIM, "dovecot-core dovecot-sieve": DOVECOT });

const DAY_MS = 86_400_000;
const MESSAGE = "From: alice@example.com\nTo: nobody@example.org\nSubject: Your order\n\nIt is on its way.\n";

describe.skipIf(WITH_POSTFIX !== "")(`Postfix with the relay as its content filter${WITH_POSTFIX}`, () => {
  let circle: Circle;
  let postfix: Postfix;
  let bounce: Arrival;

  beforeAll(async () => {
    circle = await startCircle();
    const back = await freePort();
    const relay = await circle.startRelay({ SMARTHOST: `127.0.0.1:${back}` });
    const at = (lines = "") => lines.replaceAll("2587", String(relay.port)).replaceAll("2588", String(back));
    const [, main, master] = examplesIn("Postfix", "cf").map(at);
    const routes = `transport_maps = inline:{
  { example.com = smtp:[127.0.0.1]:${circle.front.port} }
  { example.org = smtp:[127.0.0.1]:${circle.world.port} } }`;
    postfix = await startPostfix({
      hostname: "app.example.com",
      main: `${main}${routes}`,
      master: master ?? "",
    });
  });
  afterAll(async () => {
    await postfix.stop();
    await circle.stop();
  });
  beforeEach(() => circle.forget());

  /** What the front said to Postfix, each time that it tried. */
  const saidTo = (address: string): string[] => {
    const lines = postfix
      .log()
      .split("\n")
      .filter((line) => line.includes(`to=<${address}>`) && line.includes(`:${circle.front.port}`));
    return lines.map(
      (line) =>
        /status=\w+ .*?said: (\d{3}.*?) \(in reply/.exec(line)?.[1] ?? /status=\w+/.exec(line)?.[0] ?? line,
    );
  };

  test("has its own bounce of what is refused come back by its ref", async () => {
    await postfix.sendmail(
      "alice@example.com",
      ["nobody@example.org"],
      `X-Countersign-Ref: order-7\n${MESSAGE}`,
    );
    expect(await circle.waitForBounces(1)).toMatchObject([
      {
        kind: "failed",
        evidence: "tag",
        scheme: "cs1",
        original: "alice@example.com",
        ref: "order-7",
        recipient: "nobody@example.org",
        action: "failed",
        class: "hard",
        diagnostic: expect.stringContaining("No such user here"),
        reportingMta: expect.stringContaining("app.example.com"),
        source: "dsn",
      },
    ]);
    bounce = await vi.waitFor(() => {
      const [arrived] = circle.world.arrivals();
      if (arrived === undefined) throw new Error("It has not been forwarded.");
      return arrived;
    });
    expect(bounce).toMatchObject({ returnPath: "", recipient: INBOX });
    expect(bounce.raw).toMatch(/^X-Countersign: valid; by=example\.com; evidence=tag\r$/im);
    expect(await postfix.queue()).toEqual([]);
  });

  test.each([
    [
      "with its tag changed",
      (tagged: string) =>
        tagged.replace(/^(cs1=.{6})(.)/, (_, head, one) => head + (one === "a" ? "b" : "a")),
    ],
    ["to the untagged address", () => "alice@example.com"],
    ["to someone who is not there", () => "dora@example.com"],
  ])("is told 555 of the same bounce %s, and does not try again", async (_, change) => {
    const { reversePath } = await circle.worker
      .clientFor(circle.token)
      .mint("alice@example.com", { ref: "order-7" });
    const to = change(reversePath);
    const [, ...lines] = bounce.raw
      .split(/\r\n(?=[\w-]+:)/)
      .filter((line) => !/^(Envelope-to|X-Countersign)/i.test(line));
    await postfix.sendmail("", [to], lines.join("\r\n").replaceAll("\r\n", "\n"));
    const refused = await vi.waitFor(
      () => {
        const said = saidTo(to);
        expect(said).toHaveLength(1);
        return said;
      },
      { timeout: 10_000, interval: 50 },
    );
    expect(refused).toEqual([
      expect.stringMatching(
        /^555 5\.7\.1 (This address takes bounces only of mail that it sent|Address does not exist)\.$/,
      ),
    ]);
    await vi.waitFor(async () => expect(await postfix.queue()).toEqual([]));
    await postfix.flush();
    expect(saidTo(to)).toHaveLength(1);
    expect(await circle.waitForBounces(0)).toEqual([]);
  });

  test("tries again under the same reverse-path where it is greylisted", async () => {
    await postfix.sendmail("alice@example.com", ["grey@example.org"], MESSAGE);
    const first = await vi.waitFor(() => triedFrom(circle, "grey@example.org"), { timeout: 10_000 });
    await vi.waitFor(
      async () => expect((await postfix.queue())[0]?.recipients[0]?.reason).toContain("Greylisted"),
      { timeout: 10_000 },
    );
    await flushUntilSent(postfix, circle);
    expect((await circle.waitForSent()).returnPath).toBe(first);
    expect(first).toMatch(/^prvs=/);
  });
});

/** A message that is just being put off is not flushed, and one flush does not say so. */
async function flushUntilSent(postfix: Postfix, circle: Circle): Promise<void> {
  await vi.waitFor(
    async () => {
      await postfix.flush();
      expect(circle.world.arrivals().some(({ returnPath }) => returnPath !== "")).toBe(true);
    },
    { timeout: 10_000, interval: 500 },
  );
}

/** The reverse-path under which the world put the recipient off. */
function triedFrom(circle: Circle, recipient: string): string {
  const pattern = new RegExp(`F=<(\\S+)> temporarily rejected RCPT <${recipient}>`);
  const [, from] = pattern.exec(circle.world.log()) ?? [];
  if (from === undefined) throw new Error(`It has not been put off: ${circle.world.log()}`);
  return from;
}

describe.skipIf(WITH_POSTFIX !== "")(`a client of the relay whose mail is greylisted${WITH_POSTFIX}`, () => {
  let worker: ProbedWorker;
  let circle: Circle;
  let postfix: Postfix;

  beforeAll(async () => {
    worker = await startProbedWorker();
    circle = await startCircle(worker);
    const relay = await circle.startRelay();
    const [main = ""] = examplesIn("Postfix", "cf");
    postfix = await startPostfix({
      hostname: "app.example.com",
      main: main.replace("2587", String(relay.port)),
    });
  });
  afterAll(async () => {
    await postfix.stop();
    await circle.stop();
    await worker.stop();
  });

  test("sends under the same reverse-path when it tries again after midnight UTC", async () => {
    await postfix.sendmail("alice@example.com", ["grey@example.org"], MESSAGE);
    const first = await vi.waitFor(() => triedFrom(circle, "grey@example.org"), { timeout: 10_000 });
    await vi.waitFor(
      async () => expect((await postfix.queue())[0]?.recipients[0]?.reason).toContain("Greylisted"),
      { timeout: 10_000 },
    );
    const now = Date.now();
    await worker.setClock((Math.floor(now / DAY_MS) + 1) * DAY_MS + 60_000 - now);
    // What is minted by now is another.
    expect((await circle.worker.clientFor(circle.token).mint("alice@example.com")).reversePath).not.toBe(
      first,
    );
    await flushUntilSent(postfix, circle);
    expect((await circle.waitForSent()).returnPath).toBe(first);
  });
});

describe.skipIf(WITH_DOVECOT !== "")(`a vacation reply of Dovecot's sieve${WITH_DOVECOT}`, () => {
  const SCRIPT = 'require ["vacation"]; vacation :addresses ["dora@example.org"] "I am away.";';
  let circle: Circle;
  let relay: Program;

  beforeAll(async () => {
    circle = await startCircle();
    relay = await circle.startRelay({ RELAY_MESSAGE_ID: "replace", RELAY_UNTAGGED: "dora@example.org" });
  });
  afterAll(() => circle.stop());
  beforeEach(() => circle.forget());

  /** Sends to someone who is away, and has that mailbox's server answer. */
  async function sendAndAnswer(
    to: string,
    port = relay.port,
    messageId = "<own@example.com>",
  ): Promise<Arrival> {
    await createTransport({ host: "127.0.0.1", port }).sendMail({
      from: "alice@example.com",
      to: "dora@example.org",
      envelope: { from: "alice@example.com", to },
      subject: "Your order",
      messageId,
    });
    const sent = await circle.waitForSent();
    await deliverWithSieve({
      script: SCRIPT,
      sender: sent.returnPath,
      recipient: "dora@example.org",
      message: sent.raw.replace(/^(Return-path|Envelope-to): .*\r\n/gm, "").replaceAll("\r\n", "\n"),
      submission: `127.0.0.1:${circle.front.port}`,
    });
    return sent;
  }

  const arrivedReply = () =>
    vi.waitFor(() => {
      const reply = circle.world.arrivals().find(({ returnPath }) => returnPath === "");
      if (reply === undefined) throw new Error(circle.front.output());
      return reply;
    });

  test("arrives by the tag, to which Dovecot sends it", async () => {
    const { returnPath, messageId } = await sendAndAnswer("carol@example.org");
    expect(returnPath).toMatch(/^prvs=/);
    const reply = await arrivedReply();
    expect(reply.raw).toMatch(/^X-Countersign: valid; by=example\.com; evidence=tag\r$/im);
    expect(reply.raw).toContain(`In-Reply-To: ${messageId}`);
    expect(await circle.waitForBounces(1)).toMatchObject([{ kind: "autoreply", evidence: "tag" }]);
  });

  test("arrives by the signed Message-ID where the reverse-path has no tag", async () => {
    await circle.stop();
    circle = await startCircle();
    // The reverse-path as it is without the relay's tag; the Message-ID that the API mints.
    const { messageId } = await circle.worker.clientFor(circle.token).mint("alice@example.com");
    const { returnPath } = await sendAndAnswer("carol@example.org", circle.world.port, messageId);
    expect(returnPath).toBe("alice@example.com");
    const reply = await arrivedReply();
    expect(reply.raw).toMatch(/^X-Countersign: missing; by=example\.com; evidence=message-id\r$/im);
    expect(await circle.waitForBounces(1)).toMatchObject([{ kind: "autoreply", evidence: "message-id" }]);
  });

  test("is refused where neither is signed", async () => {
    await expect(sendAndAnswer("carol@example.org", circle.world.port)).rejects.toThrow(/555 5\.7\.1/);
    expect(await circle.waitForBounces(0)).toEqual([]);
  });
});
