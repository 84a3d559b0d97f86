// The reader of returned mail, in the order of what is surest: a report's fields, the same fields in the text, a header
// field, the words. No I/O, no clock; never throws, never rejects, whatever the octets.

import { readComplaint } from "./complaint.ts";
import { readDeliveryStatus } from "./delivery-status.ts";
import { kindOfWords, readFreeText } from "./free-text.ts";
import { type Mail, readMail } from "./mime.ts";
import { FAILURE_SUBJECT } from "./phrases.ts";
import { describe, reasonFor } from "./reason.ts";
import { readReceipt } from "./receipt.ts";
import { findAddresses } from "./recipient.ts";
import { type ReportText, splitReport } from "./report-text.ts";
import { FINDINGS_AT_MOST, mergeFindings, type Returned } from "./returned.ts";
import { type Copy, isCopy, readCopy } from "./returned-copy.ts";
import { answeredMessageId, field, isFromRobot, readReturnedHeaders } from "./returned-headers.ts";

export { HEAD_OCTETS } from "./mime.ts";
export { readReturnedHeaders } from "./returned-headers.ts";

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
  return readDeliveryStatus(status.join("\n\n"), "dsn", (recipient) => reasonFor(recipient, report));
}

/** The fields of a delivery status in the text, or in a part of another type. */
function fromFields({ mail, report }: Opened): readonly Returned[] {
  const texts = [report.text, ...mail.parts.filter(({ type }) => !isCopy(type)).map(({ text }) => text)];
  return readDeliveryStatus(texts.join("\n\n"), "inline", (recipient) => reasonFor(recipient, report));
}

/** Gateways send a report on inside another, as if it were the message that came back. */
function fromEnclosedReport({ mail, report }: Opened): readonly Returned[] {
  const copies = mail.parts.filter(({ type }) => isCopy(type)).map(({ text }) => text);
  return readDeliveryStatus([report.quoted, ...copies].join("\n\n"), "inline", () => "");
}

/** Exim's header field, with the reasons from its text. */
function fromFailedRecipients({ mail, report }: Opened): readonly Returned[] {
  const recipients = findAddresses((mail.headers.get("x-failed-recipients") ?? "").slice(0, 32_768));
  const kind = kindOfWords(report) ?? "failed";
  return recipients.slice(0, FINDINGS_AT_MOST).map((recipient) => ({
    ...describe(kind, recipient, report),
    source: "header",
  }));
}

/** People's vacation replies say of others' addresses what only looks like a failure. */
function fromAutoReply({ mail }: Opened): readonly Returned[] {
  const finding = readReturnedHeaders(mail.headers);
  return finding.kind === "autoreply" ? [finding] : [];
}

/** The report's words. */
function fromWords({ mail, report, copy }: Opened): readonly Returned[] {
  const kind = kindOf({ mail, report, copy });
  if (kind === null) return [];
  const reporters = new Set(findAddresses(field(mail.headers, "from")));
  const senders = new Set([...copy.senders, ...findAddresses(field(mail.headers, "to"))]);
  return readFreeText(kind, report, { reporters, senders });
}

/** Where the words name nobody: the one recipient of the message that came back. */
function fromCopy({ mail, report, copy }: Opened): readonly Returned[] {
  const kind = kindOf({ mail, report, copy });
  return kind === null || copy.recipient === null ? [] : [describe(kind, copy.recipient, report)];
}

/** A robot's report that names nobody at all still tells that its message failed. */
function fromRobot({ mail, report }: Opened): readonly Returned[] {
  const kind = isFromRobot(mail.headers) ? kindOfWords(report) : null;
  return kind === null ? [] : [describe(kind, null, report)];
}

function kindOf({ mail, report }: Opened): "failed" | "delayed" | null {
  const told = kindOfWords(report);
  return told ?? (FAILURE_SUBJECT.test(field(mail.headers, "subject")) ? "failed" : null);
}
