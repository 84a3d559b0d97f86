// What is known of a message when it is done, as the ledger keeps it and as apps and operators are told: its count, what
// came back with it, why it was refused. Values only; without its content, and without a tag that still opens anything.

import type { Disposition } from "./policy.ts";
import type { Count } from "./stats.ts";
import type { Scheme } from "./tag.ts";
import type { TagStatus } from "./tag-status.ts";

/** What came back of a message of ours, for one of its recipients. */
export interface Bounce {
  readonly id: string;
  readonly kind: "failed" | "delayed" | "delivered" | "autoreply" | "receipt" | "complaint" | "unparsed";
  /** What shows that it answers mail of ours. */
  readonly evidence: "tag" | "message-id";
  /** The tag's; null where the evidence is another. */
  readonly scheme: Scheme | null;
  /** RFC 3339, UTC. */
  readonly receivedAt: string;
  /** The address that it came back to, without its tag. */
  readonly original: string;
  readonly ref: string | null;
  /** As the report gives it, its domain in lower case. */
  readonly recipient: string | null;
  /** RFC 3464, 2.3.3, in lower case. */
  readonly action: string | null;
  /** RFC 3463; where the report gives none, as the diagnostic has it. */
  readonly status: string | null;
  /** A kind that is no failure is undetermined; what is delayed is soft. */
  readonly class: "hard" | "soft" | "block" | "undetermined";
  /** One printable line. */
  readonly diagnostic: string | null;
  readonly reportingMta: string | null;
  /** Of the message that came back. */
  readonly messageId: string | null;
  /** Where it was read: a delivery-status part, its fields in the text, a header field, the words of the text. */
  readonly source: "dsn" | "inline" | "header" | "text" | null;
}

/** A message that was refused, or would have been. */
export interface Rejection {
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly receivedAt: string;
  /** The forward-path as it came; a tag that is valid is not shown. */
  readonly recipient: string;
  readonly original: string;
  readonly status: TagStatus;
  readonly disposition: Disposition;
  /** The address in `From:`; the reverse-path of a bounce says nothing. */
  readonly from: string | null;
  readonly messageId: string | null;
}

/** How one message is counted. */
export interface Counted {
  /** The same each time the platform hands over this message. */
  readonly id: string;
  readonly status: TagStatus;
  readonly disposition: Disposition;
  /** Null where it was taken. */
  readonly rejection: Rejection | null;
  /** Destinations that have to be mended. */
  readonly failures: readonly ForwardFailure[];
}

/** A message that is recorded by itself: it was consumed, or something came back with it. */
export interface MessageRecord extends Counted {
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly bounces: readonly Bounce[];
}

/** Something that apps or the operator are told. */
export interface DomainEvent {
  readonly id: string;
  /** As webhooks name it: `bounce.failed`. */
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly data: unknown;
}

/** What apps are told of each kind. */
export const BOUNCE_EVENTS: Readonly<Record<Bounce["kind"], string>> = {
  failed: "bounce.failed",
  delayed: "bounce.delayed",
  delivered: "bounce.delivered",
  unparsed: "bounce.unparsed",
  autoreply: "autoreply.received",
  receipt: "receipt.received",
  complaint: "complaint.received",
};

/** A destination that refused mail in a way that the operator has to mend. */
export interface ForwardFailure {
  readonly original: string;
  readonly to: string;
  readonly fault: "configuration" | "permanent";
  /** The platform's own words. */
  readonly error: string;
}

/** What an isolate has added up of a domain's mail. */
export interface Tally {
  /** Names this one, so that it counts once however often it is told. */
  readonly id: string;
  readonly counts: readonly Count[];
  /** Some of the refused ones; all of them are among the counts. */
  readonly samples: readonly Rejection[];
  readonly failures: readonly ForwardFailure[];
}

/** Dispositions of mail that was refused, or would have been. */
const REFUSED: ReadonlySet<Disposition> = new Set([
  "rejected",
  "would-reject",
  "no-such-address",
  "route-rejected",
]);

export function isRefused(disposition: Disposition): boolean {
  return REFUSED.has(disposition);
}
