// What mail tells a domain's object of itself, and asks it; how long it waits for an answer, and how often it tries.

import type { Claim } from "../core/judge.ts";
import { formatMailbox } from "../core/mailbox.ts";
import type { MessageRecord, Tally } from "../core/record.ts";
import { type Bindings, stub } from "./domains.ts";
import type { Sightings } from "./sightings.ts";
import { answerWithin, reach } from "./unreachable.ts";

/** How long an admission is waited for, in milliseconds: mail is not held up for it. */
const ADMITTED_WITHIN_MS = 500;

/** The same of what is recorded: three tries have to fit into the half minute that follows a message. */
const RECORDED_WITHIN_MS = 6_000;

/** Has a domain's object keep what is known of a message. Throws where it does not. */
export async function recordMessage(
  bindings: Bindings,
  domain: string,
  record: MessageRecord,
  entry: object,
): Promise<void> {
  await reach(() =>
    answerWithin(RECORDED_WITHIN_MS, stub(bindings, domain).ledger.record(record, JSON.stringify(entry))),
  );
}

/** Tells a domain's object what was counted. Throws what the call throws. */
export async function tellTally(bindings: Bindings, domain: string, tally: Tally): Promise<void> {
  await answerWithin(RECORDED_WITHIN_MS, stub(bindings, domain).ledger.count(tally));
}

/** Tells a domain's object what was seen of its mail. Throws what the call throws. */
export async function tellSightings(
  bindings: Bindings,
  domain: string,
  sightings: Sightings,
): Promise<boolean> {
  return stub(bindings, domain).ledger.note(sightings);
}

/** Asks a domain's object whether a message may come back to a ref. Where it does not answer in time, it may. */
export async function admitMessage(bindings: Bindings, claim: Claim, id: string): Promise<boolean> {
  const { original, ref, expires } = claim;
  const name = `${formatMailbox(original)} ${ref} ${expires}`;
  const asked = async () => stub(bindings, original.domain).ledger.admit(name, id);
  return answerWithin(ADMITTED_WITHIN_MS, asked()).catch(() => true);
}

/** Does work behind a handler's back; what fails three times is logged, since the platform ends it after half a minute. */
export async function tryAgain(
  work: () => Promise<void>,
  what: { id: string; domain: string | null },
): Promise<void> {
  let error: unknown;
  for (const waitMs of [0, 2_000, 5_000]) {
    await pause(waitMs);
    try {
      return await work();
    } catch (cause) {
      error = cause;
    }
  }
  console.error(JSON.stringify({ event: "recording-failed", ...what, error: String(error) }));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
