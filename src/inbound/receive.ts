// A message's way through the Worker: read the domain's snapshot, judge, ask where in doubt, perform, record. It ends
// forwarded, consumed or rejected, or this throws and the sender tries again; there is no fifth way out.

import { type Judging, judge, type Mail, type Verdict } from "../core/judge.ts";
import { lowerCase } from "../core/mailbox.ts";
import { SENTENCES } from "../core/policy.ts";
import { senderOf } from "../core/readiness.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { type Arrival, takeIn } from "./arrival.ts";
import { decisionOf, describeEntry, type Entry } from "./entry.ts";
import { forward } from "./forward.ts";
import { defer, keep } from "./keep.ts";
import { Deferral, type IncomingMessage } from "./message.ts";
import type { Receiving } from "./ports.ts";

/** Receives one message at an instant, in milliseconds since 1970. Throws where the sender is to try again. */
export async function receive(message: IncomingMessage, receiving: Receiving, now: number): Promise<void> {
  const arrival = await takeIn(message, now);
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
    const entry = { ...describeEntry(arrival.id, arrival.mail, verdict), ...failed, error };
    defer(arrival, verdict, { ...entry, event: "deferred", disposition: "deferred" }, receiving);
    throw cause;
  }
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
  const entry = describeEntry(id, mail, verdict);
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
