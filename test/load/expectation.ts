// What has to become of a message: the contract's "What happens to a message", written down a second time and from that
// page alone. Facts that the stream knows because it made the message, and a state of its domain, in; the answer out.

export type Mode = "off" | "observe" | "enforce";
export type Disposition =
  | "forwarded"
  | "consumed"
  | "rejected"
  | "would-reject"
  | "no-such-address"
  | "route-rejected";

export type Route =
  | { readonly action: "forward"; readonly to: readonly string[]; readonly mode?: Mode }
  | { readonly action: "consume"; readonly mode?: Mode }
  | { readonly action: "reject"; readonly reason: string; readonly mode?: Mode };

/** A domain as one snapshot of it has it. */
export interface DomainState {
  readonly mode: Mode;
  readonly routes: ReadonlyMap<string, Route>;
  /** Numbers of keys that validate. Of a domain no number is given to a second key during a run. */
  readonly keys: ReadonlySet<number>;
  /** The number of the key that signs. */
  readonly signing: number;
  /** Days that a prvs tag may name beyond today. */
  readonly windowDays: number;
  readonly bounceSenders: "null-only" | "mailer-daemon";
  readonly autoReplies: "evidence" | "accept";
  readonly exempt: readonly string[];
}

/** A tag or signed Message-ID. `isGenuine`: signed with the key of that number for the very address it came to. */
export interface Signed {
  readonly key: number;
  readonly isGenuine: boolean;
  /** The last day on which it is valid. */
  readonly lastDay: number;
}

export interface Facts {
  /** In lower case; null where the forward-path has none. */
  readonly domain: string | null;
  /** The local-part without its tag, in lower case. */
  readonly original: string;
  readonly tag:
    | "missing"
    | "malformed"
    | (Signed & { readonly scheme: "prvs" | "cs1"; readonly ref: string | null });
  readonly sender: "null" | "robot" | "person";
  readonly report: "delivery-status" | "disposition-notification" | "feedback-report" | null;
  readonly autoReplied: boolean;
  /** The signed Message-ID that it answers. */
  readonly answers: Signed | null;
  /** Bears our own mark of having been forwarded for this address. */
  readonly passed: boolean;
}

/** What `forward()` does at a destination. */
export type ForwardFault = "transient" | "permanent" | "configuration" | "delivered";

export interface Passage {
  readonly canBeForwarded: boolean;
  readonly faults: Readonly<Record<string, ForwardFault>>;
}

/** An answer, and what is left behind by it. */
export interface Answer {
  readonly kind: "forwarded" | "accepted" | "rejected" | "deferred";
  readonly disposition: Disposition | "deferred";
  /** What the sender reads. */
  readonly sentence?: string;
  /** Destinations that take it now. */
  readonly to?: readonly string[];
  /** The X-Countersign fields that are added. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly status: string | null;
  /** What of it is recorded for each recipient: what its body says, or no more than its headers. */
  readonly recorded: "body" | "headers" | null;
}

const SENTENCES = {
  bounce: "This address takes bounces only of mail that it sent.",
  absent: "Address does not exist.",
  reports: "This address takes delivery reports only.",
  loop: "This message has passed here before; it is going round in a circle.",
  refused: "The mailbox behind this address does not take this message.",
};

/** @param state null where the domain is not configured */
export function expectAnswer(
  facts: Facts,
  passage: Passage,
  state: DomainState | null,
  today: number,
): Answer {
  if (facts.domain === null || state === null) return reject("no-such-address", SENTENCES.absent, null, null);
  const status = statusOf(facts.tag, state, today);
  const isReceipt = facts.report === "disposition-notification";
  const isAutoReply = facts.report !== "delivery-status" && (isReceipt || facts.autoReplied);
  const isRobot = facts.sender === "robot" && facts.report === "delivery-status";
  const isBounce = facts.sender === "null" || (isRobot && state.bounceSenders === "mailer-daemon");
  const answers = (isBounce || isAutoReply) && facts.answers !== null && isAlive(facts.answers, state, today);
  const evidence = findEvidence({ status, answers, isAutoReply, original: facts.original }, state);
  const comesBack = isBounce || isAutoReply || (facts.report !== null && !isReceipt);
  const recorded = !comesBack
    ? null
    : evidence === "tag"
      ? "body"
      : evidence === "message-id"
        ? "headers"
        : null;

  const route = findRoute(state.routes, facts.original);
  if (route === null) {
    if (isBounce && status === "valid")
      return { kind: "accepted", disposition: "consumed", status, recorded: "body" };
    return reject("no-such-address", SENTENCES.absent, status, recorded);
  }
  if (route.action === "reject") return reject("route-rejected", route.reason, status, recorded);
  if (route.action === "consume" && !isBounce && !isAutoReply)
    return reject("route-rejected", SENTENCES.reports, status, recorded);
  const mode = route.mode ?? state.mode;
  const unproven = isBounce && evidence === "none" && mode !== "off";
  if (unproven && mode === "enforce") return reject("rejected", SENTENCES.bounce, status, recorded);
  if (route.action === "consume")
    return { kind: "accepted", disposition: unproven ? "would-reject" : "consumed", status, recorded };

  if (facts.passed) return reject("route-rejected", SENTENCES.loop, status, recorded);
  const fields: Record<string, string> = {};
  if (isBounce || status !== "missing")
    fields["x-countersign"] = `${status}; by=${facts.domain}; evidence=${evidence}`;
  if (unproven) fields["x-countersign-would"] = "reject";
  const disposition = unproven ? "would-reject" : "forwarded";
  return pass(route.to, passage, { kind: "forwarded", disposition, fields, status, recorded });
}

/** Along the destinations, in order: what may pass defers until one has it; if all refuse for good, so do we. */
function pass(to: readonly string[], passage: Passage, forwarded: Answer): Answer {
  const deferred: Answer = {
    kind: "deferred",
    disposition: "deferred",
    status: forwarded.status,
    recorded: null,
  };
  if (!passage.canBeForwarded) return deferred;
  const taken: string[] = [];
  let isDelivered = false;
  for (const destination of to) {
    const fault = passage.faults[destination];
    if (fault === undefined) taken.push(destination);
    if (fault === undefined || fault === "delivered") isDelivered = true;
    else if (!isDelivered && fault !== "permanent") return deferred;
  }
  if (!isDelivered) return reject("rejected", SENTENCES.refused, forwarded.status, forwarded.recorded);
  return { ...forwarded, to: taken };
}

function reject(
  disposition: Disposition,
  sentence: string,
  status: string | null,
  recorded: Answer["recorded"],
): Answer {
  return { kind: "rejected", disposition, sentence, status, recorded };
}

function statusOf(tag: Facts["tag"], state: DomainState, today: number): string {
  if (typeof tag === "string") return tag;
  if (state.keys.size === 0) return "not-signing";
  if (!state.keys.has(tag.key)) return "unknown-key";
  if (!tag.isGenuine) return "bad-signature";
  if (tag.scheme === "cs1") return tag.lastDay >= today ? "valid" : "expired";
  const ahead = (((tag.lastDay - today) % 1000) + 1000) % 1000;
  return ahead <= state.windowDays ? "valid" : "expired";
}

function isAlive(signed: Signed, state: DomainState, today: number): boolean {
  return signed.isGenuine && state.keys.has(signed.key) && signed.lastDay >= today;
}

function findEvidence(
  found: { status: string; answers: boolean; isAutoReply: boolean; original: string },
  state: DomainState,
): string {
  if (found.status === "valid") return "tag";
  if (found.answers) return "message-id";
  if (found.isAutoReply && state.autoReplies === "accept") return "auto-reply";
  return ["postmaster", "abuse", ...state.exempt].includes(found.original) ? "exempt" : "none";
}

function findRoute(routes: DomainState["routes"], original: string): Route | null {
  const plus = original.indexOf("+");
  const rewritten = /^srs[01](?=[=+-])/.exec(original)?.[0];
  return (
    routes.get(original) ??
    (plus < 0 ? undefined : routes.get(original.slice(0, plus))) ??
    routes.get(rewritten ?? "*") ??
    null
  );
}
