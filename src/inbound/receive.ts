// A message's way through the Worker: read the domain's snapshot, judge, ask where in doubt, perform, record. It ends
// forwarded, consumed or rejected, or this throws and the sender tries again; there is no fifth way out.

import { digestMessage } from "../core/digest.ts";
import { type JudgingKeys, judge, type Mail, type Verdict } from "../core/judge.ts";
import { formatMailbox, isDomain, lowerCase, splitPath } from "../core/mailbox.ts";
import { type Decision, type Disposition, SENTENCES, UNCONFIGURED } from "../core/policy.ts";
import { senderOf } from "../core/readiness.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { redactTags } from "../core/tag.ts";
import { forward } from "./forward.ts";
import { Deferral, type Failure, type IncomingMessage } from "./message.ts";

/** What receiving needs from outside. */
export interface Receiving {
  readonly snapshots: {
    /** The domain's snapshot as this location has it; null where the domain is not configured. */
    read(domain: string): Promise<Snapshot | null>;
    /** The same, after the domain's object was asked. Throws where it can't be. */
    confirm(domain: string): Promise<Snapshot | null>;
  };
  readonly keys: JudgingKeys;
  /** Keeps what was consumed, once for each id. Awaited: without it the message is deferred. */
  readonly record: (domain: string, entry: Entry) => Promise<void>;
  /** Takes note of what came back to an original: a valid tag, a signed Message-ID, a bounce without evidence. Never fails. */
  readonly note: (
    sighting: "proven" | "answerable" | "unproven",
    original: { domain: string; localPart: string },
  ) => void;
  /** One line for each invocation. */
  readonly log: (entry: Entry) => void;
}

/** What is known of a message when it is done: exact, without its content, without its tag. */
export interface Entry {
  /** What was done, or is to be done again. */
  readonly event: "forwarded" | "accepted" | "rejected" | "deferred";
  readonly disposition: Disposition;
  /** The same each time the platform hands over this message. */
  readonly id: string;
  readonly domain: string | null;
  readonly original: string | null;
  readonly bounce: boolean | null;
  readonly status: string | null;
  readonly evidence: string | null;
  readonly key: number | null;
  /** The caller's reference in the tag or Message-ID whose MAC vouches for it. */
  readonly ref: string | null;
  readonly to?: readonly string[];
  readonly failed?: readonly Failure[];
  readonly error?: string;
}

/** Receives one message at an instant, in milliseconds since 1970. Throws where the sender is to try again. */
export async function receive(message: IncomingMessage, receiving: Receiving, now: number): Promise<void> {
  const mail = readMail(message);
  const id = await digestMessage({
    reversePath: message.from,
    forwardPath: message.to,
    headers: message.headers,
    sizeOctets: message.rawSize,
  });
  let verdict: Verdict | null = null;
  try {
    const judged = mail && (await judgeSurely(mail, receiving, now));
    verdict = judged?.verdict ?? null;
    const outcome = await perform(message, verdict, describe(id, mail, verdict), receiving);
    if (!outcome.undelivered) return receiving.log(outcome.entry);

    // Every destination refused for good. Those may be the route's no longer.
    const newer = judged && (await judgeNewer(judged, receiving, now));
    if (newer === null) return receiving.log(await refuse(message, outcome.entry));
    verdict = newer.verdict;
    const again = await perform(message, verdict, describe(id, mail, verdict), receiving);
    receiving.log(again.undelivered ? await refuse(message, again.entry) : again.entry);
  } catch (cause) {
    const error = cause instanceof Error ? cause.message : String(cause);
    const failed = cause instanceof Deferral && cause.failure !== null ? { failed: [cause.failure] } : {};
    const entry = { ...describe(id, mail, verdict), ...failed, error };
    receiving.log({ ...entry, event: "deferred", disposition: "deferred" });
    throw cause;
  }
}

/** Envelope and headers; null where the forward-path can't be of any domain. */
function readMail(message: IncomingMessage): Mail | null {
  const forwardPath = splitPath(message.to.replace(/^<(.*)>$/s, "$1"));
  if (forwardPath === null || !isDomain(forwardPath.domain)) return null;
  return { reversePath: message.from, forwardPath, headers: message.headers };
}

/** A message judged; null verdict and revision where its domain is not configured. */
interface Judged {
  readonly mail: Mail;
  readonly verdict: Verdict | null;
  readonly revision: number | null;
}

/** Judges, and judges anew with what the domain's object says where the first snapshot leaves doubt. */
async function judgeSurely(mail: Mail, receiving: Receiving, now: number): Promise<Judged> {
  const snapshot = await receiving.snapshots.read(lowerCase(mail.forwardPath.domain));
  if (snapshot === null) return { mail, verdict: null, revision: null };
  const verdict = await judge(mail, snapshot, receiving.keys, now);
  const judged = { mail, verdict, revision: snapshot.revision };
  return (verdict.decision.restsOnSnapshot && (await judgeNewer(judged, receiving, now))) || judged;
}

/** Judges with what the domain's object says; null where that is nothing newer. */
async function judgeNewer(
  { mail, revision }: Judged,
  receiving: Receiving,
  now: number,
): Promise<Judged | null> {
  const snapshot = await receiving.snapshots.confirm(lowerCase(mail.forwardPath.domain));
  if ((snapshot?.revision ?? null) === revision) return null;
  const verdict = snapshot && (await judge(mail, snapshot, receiving.keys, now));
  return { mail, verdict, revision: snapshot?.revision ?? null };
}

/** Does what was decided. Undelivered: every destination refused for good, and nothing has been done yet. */
async function perform(
  message: IncomingMessage,
  verdict: Verdict | null,
  entry: Entry,
  receiving: Receiving,
): Promise<{ readonly entry: Entry; readonly undelivered: boolean }> {
  if (verdict !== null) note(verdict, receiving);
  const { action } = decisionOf(verdict);
  switch (action.kind) {
    case "reject":
      await message.setReject(action.sentence);
      return { entry, undelivered: false };
    case "consume":
      await receiving.record(verdict?.tag.original.domain ?? "", entry);
      return { entry, undelivered: false };
    case "forward": {
      const { delivered, failed } = await forward(message, action.to, verdict?.annotations ?? new Map());
      const done = { ...entry, to: delivered, ...(failed.length > 0 ? { failed } : {}) };
      return { entry: done, undelivered: delivered.length === 0 };
    }
  }
}

/** Rejects what no destination takes. */
async function refuse(message: IncomingMessage, entry: Entry): Promise<Entry> {
  await message.setReject(SENTENCES.undeliverable);
  return { ...entry, event: "rejected", disposition: "rejected" };
}

/** What shows whether a domain signs its mail: tags that came back, and bounces of what seems to have gone out without. */
function note({ tag, evidence, decision }: Verdict, receiving: Receiving): void {
  const sender = senderOf(tag.original);
  if (sender === null) return;
  if (tag.status === "valid") receiving.note("proven", sender);
  else if (evidence === "message-id") receiving.note("answerable", sender);
  else if (decision.unproven) receiving.note("unproven", sender);
}

function describe(id: string, mail: Mail | null, verdict: Verdict | null): Entry {
  const { action, disposition } = decisionOf(verdict);
  const event = EVENTS[action.kind];
  const domain = mail && lowerCase(mail.forwardPath.domain);
  if (verdict === null) {
    const unknown = { original: null, bounce: null, status: null, evidence: null, key: null, ref: null };
    return { event, disposition, id, domain, ...unknown };
  }
  const { bounce, evidence, ref, tag } = verdict;
  const original = formatMailbox({ ...tag.original, localPart: redactTags(tag.original.localPart) });
  const { status, key } = tag;
  return { event, disposition, id, domain, original, bounce, status, evidence, key, ref };
}

const EVENTS = { forward: "forwarded", consume: "accepted", reject: "rejected" } as const;

function decisionOf(verdict: Verdict | null): Decision {
  return verdict?.decision ?? UNCONFIGURED;
}
