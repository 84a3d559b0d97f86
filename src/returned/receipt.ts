// Receipts: disposition notifications (RFC 8098). Displayed, deleted, processed: it did arrive. Unless a Sieve script
// rejected it, which has no report of its own but this one (RFC 5429, 2.1). Never throws.

import { classify } from "./class.ts";
import { readHeaderBlock } from "./header-block.ts";
import { readTypedRecipient } from "./recipient.ts";
import { diagnosticOf, NOTHING, type Returned } from "./returned.ts";
import { readMessageId } from "./returned-copy.ts";

const REJECTION = /\b(?:automatically rejected|was rejected|(?:was )?refused by the recipient)/i;

/** Reads the disposition part. The report's words tell a rejection. */
export function readReceipt(text: string, lines: readonly string[]): Returned {
  const fields = readHeaderBlock(text);
  const value = (name: string): string | null => fields.get(name)?.[0] ?? null;
  const recipient =
    readTypedRecipient(value("final-recipient")) ?? readTypedRecipient(value("original-recipient"));
  const words = lines.join(" ");
  const found = classify(null, words);
  const rejected = REJECTION.test(words) && /\bdeleted\b/i.test(value("disposition") ?? "");
  return {
    ...NOTHING,
    kind: rejected ? "failed" : "receipt",
    recipient,
    class: rejected ? (found === "undetermined" ? "block" : found) : "undetermined",
    diagnostic: diagnosticOf(rejected ? words : value("disposition")),
    messageId: readMessageId(value("original-message-id")),
    source: "dsn",
  };
}
