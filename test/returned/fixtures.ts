// Returned messages to spoil one thing of: a report with its three parts, and a text without any.

import { readReturned } from "../../src/returned/read-returned.ts";
import type { Returned } from "../../src/returned/returned.ts";

export const ORIGINAL_ID = "<minutes.7@example.com>";

/** The header of the message that came back, as a server quotes it. */
export const COPY = [
  "Received: from client.example.com by mail.example.net; Tue, 24 Nov 2026 21:36:01 +0000",
  "From: Alice <alice@example.com>",
  "To: Bob <bob@example.org>",
  "Subject: Minutes of Tuesday",
  `Message-ID: ${ORIGINAL_ID}`,
].join("\n");

export const MESSAGE_FIELDS = "Reporting-MTA: dns; mail.example.net";
export const RECIPIENT_FIELDS = [
  "Final-Recipient: rfc822; bob@example.org",
  "Action: failed",
  "Status: 5.1.1",
  "Diagnostic-Code: smtp; 550 5.1.1 No such user here",
].join("\n");

export const DAEMON = {
  From: "Mail Delivery System <MAILER-DAEMON@mail.example.net>",
  To: "alice@example.com",
  Subject: "Minutes",
};

const encoder = new TextEncoder();

export type Fields = Readonly<Record<string, string>>;

/** A message of these header fields and this body, as octets with CRLF line ends. */
export function message(fields: Fields, body: string): Uint8Array {
  const header = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return encoder.encode([...header, "", body].join("\n").replaceAll("\n", "\r\n"));
}

/** A message in plain words from a mail system. */
export function words(text: string, fields: Fields = {}): Uint8Array {
  return message({ ...DAEMON, ...fields }, text);
}

export interface Parts {
  readonly text?: string;
  readonly type?: string;
  readonly status?: string;
  readonly copyType?: string;
  readonly copy?: string;
  readonly fields?: Fields;
}

/** A multipart/report whose three parts can be replaced one by one. */
export function report(parts: Parts = {}): Uint8Array {
  const { text = "It could not be delivered.", type = "message/delivery-status", fields = {} } = parts;
  const {
    status = `${MESSAGE_FIELDS}\n\n${RECIPIENT_FIELDS}\n`,
    copyType = "message/rfc822",
    copy = COPY,
  } = parts;
  const body = [
    "--b",
    "Content-Type: text/plain; charset=utf-8",
    "",
    text,
    "--b",
    `Content-Type: ${type}`,
    "",
    status,
    "--b",
    `Content-Type: ${copyType}`,
    "",
    copy,
    "",
    "--b--",
    "",
  ].join("\n");
  const contentType = "multipart/report; report-type=delivery-status; boundary=b";
  return message({ ...DAEMON, "Content-Type": contentType, ...fields }, body);
}

/** What is read of it, where it has one finding. */
export async function readOne(octets: Uint8Array): Promise<Returned> {
  const findings = await readReturned(octets);
  const [finding] = findings;
  if (finding === undefined || findings.length > 1) throw new Error(`${findings.length} findings`);
  return finding;
}

/** The recipients that are read of it. */
export async function recipientsOf(octets: Uint8Array): Promise<readonly (string | null)[]> {
  return (await readReturned(octets)).map(({ recipient }) => recipient);
}
