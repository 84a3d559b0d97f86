// The reader of returned mail, in the order of what is surest: a report's fields, the same fields in the text, a header
// field, the words. No I/O, no clock; never throws, never rejects, whatever the octets.

import { readComplaint } from "./complaint.ts";
import { readDeliveryStatus } from "./delivery-status.ts";
import { kindOfWords, readFreeText } from "./free-text.ts";
import { type Mail, readMail } from "./mime.ts";
import { FAILURE_SUBJECT } from "./phrases.ts";
import { describe } from "./reason.ts";
import { readReceipt } from "./receipt.ts";
import { findAddresses } from "./recipient.ts";
import { type ReportText, splitReport } from "./report-text.ts";
import { FINDINGS_AT_MOST, mergeFindings, type Returned } from "./returned.ts";
import { type Copy, findLastMessageId, isCopy, readCopy } from "./returned-copy.ts";
import {
  answeredMessageId,
  field,
  isFromRobot,
  readReturnedHeaders,
  saysAutoReply,
} from "./returned-headers.ts";

export { HEAD_OCTETS } from "./mime.ts";
export { readReturnedHeaders } from "./returned-headers.ts";

/** A hundred addresses of any length that is allowed. */
const FAILED_RECIPIENTS_CHARACTERS = 32_768;
const STATUS_PART = /^message\/(?:global-|x)?delivery-status$/;

/** A message with its report and the copy of the returned one told apart. */
interface Opened {
  readonly mail: Mail;
  readonly report: ReportText;
  readonly copy: Copy;
}

/** Reads the first octets of a returned message. At least one finding, at most 100; never throws, never rejects. */
export async function readReturned(octets: Uint8Array): Promise<readonly Returned[]> {
  const mail = await readMail(octets);
  const report = splitReport(mail.text);
  const copy = readCopy(mail.parts, report.quoted);
  const messageId = copy.messageId ?? answeredMessageId(mail.headers);
  const findings = find({ mail, report, copy });
  return mergeFindings(findings.map((found) => ({ ...found, messageId: found.messageId ?? messageId })));
}

/** The surest first. */
const READINGS: readonly ((opened: Opened) => readonly Returned[])[] = [
  fromReport,
  fromFields,
  fromFailedRecipients,
  fromAutoReply,
  fromWords,
  fromEnclosedReport,
  fromCopy,
  fromRobot,
];

/** The first reading that finds something. */
function find(opened: Opened): readonly Returned[] {
  for (const read of READINGS) {
    const findings = read(opened);
    if (findings.length > 0) return findings;
  }
  return [readReturnedHeaders(opened.mail.headers)];
}

/** A part of a type of its own: complaint, receipt, delivery status. */
function fromReport({ mail, report, copy }: Opened): readonly Returned[] {
  for (const { type, text } of mail.parts) {
    if (type === "message/feedback-report") return readComplaint(text, copy);
    if (type === "message/disposition-notification") return [readReceipt(text, report.lines)];
  }
  const status = mail.parts.filter(({ type }) => STATUS_PART.test(type)).map(({ text }) => text);
  return readDeliveryStatus(status.join("\n\n"), "dsn", report);
}

/** The fields of a delivery status in the text, or in a part of another type. */
function fromFields({ mail, report }: Opened): readonly Returned[] {
  const texts = [report.text, ...mail.parts.filter(({ type }) => !isCopy(type)).map(({ text }) => text)];
  return readDeliveryStatus(texts.join("\n\n"), "inline", report);
}

/** Gateways send a report on inside another, as if it were the message that came back; that one is in it, last. */
function fromEnclosedReport({ mail, report }: Opened): readonly Returned[] {
  const copies = mail.parts.filter(({ type }) => isCopy(type)).map(({ text }) => text);
  const enclosed = [report.quoted, ...copies].join("\n\n");
  const messageId = findLastMessageId(enclosed);
  return readDeliveryStatus(enclosed, "inline", null).map((found) => ({ ...found, messageId }));
}

/** Exim's header field, with the reasons from its text. */
function fromFailedRecipients({ mail, report }: Opened): readonly Returned[] {
  const named = (mail.headers.get("x-failed-recipients") ?? "").slice(0, FAILED_RECIPIENTS_CHARACTERS);
  const recipients = findAddresses(named).slice(0, FINDINGS_AT_MOST);
  const kind = kindOfWords(report) ?? "failed";
  return recipients.map((recipient) => ({ ...describe(kind, recipient, report), source: "header" }));
}

/** People's vacation replies say of others' addresses what only looks like a failure. */
function fromAutoReply({ mail: { headers } }: Opened): readonly Returned[] {
  return saysAutoReply(headers) ? [readReturnedHeaders(headers)] : [];
}

/** The report's words. A person's letter may sound like a report; only its list of recipients is believed. */
function fromWords(opened: Opened): readonly Returned[] {
  const kind = kindOf(opened);
  if (kind === null) return [];
  const { mail, report, copy } = opened;
  const reporters = new Set(findAddresses(field(mail.headers, "from")));
  const senders = new Set([...copy.senders, ...findAddresses(field(mail.headers, "to"))]);
  return readFreeText(kind, report, { reporters, senders, isTrusted: isReport(opened) });
}

/** Where the words name nobody: the one recipient of the message that came back. */
function fromCopy(opened: Opened): readonly Returned[] {
  const kind = isReport(opened) ? kindOf(opened) : null;
  const { recipient } = opened.copy;
  return kind === null || recipient === null ? [] : [describe(kind, recipient, opened.report)];
}

/** A robot's report that names nobody at all still tells that its message failed. */
function fromRobot({ mail, report }: Opened): readonly Returned[] {
  const kind = isFromRobot(mail.headers) ? kindOfWords(report) : null;
  return kind === null ? [] : [describe(kind, null, report)];
}

/** By the report's words; a robot's may be in a language that is not known here, under a subject that is. */
function kindOf({ mail, report }: Opened): "failed" | "delayed" | null {
  const isTold = isFromRobot(mail.headers) && hasFailureSubject(mail);
  return kindOfWords(report) ?? (isTold ? "failed" : null);
}

/** Whether a mail system wrote it, by its sender, its subject, or what it sends back, which is more than a quotation. */
function isReport({ mail, copy }: Opened): boolean {
  return isFromRobot(mail.headers) || hasFailureSubject(mail) || copy.messageId !== null;
}

function hasFailureSubject({ headers }: Mail): boolean {
  return FAILURE_SUBJECT.test(field(headers, "subject"));
}
