// What the headers of a returned message alone say: an auto-reply (RFC 3834 and what was there before it), a receipt, or
// nothing. Never a failure. Nothing here throws.

import { decodeWords } from "postal-mime";
import { isAutoReply, isDeliveryStatusReport, isReceipt, type MailHeaders } from "../core/report.ts";
import { ROBOT } from "./phrases.ts";
import { readRecipient } from "./recipient.ts";
import { NOTHING, type Returned } from "./returned.ts";
import { readMessageId } from "./returned-copy.ts";

const HEADER_CHARACTERS = 2048;

/** Fields that auto-responders set, each with the values that mean it. */
const AUTO_REPLY_FIELDS: readonly (readonly [string, RegExp])[] = [
  ["x-autoreply", /^(?!no$)/i],
  ["x-autorespond", /^/],
  ["x-autoresponder", /^/],
  ["x-autoreply-from", /^/],
  ["precedence", /^auto_?reply/i],
  ["x-precedence", /^auto_?reply/i],
  ["x-ms-exchange-generated-message-source", /mailbox rules agent/i],
];
/** The last resort. */
const AUTO_REPLY_SUBJECT =
  /^auto: |\bout of (?:the )?office\b|^\W*(?:auto(?:mat(?:ic|ed|ische?|ique))?[ -]?(?:reply|response|antwort|respon[sd]er)|automatic reply|on vacation|vacation|away from|abwesen|réponse automatique|absence|respuesta autom|resposta autom|risposta automatica|automatyczna odpowied|autosvar|自動(?:返信|応答))/i;

/** What headers alone say. */
export function readReturnedHeaders(headers: MailHeaders): Returned {
  const kind = kindOf(headers);
  if (kind === "unparsed") return NOTHING;
  return {
    ...NOTHING,
    kind,
    recipient: readRecipient(field(headers, "from")),
    messageId: answeredMessageId(headers),
    source: "header",
  };
}

/** Whether a person's program says that it is an auto-reply. Mail systems mark their failures so too (RFC 3834, 5). */
export function saysAutoReply(headers: MailHeaders): boolean {
  if (isFromRobot(headers) || isDeliveryStatusReport(headers) || isReceipt(headers)) return false;
  if (isAutoReply(headers) || AUTO_REPLY_SUBJECT.test(field(headers, "subject"))) return true;
  return AUTO_REPLY_FIELDS.some(
    ([name, value]) => headers.get(name) !== null && value.test(field(headers, name).trim()),
  );
}

/** Whether it looks like the answer of an old program: vacation(1) and formail say bulk or junk. So do lists, and more. */
function looksLikeAutoReply(headers: MailHeaders): boolean {
  const isUnimportant = /^\s*(?:bulk|junk)/i.test(field(headers, "precedence"));
  const isListed = ["list-id", "list-unsubscribe", "list-post"].some((name) => headers.get(name) !== null);
  return isUnimportant && !isListed && !isFromRobot(headers);
}

/** Whether a mail system wrote it, by its sender. */
export function isFromRobot(headers: MailHeaders): boolean {
  const from = field(headers, "from").trim();
  return from === "" || ROBOT.test(from);
}

/** The message that it says it answers: In-Reply-To, else the last of References (RFC 5322, 3.6.4). */
export function answeredMessageId(headers: MailHeaders): string | null {
  const references = (headers.get("references") ?? "").slice(-HEADER_CHARACTERS);
  return readMessageId(headers.get("in-reply-to")) ?? readMessageId(/<[^<>]*>\s*$/.exec(references)?.[0]);
}

/** A header field decoded; empty where there is none. */
export function field(headers: MailHeaders, name: string): string {
  return decodeWords((headers.get(name) ?? "").slice(0, HEADER_CHARACTERS));
}

function kindOf(headers: MailHeaders): "autoreply" | "receipt" | "unparsed" {
  if (isReceipt(headers)) return "receipt";
  return saysAutoReply(headers) || looksLikeAutoReply(headers) ? "autoreply" : "unparsed";
}
