// Complaints in the Abuse Reporting Format (RFC 5965). Never throws.

import { type HeaderBlock, readHeaderBlock } from "./header-block.ts";
import { readRecipient } from "./recipient.ts";
import { diagnosticOf, mtaOf, NOTHING, type Returned } from "./returned.ts";
import type { Copy } from "./returned-copy.ts";

const RECIPIENT_FIELDS = ["original-rcpt-to", "removal-recipient"];

/** Reads a feedback report: one finding for each recipient it names, else for that of the message complained of. */
export function readComplaint(text: string, copy: Copy): readonly Returned[] {
  const fields = readHeaderBlock(text);
  const named = RECIPIENT_FIELDS.flatMap((name) => fields.get(name) ?? []).map(readRecipient);
  const recipients = named.filter((recipient) => recipient !== null);
  return (recipients.length > 0 ? recipients : [copy.recipient]).map((recipient) => ({
    ...NOTHING,
    kind: "complaint",
    recipient,
    diagnostic: diagnosticOf(first(fields, "feedback-type")),
    reportingMta: mtaOf(first(fields, "reporting-mta")),
    source: "dsn",
  }));
}

function first(fields: HeaderBlock, name: string): string | null {
  return fields.get(name)?.[0] ?? null;
}
