// What is kept of a message that is done: its record, its count, its line in the log.

import type { Verdict } from "../core/judge.ts";
import type { MessageRecord } from "../core/record.ts";
import { readReturned, readReturnedHeaders } from "../returned/read-returned.ts";
import type { Arrival } from "./arrival.ts";
import type { Entry } from "./entry.ts";
import type { Receiving } from "./ports.ts";
import { describeBounces, describeCounted, type Received } from "./record.ts";

/**
 * Keeps what is known of a message that is done, and logs it. Only one that was consumed waits for that, since nothing else
 * is left of it: it throws where it can't be recorded.
 */
export async function keep(
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
export function defer(
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
