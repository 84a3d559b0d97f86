// The life of a key: how a ring gains keys, passes signing on from one to the next, and loses those under which nothing
// lives. Values in, values out; who makes secrets and when to act on `dueAt` is the domain's object's business.
// Every time is in milliseconds since 1970. No I/O, no clock.

import { DAY_MS, dayOf, earliest, startOfDay } from "./day.ts";
import { isRetired, type Key, type Lifetime, newestKey, SLOTS } from "./keyring.ts";

/**
 * How long a write takes to be everywhere: 15 s of an isolate's memory, a minute and more of KV, and as much again.
 * What comes later still asks the domain's object.
 */
export const EVERYWHERE_MS = 150_000;

/** How long a location may go on minting with what it was told last, at the very worst that is provided for. */
export const LATEST_MS = 3_600_000;

/** Octets below which RFC 2104 (3) discourages a key for HMAC-SHA-1. */
const WEAK_BELOW_OCTETS = 20;

/** A key to bring along: a number and the secret's octets as they are. */
export interface ImportedKey {
  readonly number: number;
  readonly secret: string;
}

/** A secret, wrapped, for a number that is free. */
export interface WrappedKey {
  readonly number: number;
  readonly wrapped: string;
}

/** The ring after a change that was asked for; `isNew` where it gained a key, which is the last. */
export interface KeysChange {
  readonly kind: "keys";
  readonly keys: readonly Key[];
  readonly isNew: boolean;
}

/** All ten numbers are held; the first is free again at `freeFrom`, or null where none will be by itself. */
export interface NoFreeNumber {
  readonly kind: "no-free-number";
  readonly freeFrom: number | null;
}

export type KeysRefusal =
  | NoFreeNumber
  /** The number is held, until `freeFrom` where the key is retired or will be. */
  | { readonly kind: "number-held"; readonly freeFrom: number | null }
  | { readonly kind: "no-such-key" }
  /** Without it the domain would have no key that signs, now or soon. */
  | { readonly kind: "only-signing-key" };

/** The domain's first key where none is brought along; it signs at once, since no location can hold another. */
export function firstKey(wrapped: string, now: number): Key {
  return { ...ownKey({ number: 0, wrapped }, now), notBefore: now };
}

/** Keys brought along at creation, in the order listed: the last signs at once, the others validate. */
export function bringKeys(keys: readonly (WrappedKey & { readonly weak: boolean })[], now: number): Key[] {
  return keys.map((key, at) => ({
    ...ownKey(key, now),
    notBefore: at === keys.length - 1 ? now : null,
    imported: true,
    weak: key.weak,
  }));
}

/** The number that the next key gets: of those that are free the one that was in use longest ago. */
export function nextNumber(keys: readonly Key[]): { kind: "number"; number: number } | NoFreeNumber {
  const newest = keys.reduce<Key | null>(
    (found, key) => (found === null || key.created >= found.created ? key : found),
    null,
  );
  for (let step = 1; step <= SLOTS; step++) {
    const number = ((newest?.number ?? -1) + step) % SLOTS;
    if (keys.every((key) => key.number !== number)) return { kind: "number", number };
  }
  return { kind: "no-free-number", freeFrom: releaseDueAt(keys) };
}

/** Adds a key of our own, which signs when every location has it. */
export function rotate(keys: readonly Key[], key: WrappedKey, now: number): KeysChange {
  return { kind: "keys", keys: [...keys, ownKey(key, now)], isNew: true };
}

/** Adds a key brought along: it validates at once, and signs, where it is to, when every location has it. */
export function bringKey(
  keys: readonly Key[],
  key: WrappedKey & { readonly weak: boolean; readonly sign: boolean },
  now: number,
): KeysChange | KeysRefusal {
  const { sign, weak, ...wrapped } = key;
  const held = keys.find((other) => other.number === key.number);
  if (held !== undefined) return { kind: "number-held", freeFrom: held.freeFrom };
  const own = ownKey(wrapped, now);
  const brought = { ...own, notBefore: sign ? own.notBefore : null, imported: true, weak };
  return { kind: "keys", keys: [...keys, brought], isNew: true };
}

/**
 * Retires a key by hand: its secret goes at once, and its number stays held while a tag or Message-ID under it could
 * live, so that none of them meets another key there. Where it has not signed yet, until every location knows.
 */
export function retire(
  keys: readonly Key[],
  number: number,
  lifetimes: readonly Lifetime[],
  now: number,
): KeysChange | KeysRefusal {
  const key = keys.find((held) => held.number === number);
  if (key === undefined) return { kind: "no-such-key" };
  if (isRetired(key, now)) return { kind: "keys", keys, isNew: false };
  const others = keys.filter((held) => held !== key && held.notBefore !== null && !isRetired(held, now));
  if (key.notBefore !== null && others.length === 0) return { kind: "only-signing-key" };
  const freeFrom = isUnused(key, now)
    ? now + LATEST_MS
    : Math.max(key.freeFrom ?? 0, lastMoment(now, lifetimes));
  const retired = { ...key, wrapped: "", expires: now, freeFrom };
  return { kind: "keys", keys: keys.map((held) => (held === key ? retired : held)), isNew: false };
}

/**
 * The ring as it stands now: each key of our own that another succeeds is given its end, one that none succeeds any
 * more has none, and those whose numbers are free are gone. Imported keys have no end by themselves.
 * @param lifetimes of tags and of Message-IDs, former ones too while something minted under them lives
 */
export function settle(keys: readonly Key[], lifetimes: readonly Lifetime[], now: number): readonly Key[] {
  const kept = keys.filter((key) => key.freeFrom === null || key.freeFrom > now);
  const settled = kept.map((key) => {
    if (key.imported || isRetired(key, now)) return key;
    const successor = findSuccessor(kept, key, now);
    if (successor === null) return key.expires === null ? key : { ...key, expires: null, freeFrom: null };
    // Once the last location has stopped signing with it, no change of lifetimes concerns it.
    if (key.expires !== null && successor + LATEST_MS < now) return key;
    const end = Math.max(key.expires ?? 0, lastMoment(successor, lifetimes));
    return end === key.expires ? key : { ...key, expires: end, freeFrom: end };
  });
  return settled.length === keys.length && settled.every((key, at) => key === keys[at]) ? keys : settled;
}

/**
 * When the ring is to be rotated next by itself; null for never. A signing key that was brought along is left alone:
 * another signer may be using it.
 */
export function rotationDueAt(keys: readonly Key[], rotateDays: number, now: number): number | null {
  if (rotateDays === 0) return null;
  const newest = newestKey(keys, now);
  if (newest === null || newest.imported) return null;
  const due = (newest.notBefore ?? 0) + rotateDays * DAY_MS;
  const next = nextNumber(keys);
  if (next.kind === "number") return due;
  return next.freeFrom === null ? null : Math.max(due, next.freeFrom);
}

/** When the next number is free again; null where no key of the ring has an end. */
export function releaseDueAt(keys: readonly Key[]): number | null {
  return earliest(keys.map((key) => key.freeFrom));
}

/** When the ring is to be tended next by itself; null for never. */
export function tendingDueAt(keys: readonly Key[], rotateDays: number, now: number): number | null {
  return earliest([rotationDueAt(keys, rotateDays, now), releaseDueAt(keys)]);
}

/** Whether a secret is shorter than RFC 2104 (3) advises. */
export function isWeak(secret: string): boolean {
  return secret.length < WEAK_BELOW_OCTETS;
}

/** The instant from which nothing signed up to then lives: the day after the last one that it could name. */
function lastMoment(signedUntil: number, lifetimes: readonly Lifetime[]): number {
  const days = lifetimes.map(({ days, until }) => {
    const lastSigned = Math.min(until ?? Number.POSITIVE_INFINITY, signedUntil + LATEST_MS);
    return dayOf(lastSigned) + days;
  });
  return startOfDay(Math.max(...days) + 1);
}

/** Whether nothing can have been signed with the key, here or elsewhere: its time has not come. */
function isUnused(key: Key, now: number): boolean {
  return !key.imported && key.notBefore !== null && key.notBefore > now;
}

/** When the next key in the order of signing takes over from this one; null where none does. */
function findSuccessor(keys: readonly Key[], key: Key, now: number): number | null {
  const { notBefore } = key;
  if (notBefore === null) return null;
  const at = keys.indexOf(key);
  const later = keys.filter((other, otherAt) => {
    if (other.notBefore === null || isRetired(other, now)) return false;
    return other.notBefore > notBefore || (other.notBefore === notBefore && otherAt > at);
  });
  return earliest(later.map((other) => other.notBefore));
}

function ownKey({ number, wrapped }: WrappedKey, now: number): Key {
  const notBefore = now + EVERYWHERE_MS;
  return {
    number,
    wrapped,
    created: now,
    notBefore,
    expires: null,
    freeFrom: null,
    imported: false,
    weak: false,
  };
}
