// Whatever the octets: no exception, between one and a hundred findings, every field within its bound.

import fc from "fast-check";
import { expect, test } from "vitest";
import { HEAD_OCTETS, readReturned, readReturnedHeaders } from "../../src/returned/read-returned.ts";
import type { Returned } from "../../src/returned/returned.ts";
import { COPY, readOne, report, words } from "./fixtures.ts";

const KINDS = ["failed", "delayed", "delivered", "autoreply", "receipt", "complaint", "unparsed"];
const CLASSES = ["hard", "soft", "block", "undetermined"];
const SOURCES = ["dsn", "inline", "header", "text", null];

/** One line, printable, without a lone surrogate, within its bound. */
function isLine(text: string | null, characters: number): boolean {
  return (
    text === null || (text.length <= characters && text.length > 0 && /^[^\p{C}\p{Zl}\p{Zp}]*$/u.test(text))
  );
}

function expectBounds(finding: Returned): void {
  expect(KINDS).toContain(finding.kind);
  expect(CLASSES).toContain(finding.class);
  expect(SOURCES).toContain(finding.source);
  expect(isLine(finding.recipient, 320), `recipient ${finding.recipient}`).toBe(true);
  expect(finding.recipient ?? "@").toMatch(/^[^<>]*@?[^<>]*$/);
  expect(finding.action ?? "a").toMatch(/^[a-z]{1,20}$/);
  expect(finding.status ?? "5.0.0").toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/);
  expect(isLine(finding.diagnostic, 1000), `diagnostic ${finding.diagnostic}`).toBe(true);
  expect(isLine(finding.reportingMta, 255), `MTA ${finding.reportingMta}`).toBe(true);
  expect(finding.messageId ?? "<>").toMatch(/^<[^\s<>]{0,996}>$/);
  expect(isLine(finding.messageId, 998), `Message-ID ${finding.messageId}`).toBe(true);
}

async function expectBounded(octets: Uint8Array): Promise<void> {
  const findings = await readReturned(octets);
  expect(findings.length).toBeGreaterThan(0);
  expect(findings.length).toBeLessThanOrEqual(100);
  for (const finding of findings) expectBounds(finding);
}

const NAMES = [
  "Content-Type",
  "From",
  "To",
  "Subject",
  "Message-ID",
  "X-Failed-Recipients",
  "Auto-Submitted",
  "List-Id",
];
const FIELDS = [
  "Final-Recipient",
  "Original-Recipient",
  "Action",
  "Status",
  "Diagnostic-Code",
  "Reporting-MTA",
];
const TYPES = [
  "message/delivery-status",
  "message/rfc822",
  "message/feedback-report",
  "message/disposition-notification",
];
const PHRASES = [
  "The following address failed:",
  "will be retried",
  "550 5.1.1 user unknown",
  "--- Original message",
];

/** A word of a report, or what someone put in its place. */
const word = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "rfc822;",
      "bob@example.org",
      "<bob@example.org>",
      "5.1.1",
      "failed",
      ...PHRASES,
    ),
  },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "\r\n ",
      "\r",
      "\0",
      "\u2028",
      "\ud800",
      "(",
      '"',
      "@",
      "=?utf-8?Q?=00?=",
      "<".repeat(300),
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3000 }).map((length) => "a@".repeat(length)) },
);
const value = fc.array(word, { maxLength: 6 }).map((list) => list.join(" "));
const field = fc.tuple(fc.constantFrom(...NAMES, ...FIELDS), value).map(([name, text]) => `${name}: ${text}`);
const lines = fc
  .array(fc.oneof(field, value, fc.constant("")), { maxLength: 40 })
  .map((list) => list.join("\r\n"));

const { mime } = fc.letrec<{ mime: string; multipart: string }>((tie) => ({
  mime: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc
      .tuple(fc.constantFrom("text/plain", "text/html", ...TYPES), lines)
      .map(([type, text]) => `Content-Type: ${type}\r\n\r\n${text}`),
    tie("multipart"),
  ),
  multipart: fc
    .tuple(fc.constantFrom("b", "bb", "", '"b;b"'), fc.array(tie("mime"), { maxLength: 4 }), fc.boolean())
    .map(([boundary, parts, closed]) => {
      const body = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join("");
      return `Content-Type: multipart/report; boundary=${boundary}\r\n\r\n${body}${closed ? `--${boundary}--` : ""}`;
    }),
}));
const mail = fc
  .tuple(lines, mime)
  .map(([header, body]) => `${header.replaceAll("\r\n\r\n", "\r\n")}\r\n${body}`);
const encoder = new TextEncoder();

test("a message of broken parts and fields keeps every bound, wherever it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(mail, fc.double({ min: 0, max: 1, noNaN: true }), async (text, part) => {
      const octets = encoder.encode(text);
      await expectBounded(octets);
      await expectBounded(octets.subarray(0, Math.floor(octets.length * part)));
    }),
    { numRuns: 300 },
  );
});

test("a genuine report cut anywhere, or with an octet changed, keeps them", async () => {
  const whole = report();
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, octet) => {
      await expectBounded(whole.subarray(0, at));
      const spoiled = Uint8Array.from(whole);
      spoiled[at] = octet;
      await expectBounded(spoiled);
    }),
    { numRuns: 300 },
  );
});

test("any octets do", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), expectBounded), { numRuns: 200 });
});

test("any headers do", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...NAMES.map((name) => name.toLowerCase())), value),
      (fields) => {
        const finding = readReturnedHeaders({ get: (name) => fields[name.toLowerCase()] ?? null });
        expectBounds(finding);
        expect(["autoreply", "receipt", "unparsed"]).toContain(finding.kind);
      },
    ),
  );
});

const fill = (unit: string) => unit.repeat(Math.ceil(HEAD_OCTETS / unit.length)).slice(0, HEAD_OCTETS);
const counted = (line: (n: number) => string) => Array.from({ length: 5000 }, (_, n) => line(n)).join("\r\n");

/** Texts that are quadratic, or worse, to a careless reader. */
const LONG: readonly (readonly [string, string])[] = [
  ...[
    "a",
    "@",
    "a@",
    "a@b.c ",
    "<",
    "<a",
    "user ",
    "\n",
    "\r\n",
    "-",
    "--b\n",
    " ",
    '"',
    "(",
    "550 ",
    "5.1.1.",
  ].map((unit) => [JSON.stringify(unit), fill(unit)] as const),
  ["phrases", fill("could not be delivered to the following user ")],
  ["recipients, one to a line", counted((n) => `r${n}@example.org`)],
  ["SMTP replies", counted((n) => `550 <r${n}@example.org>... user unknown`)],
  ["groups of fields", counted((n) => `Final-Recipient: rfc822; r${n}@example.org\r\n`)],
  ["one field, folded", `Final-Recipient: bob@example.org\r\n${fill(" x\r\n")}`],
];

/** Milliseconds that a machine busy with other things may take; what is quadratic takes ten times that. */
const PATIENCE = 1000;

test.each(LONG)("64 KiB of %s are read in a moment, wherever they stand", async (_, text) => {
  const messages = [
    words(`It could not be delivered.\n${text}`),
    words(`It could not be delivered.\n${text}`, { "Content-Type": "text/html" }),
    words("It could not be delivered.", { "X-Failed-Recipients": text.replaceAll(/\r?\n/g, "\n ") }),
    words("It could not be delivered.", { From: text.replaceAll(/\r?\n/g, "\n ") }),
    report({ status: text }),
    report({ copy: text }),
    report({ copy: `To: ${text.replaceAll(/\r?\n/g, "\n ")}` }),
  ];
  for (const octets of messages) {
    const start = performance.now();
    await expectBounded(octets);
    expect(performance.now() - start).toBeLessThan(PATIENCE);
  }
});

test("parts nested without end are read as far as the bound", async () => {
  const nested = Array.from(
    { length: 1500 },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\n\n--b${n}\n`,
  );
  await expectBounded(encoder.encode(nested.join("")));
  await expectBounded(encoder.encode(`Content-Type: multipart/mixed; boundary=b\n\n${fill("--b\n\n")}`));
});

const atom = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}$/);
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const address = fc
  .tuple(fc.array(atom, { minLength: 1, maxLength: 3 }), fc.array(label, { minLength: 2, maxLength: 4 }))
  .map(([local, domain]) => `${local.join(".")}@${domain.join(".")}`);
const group = fc.record({
  recipient: address,
  action: fc.constantFrom("failed", "delayed", "delivered", "relayed", "expanded"),
  status: fc.tuple(fc.constantFrom(2, 4, 5), fc.nat(999), fc.nat(999)).map((digits) => digits.join(".")),
  diagnostic: fc.stringMatching(/^550 [a-z0-9 .,:<>@-]{0,60}x$/).map((text) => text.replaceAll(/ +/g, " ")),
});
const KIND_OF: Record<string, string> = { relayed: "delivered", expanded: "delivered" };

test("a delivery status made of the fields of RFC 3464 is read back as it was", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(group, {
        minLength: 1,
        maxLength: 12,
        selector: ({ recipient }) => recipient.toLowerCase(),
      }),
      fc.constantFrom("\r\n\t", "\r\n ", " "),
      async (groups, fold) => {
        const status = groups.map(
          ({ recipient, action, status, diagnostic }) =>
            `Original-Recipient: rfc822;eve@example.net\nFinal-Recipient: rfc822; ${recipient}\nAction: ${action}\n` +
            `Status: ${status} (so)\nRemote-MTA: dns; mx.example.org\nDiagnostic-Code: smtp;${fold}${diagnostic}\n`,
        );
        const octets = report({ status: ["Reporting-MTA: dns; mail.example.net\n", ...status].join("\n") });
        expect(await readReturned(octets)).toEqual(
          groups.map(({ recipient, action, status, diagnostic }) => ({
            kind: KIND_OF[action] ?? action,
            recipient,
            action,
            status,
            class: expect.toBeOneOf(CLASSES),
            diagnostic,
            reportingMta: "mail.example.net",
            messageId: "<minutes.7@example.com>",
            source: "dsn",
          })),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("a diagnostic is one printable line, cut at its bound", async () => {
  const diagnostic = `550 \u0007user\u202e unknown ${"x".repeat(3000)}`;
  const status = `Final-Recipient: bob@example.org\nAction: failed\nDiagnostic-Code: smtp; ${diagnostic}`;
  const finding = await readOne(report({ status, copy: COPY }));
  expect(finding.diagnostic).toHaveLength(1000);
  expect(finding.diagnostic).toMatch(/^550 user unknown x+$/);
});
