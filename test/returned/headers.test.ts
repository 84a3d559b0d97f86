import { describe, expect, test } from "vitest";
import { readReturnedHeaders } from "../../src/returned/read-returned.ts";
import { COPY, type Fields, message, ORIGINAL_ID, readOne, report } from "./fixtures.ts";

const BOB = { From: "Bob <bob@example.org>", To: "alice@example.com", "In-Reply-To": ORIGINAL_ID };
const headers = (fields: Fields) => readReturnedHeaders(new Headers({ ...BOB, ...fields }));

const AUTO_REPLY = {
  kind: "autoreply",
  recipient: "bob@example.org",
  action: null,
  status: null,
  class: "undetermined",
  diagnostic: null,
  reportingMta: null,
  messageId: ORIGINAL_ID,
  source: "header",
};

const AUTO_REPLIES: readonly Fields[] = [
  { "Auto-Submitted": "auto-replied" },
  { "Auto-Submitted": "auto-replied (vacation)" },
  { "X-Autoreply": "yes" },
  { "X-Autorespond": "Minutes" },
  { Precedence: "auto_reply" },
  { Subject: "Out of Office: Minutes" },
  { Subject: "Automatic reply: Minutes" },
  { Subject: "=?utf-8?Q?Automatische_Antwort:_Minutes?=" },
];
/** All that vacation(1) and formail write. */
const WEAK_AUTO_REPLY = { Precedence: "bulk" };

test("an old program's auto-reply is the last guess", async () => {
  expect(headers(WEAK_AUTO_REPLY)).toEqual(AUTO_REPLY);
  expect(await readOne(message({ ...BOB, ...WEAK_AUTO_REPLY }, "I'm away until Monday.\n"))).toEqual(
    AUTO_REPLY,
  );
  const failure = "It was not delivered to:\n\n  carol@example.org\n";
  expect(await readOne(message({ ...BOB, ...WEAK_AUTO_REPLY }, failure))).toMatchObject({ kind: "failed" });
});

test.each(AUTO_REPLIES)("%j is an auto-reply, by header and whole", async (fields) => {
  expect(headers(fields)).toEqual(AUTO_REPLY);
  expect(await readOne(message({ ...BOB, ...fields }, "I'm away until Monday.\n"))).toEqual(AUTO_REPLY);
});

test("the address counts, not one in a name", () => {
  const fields = { From: '"eve@example.net" <bob@example.org>', "X-Autoreply": "yes" };
  expect(headers(fields)).toMatchObject({ recipient: "bob@example.org" });
});

test.each<Fields>([
  {},
  { "X-Autoreply": "no" },
  { "Auto-Submitted": "no" },
  { Precedence: "bulk", "List-Id": "<minutes.example.org>" },
])("%j is none", (fields) => {
  expect(headers(fields)).toMatchObject({
    kind: "unparsed",
    recipient: null,
    messageId: null,
    source: null,
  });
});

test.each(AUTO_REPLIES)("an auto-reply by %j that tells of failures stays one", async (fields) => {
  const text = "Mail to my old address could not be delivered:\n\n  robert@example.org\n";
  expect(await readOne(message({ ...BOB, ...fields }, text))).toEqual(AUTO_REPLY);
});

test("a mail system marks its failures as auto-replies too", async () => {
  const fields = { From: "MAILER-DAEMON@mail.example.net", "Auto-Submitted": "auto-replied" };
  const octets = message({ ...BOB, ...fields }, "It could not be delivered to:\n\n  bob@example.org\n");
  expect(await readOne(octets)).toMatchObject({ kind: "failed", recipient: "bob@example.org" });
  expect(headers(fields)).toMatchObject({ kind: "unparsed" });
});

test("a vacation subject never beats a failure", async () => {
  const fields = { "Auto-Submitted": "auto-replied", Subject: "Out of office" };
  expect(await readOne(report({ fields }))).toMatchObject({ kind: "failed", source: "dsn" });
});

test("headers never tell a failure", () => {
  const fields = {
    From: "MAILER-DAEMON@x.example",
    "X-Failed-Recipients": "bob@example.org",
    Subject: "failed",
  };
  expect(headers(fields)).toMatchObject({ kind: "unparsed" });
  const dsn = "multipart/report; report-type=delivery-status; boundary=b";
  expect(headers({ "Content-Type": dsn, "Auto-Submitted": "auto-replied" })).toMatchObject({
    kind: "unparsed",
  });
});

describe("a receipt", () => {
  const type = "multipart/report; report-type=disposition-notification; boundary=b";
  const status = [
    "Reporting-UA: Mail; Client",
    "Final-Recipient: rfc822;bob@example.org",
    `Original-Message-ID: ${ORIGINAL_ID}`,
    "Disposition: manual-action/MDN-sent-manually; displayed",
  ].join("\n");
  const receipt = { type: "message/disposition-notification", status, copyType: "text/plain", copy: "" };
  const fields = { ...BOB, "Content-Type": type };

  test("is read from its part", async () => {
    expect(await readOne(report({ ...receipt, fields }))).toEqual({
      ...AUTO_REPLY,
      kind: "receipt",
      diagnostic: "manual-action/MDN-sent-manually; displayed",
      source: "dsn",
    });
  });

  test("is known by its headers alone", () => {
    expect(headers({ "Content-Type": type })).toEqual({ ...AUTO_REPLY, kind: "receipt" });
  });

  test("of mail that was deleted unread is one too", async () => {
    const deleted = { ...receipt, status: status.replace("displayed", "deleted"), fields };
    expect(await readOne(report(deleted))).toMatchObject({ kind: "receipt" });
  });

  test("that a Sieve script sends in place of a rejection is a failure", async () => {
    const text = "Your message to <bob@example.org> was automatically rejected:\nQuota exceeded";
    const rejected = { ...receipt, text, status: status.replace("displayed", "deleted"), fields };
    expect(await readOne(report(rejected))).toMatchObject({
      kind: "failed",
      recipient: "bob@example.org",
      class: "soft",
      messageId: ORIGINAL_ID,
      source: "dsn",
    });
  });
});

describe("a complaint", () => {
  const complaint = (feedback: string, copy = COPY) =>
    report({
      type: "message/feedback-report",
      status: `Feedback-Type: abuse\nVersion: 1\n${feedback}`,
      copy,
    });

  test("names whom the message went to", async () => {
    expect(
      await readOne(complaint("Original-Rcpt-To: <Bob@Example.org>\nReporting-MTA: dns; mx.example.org")),
    ).toEqual({
      ...AUTO_REPLY,
      kind: "complaint",
      recipient: "Bob@example.org",
      diagnostic: "abuse",
      reportingMta: "mx.example.org",
      source: "dsn",
    });
    expect(await readOne(complaint("Removal-Recipient: bob@example.org"))).toMatchObject({
      recipient: "bob@example.org",
    });
  });

  test("that names nobody is of the message's own recipient", async () => {
    expect(await readOne(complaint(""))).toMatchObject({ kind: "complaint", recipient: "bob@example.org" });
    expect(await readOne(complaint("", COPY.replace(/^To.*\n/m, "")))).toMatchObject({
      kind: "complaint",
      recipient: null,
    });
  });
});
