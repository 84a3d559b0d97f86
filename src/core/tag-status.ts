// What the tag of a forward-path is worth: one of seven statuses, the first that applies. A bad tag is a finding,
// no error; only a key that does not unwrap throws. No I/O, no clock.

import { dayOf, daysSince, daysUntil, startOfDay } from "./day.ts";
import { findKey, holdsKey, type OpenKey, windowDays } from "./keyring.ts";
import { formatMailbox, lowerCase, type Mailbox } from "./mailbox.ts";
import { isSame, type Slot, signPrvs } from "./signature.ts";
import type { Snapshot } from "./snapshot.ts";
import { readTag, type Scheme, type Tag } from "./tag.ts";

export type TagStatus =
  | "missing"
  | "malformed"
  | "not-signing"
  | "unknown-key"
  | "bad-signature"
  | "expired"
  | "valid";

export interface TagFinding {
  readonly status: TagStatus;
  /** The address without its tag, in lower case. */
  readonly original: Mailbox;
  readonly scheme: Scheme | null;
  readonly key: number | null;
  /** The first instant at which the tag is no longer valid, in milliseconds; null where its MAC did not vouch for it. */
  readonly expires: number | null;
}

/** Whether a newer snapshot may lift the status: it may hold a key that this one lacks, or a longer lifetime. */
export function isLiftable(status: TagStatus): boolean {
  return status === "not-signing" || status === "unknown-key" || status === "expired";
}

/** Finds the status of a forward-path's tag under a domain's keyring. */
export async function validateTag(
  forwardPath: Mailbox,
  snapshot: Snapshot,
  open: OpenKey,
  now: number,
): Promise<TagFinding> {
  const reading = readTag(forwardPath.localPart);
  const signed = { localPart: reading.localPart, domain: forwardPath.domain };
  const original = { localPart: lowerCase(signed.localPart), domain: lowerCase(signed.domain) };
  const found = (status: TagStatus, tag: Tag | null, expires: number | null): TagFinding => ({
    status,
    original,
    scheme: reading.kind === "untagged" ? null : reading.scheme,
    key: tag?.key ?? null,
    expires,
  });

  if (reading.kind === "untagged") return found("missing", null, null);
  if (reading.kind === "malformed") return found("malformed", null, null);
  const { tag } = reading;
  if (!holdsKey(snapshot.keys, now)) return found("not-signing", tag, null);
  const key = findKey(snapshot.keys, tag.key, now);
  if (key === null) return found("unknown-key", tag, null);
  if (!(await isSignedBy(await open(snapshot.domain, key), tag, signed, original))) {
    return found("bad-signature", tag, null);
  }
  const today = dayOf(now);
  const ahead = daysUntil(tag.residue, today);
  if (ahead > windowDays(snapshot.lifetimes, snapshot.keys, now)) {
    return found("expired", tag, startOfDay(today - daysSince(tag.residue, today) + 1));
  }
  return found("valid", tag, startOfDay(today + ahead + 1));
}

/** Tries the address as it came, then lower-cased: Exim signs it verbatim, and mailers on the way fold it. */
async function isSignedBy(slot: Slot, tag: Tag, signed: Mailbox, original: Mailbox): Promise<boolean> {
  for (const address of new Set([formatMailbox(signed), formatMailbox(original)])) {
    if (isSame(await signPrvs(slot, tag.key, tag.residue, address), tag.mac)) return true;
  }
  return false;
}
