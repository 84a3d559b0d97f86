// What the operator is told of, each once: a domain that has ceased to sign, a rotation that is overdue, a destination that
// has to be mended. No I/O, no clock.

import { DAY_MS, dayOf, earliest } from "./day.ts";
import { signingKey } from "./keyring.ts";
import { overdueAt, type Signing } from "./readiness.ts";
import type { DomainEvent, ForwardFailure } from "./record.ts";
import type { Outline } from "./snapshot.ts";

/** Isolates tell of minting once an hour. */
const TOLD_LATE_MS = 2 * 3_600_000;

/** What has to be told of a domain that is as it is. */
export function findNotices(outline: Outline, signing: Signing | null, now: number): DomainEvent[] {
  const { domain } = outline;
  const notices: DomainEvent[] = [];
  const silent = silentAt(outline, signing);
  if (signing !== null && silent !== null && silent <= now) {
    const data = { domain, mode: outline.settings.mode, lastSigned: time(signing.last) };
    notices.push({ id: `${domain}-not-signing-${signing.last}`, type: "domain.not-signing", at: now, data });
  }
  const overdue = overdueAt(outline, now);
  const key = signingKey(outline.keys, now);
  if (key !== null && overdue !== null && overdue <= now) {
    const data = { domain, key: key.number, overdueSince: time(overdue) };
    notices.push({
      id: `${domain}-overdue-${key.number}-${key.created}`,
      type: "key.overdue",
      at: now,
      data,
    });
  }
  return notices;
}

/** When there may be something to tell, in milliseconds since 1970; null where only a change can bring that about. */
export function noticeDueAt(outline: Outline, signing: Signing | null, now: number): number | null {
  const due = [silentAt(outline, signing), overdueAt(outline, now)];
  return earliest(due.map((at) => (at !== null && at > now ? at : null)));
}

/** A destination that refused mail: told once a day. */
export function noticeFailure(domain: string, failure: ForwardFailure, now: number): DomainEvent {
  const data = { domain, ...failure };
  return { id: `${domain}-forward-${dayOf(now)}-${failure.to}`, type: "forward.failed", at: now, data };
}

/** When a domain that has signed will have been silent for a lifetime; null where it is not judged, or never signed. */
function silentAt({ settings }: Outline, signing: Signing | null): number | null {
  if (signing === null || settings.mode === "off") return null;
  return signing.last + settings.lifetimeDays * DAY_MS + TOLD_LATE_MS;
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
