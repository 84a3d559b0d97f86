// Why a bounce may be genuine: what it brings along that only an answer to our own mail has. No I/O, no clock.

import { formatMailbox, type Mailbox } from "./mailbox.ts";
import type { MessageIdFinding } from "./message-id.ts";
import type { Settings } from "./settings.ts";

export type Evidence = "tag" | "message-id" | "auto-reply" | "exempt" | "none";

/** Recipients that RFC 2142 wants reachable whatever is wrong with our signing. */
const ALWAYS_EXEMPT: ReadonlySet<string> = new Set(["postmaster", "abuse"]);

/** The strongest evidence first. */
export function findEvidence(facts: {
  /** Whether the tag is valid, and may bring one more. */
  readonly vouches: boolean;
  readonly messageId: MessageIdFinding["kind"];
  readonly autoReply: boolean;
  readonly original: Mailbox;
  readonly settings: Pick<Settings, "autoReplies" | "exempt">;
}): Evidence {
  if (facts.vouches) return "tag";
  if (facts.messageId === "valid") return "message-id";
  if (facts.autoReply && facts.settings.autoReplies === "accept") return "auto-reply";
  if (isExempt(facts.original, facts.settings.exempt)) return "exempt";
  return "none";
}

function isExempt(original: Mailbox, listed: readonly string[]): boolean {
  const { localPart } = original;
  return (
    ALWAYS_EXEMPT.has(localPart) || listed.includes(localPart) || listed.includes(formatMailbox(original))
  );
}
