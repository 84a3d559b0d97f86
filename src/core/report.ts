// What kind of automatic mail a message says it is, from its headers alone: delivery-status reports (RFC 3464),
// disposition notifications (RFC 8098), auto-replies (RFC 3834). No I/O, no clock; nothing here throws.

/** A message's header fields by name, in any case. Null where there is none. */
export interface MailHeaders {
  get(name: string): string | null;
}

/** Characters of a Content-Type that are looked at; a longer one is cut. */
const CONTENT_TYPE_CHARACTERS = 2048;

const MEDIA_TYPE = /^\s*([^\s;()"]+\/[^\s;()"]+)/;
const PARAMETER = /;\s*([^\s;="]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;

/** Whether it is a DSN: `multipart/report; report-type=delivery-status`. DMARC and abuse reports are none. */
export function isDeliveryStatusReport(headers: MailHeaders): boolean {
  return reportType(headers) === "delivery-status";
}

/** Whether it is a report on a message, whoever sends it: a DSN, or a recipient's complaint (ARF, RFC 5965). */
export function isReturned(headers: MailHeaders): boolean {
  const report = reportType(headers);
  return report === "delivery-status" || report === "feedback-report";
}

/** Whether it is a read receipt (MDN, RFC 8098). */
export function isReceipt(headers: MailHeaders): boolean {
  return reportType(headers) === "disposition-notification";
}

/** Whether it is an auto-reply: a vacation notice or a read receipt. A delivery-status report never is. */
export function isAutoReply(headers: MailHeaders): boolean {
  if (isDeliveryStatusReport(headers)) return false;
  return isReceipt(headers) || /^\s*auto-replied\s*(?:[;(]|$)/i.test(headers.get("auto-submitted") ?? "");
}

/** The `report-type` of a `multipart/report` (RFC 6522), in lower case; null for any other content. */
function reportType(headers: MailHeaders): string | null {
  const text = (headers.get("content-type") ?? "").slice(0, CONTENT_TYPE_CHARACTERS);
  if (MEDIA_TYPE.exec(text)?.[1]?.toLowerCase() !== "multipart/report") return null;
  for (const [, name, quoted, plain] of text.matchAll(PARAMETER)) {
    if (name?.toLowerCase() === "report-type") return (quoted ?? plain ?? "").toLowerCase();
  }
  return null;
}
