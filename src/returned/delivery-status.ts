// Findings of a delivery status (RFC 3464): one for each of its recipients. Never throws.

import { lowerCase } from "../core/mailbox.ts";
import { classify, findStatus } from "./class.ts";
import { completeReply, reasonFor } from "./reason.ts";
import { isFullyQualified, readTypedRecipient } from "./recipient.ts";
import type { ReportText } from "./report-text.ts";
import { diagnosticOf, mtaOf, NOTHING, type Returned } from "./returned.ts";
import { readMessageId } from "./returned-copy.ts";
import { type FieldGroup, hasRecipient, readFieldGroups } from "./status-fields.ts";

const RECIPIENT_FIELDS = ["final-recipient", "original-recipient", "x-actual-recipient"];

/** Reads each recipient's group. The report's words tell what the fields leave out. */
export function readDeliveryStatus(
  text: string,
  source: "dsn" | "inline",
  report: ReportText | null,
): readonly Returned[] {
  const groups = readFieldGroups(text);
  const reportingMta = mtaOf(valueIn(groups, "reporting-mta"));
  const messageId = readMessageId(
    valueIn(groups, "x-original-message-id") ?? valueIn(groups, "original-message-id"),
  );
  const recipients = groups.filter(hasRecipient);
  return recipients.flatMap((group) => {
    const recipient = recipientOf(group);
    if (recipient === null) return [];
    const finding = findingOf(group, recipient, reasonIn(group, recipient, report, recipients.length === 1));
    return [{ ...finding, reportingMta, messageId, source }];
  });
}

function findingOf(group: FieldGroup, recipient: string, diagnostic: string | null): Returned {
  const action = /^[a-z]{1,20}/.exec(lowerCase(group.get("action") ?? ""))?.[0] ?? null;
  const status = findStatus(group.get("status") ?? null) ?? findStatus(diagnostic);
  const kind = kindOf(action, status);
  const known = kind === "failed" ? classify(status, diagnostic ?? "") : "undetermined";
  return {
    ...NOTHING,
    kind,
    recipient,
    action,
    status,
    class: kind === "delayed" ? "soft" : known,
    diagnostic,
  };
}

/** The diagnostic, whole; else what the report's words say. */
function reasonIn(
  group: FieldGroup,
  recipient: string,
  report: ReportText | null,
  isOnly: boolean,
): string | null {
  const given = diagnosticOf(group.get("diagnostic-code")?.replace(/^\s*[\w-]{1,20}\s*;\s*/, ""));
  if (report === null) return given;
  return diagnosticOf(given === null ? reasonFor(recipient, report, isOnly) : completeReply(given, report));
}

function kindOf(action: string | null, status: string | null): "failed" | "delayed" | "delivered" {
  switch (action) {
    case "delayed":
      return "delayed";
    case "delivered":
    case "relayed":
    case "expanded":
      return "delivered";
    default:
      return action === null && status?.startsWith("2") ? "delivered" : "failed";
  }
}

/** The final one, unless only another is an address that a stranger could write to. */
function recipientOf(group: FieldGroup): string | null {
  const recipients = RECIPIENT_FIELDS.map((name) => readTypedRecipient(group.get(name)));
  return recipients.find((one) => one !== null && isFullyQualified(one)) ?? recipients.find(Boolean) ?? null;
}

function valueIn(groups: readonly FieldGroup[], name: string): string | undefined {
  return groups.find((group) => group.has(name))?.get(name);
}
