// A message's way through the Worker: read the domain's snapshot, judge, ask where in doubt, perform, record. It ends
// forwarded, consumed or rejected, or this throws and the sender tries again; there is no fifth way out.

import { digestMessage, digestWhole } from "../core/digest.ts";
import { type Claim, type Judging, judge, type Mail, type Verdict } from "../core/judge.ts";
import { isDomain, lowerCase, splitPath } from "../core/mailbox.ts";
import { type Decision, type Disposition, SENTENCES, UNCONFIGURED } from "../core/policy.ts";
import { senderOf } from "../core/readiness.ts";
import type { Counted, MessageRecord } from "../core/record.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { HEAD_OCTETS, readReturned, readReturnedHeaders } from "../returned/read-returned.ts";
import { forward } from "./forward.ts";
import { readHead } from "./head.ts";
import { Deferral, type Failure, type IncomingMessage } from "./message.ts";
import { describeBounces, describeCounted, type Received, showOriginal } from "./record.ts";

/** What receiving needs from outside. */
export interface Receiving {
  readonly snapshots: {
    /** The domain's snapshot as this location has it; null where the domain is not configured. */
    read(domain: string): Promise<Snapshot | null>;
    /** The same, after the domain's object was asked. Throws where it can't be. */
    confirm(domain: string): Promise<Snapshot | null>;
  };
  readonly keys: Omit<Judging, "admit">;
  /** Whether the message of that id is among those that the claim's address may bring. Never fails. */
  readonly admit: (claim: Claim, id: string) => Promise<boolean>;
  /** Keeps a message in its domain's ledger, once for each id. Throws where it does not. */
  readonly record: (domain: string, record: MessageRecord, entry: Entry) => Promise<void>;
  /** Has work done behind the handler's back; what it throws is tried again, then logged. */
  readonly later: (work: () => Promise<void>, entry: Entry) => void;
  /**
   * Counts a message in its domain's ledger, some time soon; one that is recorded by itself only where it had been counted
   * as deferred. Never fails.
   */
  readonly count: (domain: string, counted: Counted, isRecorded: boolean) => void;
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
  const arrival = { message, mail, id, now, ...readOnce(message, id) };
  let verdict: Verdict | null = null;
  try {
    const judged = await judgeSurely(arrival, receiving);
    verdict = judged?.verdict ?? null;
    const outcome = await perform(arrival, verdict, receiving);
    if (!outcome.undelivered) return await keep(arrival, verdict, outcome.entry, receiving);

    // Every destination refused for good. Those may be the route's no longer.
    const newer = judged && (await judgeNewer(arrival, judged, receiving));
    if (newer === null) return await keep(arrival, verdict, await refuse(message, outcome.entry), receiving);
    verdict = newer.verdict;
    const again = await perform(arrival, verdict, receiving);
    const entry = again.undelivered ? await refuse(message, again.entry) : again.entry;
    await keep(arrival, verdict, entry, receiving);
  } catch (cause) {
    const error = cause instanceof Error ? cause.message : String(cause);
    const failed = cause instanceof Deferral && cause.failure !== null ? { failed: [cause.failure] } : {};
    const entry = { ...describe(id, mail, verdict), ...failed, error };
    defer(arrival, verdict, { ...entry, event: "deferred", disposition: "deferred" }, receiving);
    throw cause;
  }
}

/** A message on its way through. */
interface Arrival {
  readonly message: IncomingMessage;
  readonly mail: Mail | null;
  readonly id: string;
  readonly now: number;
  /** Its first octets, read once; the handler must not have returned before. */
  readonly head: () => Promise<Uint8Array<ArrayBuffer>>;
  /** Its identity, by its body too. */
  readonly wholeId: () => Promise<string>;
}

function readOnce(message: IncomingMessage, id: string): Pick<Arrival, "head" | "wholeId"> {
  let read: ReturnType<Arrival["head"]> | null = null;
  const head = () => {
    read ??= readHead(message, HEAD_OCTETS);
    return read;
  };
  return { head, wholeId: async () => digestWhole(id, await head()) };
}

/** Envelope and headers; null where the forward-path can't be of any domain. */
function readMail(message: IncomingMessage): Mail | null {
  const forwardPath = splitPath(message.to.replace(/^<(.*)>$/s, "$1"));
  if (forwardPath === null || !isDomain(forwardPath.domain)) return null;
  return { reversePath: message.from, forwardPath, headers: message.headers };
}

/** A message judged; null verdict and revision where its domain is not configured. */
interface Judged {
  readonly verdict: Verdict | null;
  readonly revision: number | null;
}

/** Judges, and judges anew with what the domain's object says where the first snapshot leaves doubt. */
async function judgeSurely(arrival: Arrival, receiving: Receiving): Promise<Judged | null> {
  const { mail } = arrival;
  if (mail === null) return null;
  const snapshot = await receiving.snapshots.read(lowerCase(mail.forwardPath.domain));
  const judged = await judgeBy(arrival, mail, snapshot, receiving);
  const { verdict } = judged;
  return (verdict?.decision.restsOnSnapshot && (await judgeNewer(arrival, judged, receiving))) || judged;
}

/** Judges with what the domain's object says; null where that is nothing newer. */
async function judgeNewer(
  arrival: Arrival,
  { revision }: Judged,
  receiving: Receiving,
): Promise<Judged | null> {
  const { mail } = arrival;
  if (mail === null) return null;
  const snapshot = await receiving.snapshots.confirm(lowerCase(mail.forwardPath.domain));
  return (snapshot?.revision ?? null) === revision ? null : judgeBy(arrival, mail, snapshot, receiving);
}

async function judgeBy(
  { now, wholeId }: Arrival,
  mail: Mail,
  snapshot: Snapshot | null,
  { keys, admit }: Receiving,
): Promise<Judged> {
  if (snapshot === null) return { verdict: null, revision: null };
  const judging: Judging = { ...keys, admit: async (claim) => admit(claim, await wholeId()) };
  return { verdict: await judge(mail, snapshot, judging, now), revision: snapshot.revision };
}

/** Does what was decided. Undelivered: every destination refused for good, and nothing has been done yet. */
async function perform(
  { message, mail, id, head }: Arrival,
  verdict: Verdict | null,
  receiving: Receiving,
): Promise<{ readonly entry: Entry; readonly undelivered: boolean }> {
  if (verdict !== null) note(verdict, receiving);
  if (verdict?.returned === "body") await head();
  const entry = describe(id, mail, verdict);
  const { action } = decisionOf(verdict);
  switch (action.kind) {
    case "reject":
      await message.setReject(action.sentence);
      return { entry, undelivered: false };
    case "consume":
      return { entry, undelivered: false };
    case "forward": {
      const { delivered, failed } = await forward(message, action.to, verdict?.annotations ?? new Map());
      const done = { ...entry, to: delivered, ...(failed.length > 0 ? { failed } : {}) };
      return { entry: done, undelivered: delivered.length === 0 };
    }
  }
}

/**
 * Keeps what is known of a message that is done, and logs it. Only one that was consumed waits for that, since nothing else
 * is left of it: it throws where it can't be recorded.
 */
async function keep(
  arrival: Arrival,
  verdict: Verdict | null,
  entry: Entry,
  receiving: Receiving,
): Promise<void> {
  const { mail, id, now } = arrival;
  if (mail === null || verdict === null) return receiving.log(entry);
  const { domain } = verdict.tag.original;
  const received = { id, mail, verdict, receivedAt: now };
  const counted = describeCounted(received, entry.disposition, entry.failed ?? []);
  const record = async () => {
    const whole = verdict.returned === "body" ? await arrival.wholeId() : id;
    const bounces = await readBounces(arrival, { ...received, id: whole });
    await receiving.record(domain, { ...counted, id: whole, receivedAt: now, bounces }, entry);
  };
  const isConsumed = entry.event === "accepted";
  if (isConsumed) await record();
  else if (verdict.returned !== null) receiving.later(record, entry);
  receiving.count(domain, counted, isConsumed || verdict.returned !== null);
  receiving.log(entry);
}

/** Counts and logs a message that its sender is to try again. */
function defer(
  { mail, id, now }: Arrival,
  verdict: Verdict | null,
  entry: Entry,
  receiving: Receiving,
): void {
  if (mail !== null && verdict !== null) {
    const received = { id, mail, verdict, receivedAt: now };
    const counted = describeCounted(received, entry.disposition, entry.failed ?? []);
    receiving.count(verdict.tag.original.domain, counted, false);
  }
  receiving.log(entry);
}

async function readBounces({ head }: Arrival, received: Received): Promise<MessageRecord["bounces"]> {
  const { mail, verdict } = received;
  switch (verdict.returned) {
    case "body":
      return describeBounces(received, await readReturned(await head()));
    case "headers":
      return describeBounces(received, [readReturnedHeaders(mail.headers)]);
    case null:
      return [];
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
  const { status, key } = tag;
  return {
    event,
    disposition,
    id,
    domain,
    original: showOriginal(verdict),
    bounce,
    status,
    evidence,
    key,
    ref,
  };
}

const EVENTS = { forward: "forwarded", consume: "accepted", reject: "rejected" } as const;

function decisionOf(verdict: Verdict | null): Decision {
  return verdict?.decision ?? UNCONFIGURED;
}
