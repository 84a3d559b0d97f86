// A message as the Worker is to get it: with the trace on top, and with the two fields that `wrangler dev` demands where it has
// none of them, as real bounces may. What was there stays octet for octet.

import { randomUUID } from "node:crypto";
import type { SMTPServerSession } from "smtp-server";
import { isDomain } from "../../core/mailbox.ts";
import { findEmptyLine } from "../header.ts";
import { formatTrace } from "../trace.ts";

/** What the trace names as the server. */
export const FRONT_NAME = "localhost";

export function completeMessage(message: Buffer, session: SMTPServerSession, now: Date): Buffer<ArrayBuffer> {
  const trace = Buffer.from(formatTrace(session, FRONT_NAME, now));
  const end = headerEnd(message);
  const header = message.toString("latin1", 0, end);
  const missing = [
    has(header, "Message-ID") ? "" : `Message-ID: <${randomUUID()}@front.invalid>\r\n`,
    has(header, "From") ? "" : `From: MAILER-DAEMON@${senderDomain(session)}\r\n`,
  ].join("");
  if (missing === "") return Buffer.concat([trace, message]);
  // Of several fields of a name the last one counts there, so these stand behind one that is empty.
  const before = header === "" || header.endsWith("\n") ? "" : "\r\n";
  const after = startsBody(message, end) ? "" : "\r\n";
  const added = Buffer.from(before + missing + after);
  return Buffer.concat([trace, message.subarray(0, end), added, message.subarray(end)]);
}

/** Where the header ends: before the empty line; at once where the first line is none of a header's. */
function headerEnd(message: Buffer): number {
  const isHeader = /^(?:[\x21-\x39\x3b-\x7e]+[ \t]*:|From )/.test(message.toString("latin1", 0, 1000));
  const end = isHeader ? findEmptyLine(message, 0) : 0;
  return end < 0 ? message.length : end;
}

/** Whether the body, with the empty line before it, begins there. */
function startsBody(message: Buffer, at: number): boolean {
  return /^\r?\n/.test(message.toString("latin1", at, at + 2));
}

/** Whether there is such a field, with a value. */
function has(header: string, name: string): boolean {
  return new RegExp(`^${name}[ \\t]*:(?:[ \\t]|\\r?\\n(?=[ \\t]))*\\S`, "im").test(header);
}

/** As the client calls itself, where that is a name; else by its address. */
function senderDomain({ hostNameAppearsAs, remoteAddress }: SMTPServerSession): string {
  if (isDomain(hostNameAppearsAs)) return hostNameAppearsAs;
  const address = remoteAddress.replace(/^::ffff:/i, "");
  return address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
}
