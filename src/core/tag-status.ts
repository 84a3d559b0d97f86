// What the tag of a forward-path is worth: one of seven statuses, the first that applies. A bad tag is a finding,
// no error; only a key that does not unwrap throws. No I/O, no clock.

import { dayOf, daysSince, daysUntil, startOfDay } from "./day.ts";
import { findKey, holdsKey, type OpenKey, windowDays } from "./keyring.ts";
import { formatMailbox, lowerCase, type Mailbox } from "./mailbox.ts";
import { isSame, type Slot, signTag } from "./signature.ts";
import type { Snapshot } from "./snapshot.ts";
import { readTag, type Scheme, type Tag } from "./tag.ts";

/** The first that applies. */
export const TAG_STATUSES = [
  "missing",
  "malformed",
  "not-signing",
  "unknown-key",
  "bad-signature",
  "expired",
  "valid",
] as const;

export type TagStatus = (typeof TAG_STATUSES)[number];

export interface TagFinding {
  readonly status: TagStatus;
  /** The address without its tag, in lower case. */
  readonly original: Mailbox;
  readonly scheme: Scheme | null;
  readonly key: number | null;
  /** The first instant at which the tag is no longer valid, in milliseconds; null where its MAC did not vouch for it. */
  readonly expires: number | null;
  /** The reference in a cs1 tag; null where there is none, or its MAC did not vouch for it. */
  readonly ref: string | null;
  /** Whether a newer snapshot may lift the status: by a key that this one lacks or holds no longer, or a longer lifetime. */
  readonly liftable: boolean;
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
  const none = { original, scheme: null, key: null, expires: null, ref: null, liftable: false };
  if (reading.kind === "untagged") return { ...none, status: "missing" };
  if (reading.kind === "malformed") return { ...none, status: "malformed", scheme: reading.scheme };

  const { tag } = reading;
  const unproven = { ...none, scheme: tag.scheme, key: tag.key, liftable: true };
  if (!holdsKey(snapshot.keys, now)) return { ...unproven, status: "not-signing" };
  const key = findKey(snapshot.keys, tag.key, now);
  if (key === null) return { ...unproven, status: "unknown-key" };
  if (!(await isSignedBy(await open(snapshot.domain, key), tag, signed, original))) {
    return { ...unproven, status: "bad-signature" };
  }
  const { status, lastDay } = findTerm(tag, snapshot, now);
  const ref = tag.scheme === "cs1" ? tag.ref : null;
  // An expired one too, whether or not a newer snapshot can do anything for it: what its MAC was is not to show in who is asked.
  return { ...unproven, status, expires: startOfDay(lastDay + 1), ref, liftable: status !== "valid" };
}

/** Whether a signed tag lives, and its last day: cs1 names it, prvs leaves it to the window to tell 1000 days apart. */
function findTerm(tag: Tag, { lifetimes, keys }: Snapshot, now: number) {
  const today = dayOf(now);
  if (tag.scheme === "cs1") {
    const status = tag.expiryDay >= today ? "valid" : "expired";
    return { status, lastDay: tag.expiryDay } as const;
  }
  const ahead = daysUntil(tag.residue, today);
  if (ahead <= windowDays(lifetimes, keys, now)) {
    return { status: "valid", lastDay: today + ahead } as const;
  }
  return { status: "expired", lastDay: today - daysSince(tag.residue, today) } as const;
}

/** Tries the address as it came, then lower-cased: Exim signs it verbatim, and mailers on the way fold it. */
async function isSignedBy(slot: Slot, tag: Tag, signed: Mailbox, original: Mailbox): Promise<boolean> {
  for (const address of new Set([formatMailbox(signed), formatMailbox(original)])) {
    if (isSame(await signTag(slot, tag, address), tag.mac)) return true;
  }
  return false;
}
