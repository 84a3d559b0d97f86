// The decision: facts about a message in, what becomes of it out. One pure function; every rejection that
// Countersign makes of its own is decided here, and every sentence that a sender reads stands here.

import type { Evidence } from "./evidence.ts";
import type { Route } from "./route.ts";
import type { Mode } from "./settings.ts";
import type { TagStatus } from "./tag-status.ts";

/** What becomes of a message. */
export const DISPOSITIONS = [
  "forwarded",
  "consumed",
  "rejected",
  "would-reject",
  "no-such-address",
  "route-rejected",
  "deferred",
] as const;

export type Disposition = (typeof DISPOSITIONS)[number];

export interface Facts {
  readonly bounce: boolean;
  readonly autoReply: boolean;
  readonly tagStatus: TagStatus;
  readonly evidence: Evidence;
  /** Whether a newer snapshot may hold a key, lifetime or nearer route by which this message passes. */
  readonly liftable: boolean;
  readonly route: Route | null;
  /** The domain's. */
  readonly mode: Mode;
  /** Whether we have forwarded this message for this original before. */
  readonly loop: boolean;
}

export type Action =
  | { readonly kind: "forward"; readonly to: readonly string[] }
  | { readonly kind: "consume" }
  | { readonly kind: "reject"; readonly sentence: string };

export interface Decision {
  readonly disposition: Disposition;
  readonly action: Action;
  /**
   * Whether the message is refused, or has nowhere to go, for something that the domain's snapshot lacks or may hold no
   * longer: ask the domain's object before you act on it.
   */
  readonly restsOnSnapshot: boolean;
  /** Whether it is a bounce that was judged and brought no evidence, whatever becomes of it. */
  readonly unproven: boolean;
}

/** What senders read. One printable ASCII line each, without an address. */
export const SENTENCES = {
  /** One for all statuses: "expired" would tell a prober that the MAC was right. */
  unsignedBounce: "This address takes bounces only of mail that it sent.",
  noSuchAddress: "Address does not exist.",
  reportsOnly: "This address takes delivery reports only.",
  /** It was forwarded from here, and came back. */
  loop: "This message has passed here before; it is going round in a circle.",
  /** All destinations of a route said no for good. */
  undeliverable: "The mailbox behind this address does not take this message.",
} as const;

/** What becomes of mail to a domain that is not configured. */
export const UNCONFIGURED: Decision = {
  disposition: "no-such-address",
  action: { kind: "reject", sentence: SENTENCES.noSuchAddress },
  restsOnSnapshot: true,
  unproven: false,
};

/** Decides over a message to a configured domain. */
export function decide(facts: Facts): Decision {
  const { route } = facts;
  if (route === null) {
    // A valid tag proves that we minted the address: its bounce is taken although it has nowhere to go.
    if (facts.bounce && facts.evidence === "tag") {
      return { ...taken({ kind: "consume" }, "consumed"), restsOnSnapshot: true };
    }
    return UNCONFIGURED;
  }
  if (route.action === "reject") return routeRejects(route.reason);
  if (route.action === "consume" && !facts.bounce && !facts.autoReply) {
    return routeRejects(SENTENCES.reportsOnly);
  }
  const mode = route.mode ?? facts.mode;
  const unproven = mode !== "off" && facts.bounce && facts.evidence === "none";
  if (unproven && mode === "enforce") {
    const action: Action = { kind: "reject", sentence: SENTENCES.unsignedBounce };
    return { disposition: "rejected", action, restsOnSnapshot: facts.liftable, unproven };
  }
  if (route.action === "forward" && facts.loop) return routeRejects(SENTENCES.loop);
  const taking =
    route.action === "consume"
      ? taken({ kind: "consume" }, "consumed")
      : taken({ kind: "forward", to: route.to }, "forwarded");
  return unproven ? { ...taking, disposition: "would-reject", unproven } : taking;
}

/**
 * Header fields that tell the recipient what was found and decided; none for ordinary mail to an untagged address.
 * @param domain the forward-path's, in lower case
 */
export function annotate(facts: Facts, decision: Decision, domain: string): Map<string, string> {
  const fields = new Map<string, string>();
  if (!facts.bounce && facts.tagStatus === "missing") return fields;
  fields.set("X-Countersign", `${facts.tagStatus}; by=${domain}; evidence=${facts.evidence}`);
  if (decision.disposition === "would-reject") fields.set("X-Countersign-Would", "reject");
  return fields;
}

/** What is done with a message, as its operator reads it. */
export function describeDecision({ action, disposition }: Decision): string {
  switch (action.kind) {
    case "reject":
      return `refused for good: 555 5.7.1 ${action.sentence}`;
    case "consume":
      return disposition === "would-reject" ? `taken; ${WOULD}` : "taken and recorded, and goes nowhere";
    case "forward":
      return `forwarded to ${action.to.join(", then ")}${disposition === "would-reject" ? `; ${WOULD}` : ""}`;
  }
}

const WOULD = `while the domain enforces it is refused for good: 555 5.7.1 ${SENTENCES.unsignedBounce}`;

function routeRejects(sentence: string): Decision {
  const action: Action = { kind: "reject", sentence };
  return { disposition: "route-rejected", action, restsOnSnapshot: true, unproven: false };
}

function taken(action: Action, disposition: Disposition): Decision {
  return { disposition, action, restsOnSnapshot: false, unproven: false };
}
