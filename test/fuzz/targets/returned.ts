// Returned messages, genuine ones spoiled and others made up: every field of what is found keeps its bound, and what does not
// matter changes nothing: line ends, the case of field names, fields above, octets behind the part that is read.

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect } from "vitest";
import { readHead } from "../../../src/inbound/head.ts";
import { HEAD_OCTETS, readMail } from "../../../src/returned/mime.ts";
import { readReturned, readReturnedHeaders } from "../../../src/returned/read-returned.ts";
import type { Returned } from "../../../src/returned/returned.ts";
import { cutAt, cuts, mutated, ODD_OCTETS } from "../mutation.ts";
import { octetsOf, seeded, target } from "../target.ts";

interface Bounced {
  readonly message: string;
  readonly cuts: readonly number[];
}

const FIELD_NAMES = /^(?:content-type|from|to|subject|message-id|auto-submitted|x-failed-recipients)(?=:)/gim;

/** One printable line, without a lone surrogate, within its bound. */
function isLine(text: string | null, characters: number): boolean {
  return (
    text === null ||
    (text.length <= characters &&
      text.length > 0 &&
      /^[^\p{C}\p{Zl}\p{Zp}]*$/u.test(text) &&
      text === text.trim())
  );
}

function checkFinding(finding: Returned): void {
  const {
    kind,
    recipient,
    action,
    status,
    class: known,
    diagnostic,
    reportingMta,
    messageId,
    source,
  } = finding;
  expect(["failed", "delayed", "delivered", "autoreply", "receipt", "complaint", "unparsed"]).toContain(kind);
  expect(["hard", "soft", "block", "undetermined"]).toContain(known);
  expect([
    isLine(recipient, 320),
    isLine(diagnostic, 1000),
    isLine(reportingMta, 255),
    isLine(messageId, 998),
  ]).toEqual([true, true, true, true]);
  if (recipient !== null) {
    expect(recipient).toMatch(/^[^<>]+@[^<>@]+$/);
    const host = recipient.slice(recipient.lastIndexOf("@"));
    expect(host).toBe(host.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  }
  if (messageId !== null) expect(messageId).toMatch(/^<[^\s<>]+>$/);
  if (status !== null) expect(status).toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/);
  if (action !== null) expect(action).toMatch(/^[a-z]{1,20}$/);
  if (kind === "delayed") expect(known).toBe("soft");
  if (kind !== "failed" && kind !== "delayed") expect(known).toBe("undetermined");
  if (kind === "unparsed") expect([recipient, diagnostic, source]).toEqual([null, null, null]);
}

async function check({ message, cuts: at }: Bounced): Promise<void> {
  const octets = octetsOf(message);
  const found = await readReturned(octets);
  expect(found.length).toBeGreaterThan(0);
  expect(found.length).toBeLessThanOrEqual(100);
  for (const finding of found) checkFinding(finding);
  const recipients = found.map(({ kind, recipient }) => `${kind} ${recipient?.toLowerCase()}`);
  expect(new Set(recipients).size).toBe(recipients.length);
  if (found.length > 1) expect(found.every(({ recipient }) => recipient !== null)).toBe(true);
  expect(await readReturned(octets)).toEqual(found);

  // Nothing behind the bound is looked at.
  if (octets.length <= HEAD_OCTETS) {
    const longer = Buffer.concat([octets, Buffer.alloc(HEAD_OCTETS - octets.length, 0x20)]);
    const tail = "\r\n\r\nFinal-Recipient: rfc822; eve@example.net\r\nAction: failed\r\n";
    expect(await readReturned(Buffer.concat([longer, octetsOf(tail)]))).toEqual(await readReturned(longer));
  }
  // In the body a part may be base64.
  const end = /\r?\n\r?\n/.exec(message)?.index ?? 0;
  const named = message.slice(0, end).replace(FIELD_NAMES, (name) => name.toUpperCase()) + message.slice(end);
  expect(await readReturned(octetsOf(named))).toEqual(found);
  // Another bare CR may stand in a message; of its line ends it is known then which they are.
  if (!/\r(?!\n)/.test(message) && octets.length + message.split("\n").length < HEAD_OCTETS) {
    const [withLf, withCrLf] = [message.replaceAll("\r\n", "\n"), message.replace(/\r?\n/g, "\r\n")];
    expect(await readReturned(octetsOf(withLf))).toEqual(await readReturned(octetsOf(withCrLf)));
  }
  const { headers } = await readMail(octets);
  const alone = readReturnedHeaders(headers);
  checkFinding(alone);
  expect(["autoreply", "receipt", "unparsed"]).toContain(alone.kind);

  const chunks = cutAt(message, at).map(octetsOf);
  const raw = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
  expect(Buffer.from(await readHead({ raw }, HEAD_OCTETS)).equals(octets.subarray(0, HEAD_OCTETS))).toBe(
    true,
  );
}

const MESSAGES = new URL("../../messages/", import.meta.url);
const genuine = ["", "returned/"].flatMap((folder) =>
  readdirSync(new URL(folder, MESSAGES))
    .filter((file) => file.endsWith(".eml"))
    .map((file) => readFileSync(new URL(folder + file, MESSAGES), "latin1"))
    .filter((message) => message.length < 20_000),
);

const STATUS = [
  "Final-Recipient: rfc822; bob@example.org",
  "Original-Recipient: rfc822;alias@example.org",
  "X-Actual-Recipient: rfc822; c@example.org",
  "Action: failed",
  "Action: delayed",
  "Status: 5.1.1",
  "Status: 4.4.1 (so)",
  "Diagnostic-Code: smtp; 550 5.1.1 No such user",
  "Diagnostic-Code: smtp;\r\n 552-5.2.2 full\r\n 552 5.2.2 over quota",
  "Reporting-MTA: dns; mx.example.net",
  "Final-Recipient: utf-8; \\x{41}@example.org",
  "",
  "> Action: failed",
  // Cut at its bound it ends with a space, and in the midst of a pair.
  `Diagnostic-Code: smtp; 550 ${"x ".repeat(700)}`,
  `Diagnostic-Code: smtp; 550 x${"\xf0\x9f\x98\x80".repeat(600)}`,
  "550 5.1.1 torn",
];
const WORDS = [
  "Your message could not be delivered to the following recipients:",
  "<bob@example.org>: host mx said: 550 5.1.1 user unknown",
  "will be retried",
  "--- Original message follows ---",
  "To: bob@example.org",
  "Message-ID: <1@example.com>",
  "I am out of office",
  "",
  ">>> RCPT TO:<bob@example.org>",
  "<<< 550-5.1.1 no",
  "<p>could not be delivered to &lt;bob@example.org&gt;</p>",
  "&#55296;&#0;&#999999;",
  "=?utf-8?q?=E2=80=AE?=",
];
const HEADERS = [
  "From: MAILER-DAEMON@mx.example.net",
  "From: <>",
  "From: Bob <bob@example.org>",
  "To: alice@example.com",
  "Subject: Undelivered Mail Returned to Sender",
  "Subject: Auto: out of office",
  "Auto-Submitted: auto-replied",
  "X-Failed-Recipients: bob@example.org, carl@example.org",
  "In-Reply-To: <1@example.com>",
  "References: <0@x> <1@example.com>",
  "Precedence: bulk",
  "List-Id: x",
];

const lines = (from: readonly string[]) =>
  fc.array(fc.constantFrom(...from), { maxLength: 8 }).map((some) => some.join("\r\n"));
const encodings = fc.constantFrom(
  "",
  "Content-Transfer-Encoding: base64\r\n",
  "Content-Transfer-Encoding: quoted-printable\r\n",
  "Content-Transfer-Encoding: x\r\n",
);
const charsets = fc.constantFrom(
  "",
  "; charset=utf-8",
  "; charset=iso-2022-jp",
  "; charset=utf-7",
  '; charset="',
  "; charset=us-ascii; format=flowed",
);
const leaf = fc
  .tuple(
    fc.constantFrom(
      "text/plain",
      "text/html",
      "message/delivery-status",
      "message/rfc822",
      "message/feedback-report",
      "message/disposition-notification",
      "text/rfc822-headers",
      "message/global-delivery-status",
      "x",
    ),
    charsets,
    encodings,
    lines([...STATUS, ...WORDS, ...HEADERS]),
  )
  .map(
    ([type, charset, encoding, text]) =>
      `Content-Type: ${type}${charset}\r\n${encoding}\r\n${encoding.includes("base64") ? Buffer.from(text, "latin1").toString("base64") : text}`,
  );
const { part } = fc.letrec<{ part: string; multipart: string }>((tie) => ({
  part: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("multipart")),
  multipart: fc
    .tuple(
      fc.constantFrom(
        "report; report-type=delivery-status",
        "report; report-type=feedback-report",
        "mixed",
        "alternative",
        "digest",
      ),
      fc.constantFrom("b", "bb", '"b b"', ""),
      fc.array(tie("part"), { maxLength: 4 }),
      fc.boolean(),
    )
    .map(
      ([kind, boundary, parts, isClosed]) =>
        `Content-Type: multipart/${kind}; boundary=${boundary}\r\n\r\n${parts.map((one) => `--${boundary.replaceAll('"', "")}\r\n${one}\r\n`).join("")}${isClosed ? `--${boundary.replaceAll('"', "")}--\r\n` : ""}`,
    ),
}));
const made = fc
  .tuple(lines(HEADERS), part)
  .map(([above, body]) => `${above === "" ? "" : `${above}\r\n`}${body}`);

const inputs: fc.Arbitrary<Bounced> = fc.record({
  message: mutated(
    fc.oneof(made, fc.constantFrom(...genuine)),
    [
      ...STATUS,
      ...WORDS,
      "--b\r\n",
      "--b--",
      "\r\n\r\n",
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
      "=\r\n",
      "(",
      "rfc822;",
      "@",
    ].filter((word) => word !== ""),
    ODD_OCTETS,
  ),
  cuts,
});

export const returned = target<Bounced>({
  name: "returned",
  inputs: seeded("returned", inputs),
  check,
  runs: 150,
});
