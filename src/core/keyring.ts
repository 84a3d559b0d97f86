// A domain's keyring as a value: ten numbered slots, and which of their keys signs or validates at an instant.
// Secrets are wrapped here (see wrapping.ts); every time is in milliseconds since 1970. No I/O, no clock.

import { dayOf } from "./day.ts";
import type { Slot } from "./signature.ts";

export interface Key {
  /** 0 to 9: the K of a tag. */
  readonly number: number;
  readonly wrapped: string;
  readonly created: number;
  /** When it may sign: every location must have it before a tag can come back under it. Null: validates only. */
  readonly notBefore: number | null;
  /** When it stops validating. Null: not by itself. */
  readonly expires: number | null;
  /** Brought along from another signer, which may still be using it. */
  readonly imported: boolean;
}

/** A span during which tags were minted with one lifetime. Null: the one in force. */
export interface Lifetime {
  readonly days: number;
  readonly until: number | null;
}

/** Unwraps a key of a domain; throws where the key does not unwrap. */
export type OpenKey = (domain: string, key: Key) => Promise<Slot>;

/** Exim's lifetime is fixed at 7 days, so its tags need a window of 7 whatever ours is. */
const IMPORTED_WINDOW_DAYS = 7;

/** A key to bring along: a number and the secret's octets as they are. */
export interface ImportedKey {
  readonly number: number;
  readonly secret: string;
}

/** Whether any key may validate now. */
export function holdsKey(keys: readonly Key[], now: number): boolean {
  return keys.some((key) => !isRetired(key, now));
}

/** The key with this number that may validate now, or null. */
export function findKey(keys: readonly Key[], number: number, now: number): Key | null {
  return keys.find((key) => key.number === number && !isRetired(key, now)) ?? null;
}

/** The key that signs now: of those whose time has come the latest, and of equals the one listed last. */
export function signingKey(keys: readonly Key[], now: number): Key | null {
  let signing: { key: Key; notBefore: number } | null = null;
  for (const key of keys) {
    const { notBefore } = key;
    if (notBefore === null || notBefore > now || isRetired(key, now)) continue;
    if (signing === null || notBefore >= signing.notBefore) signing = { key, notBefore };
  }
  return signing?.key ?? null;
}

/** The domain's first key where none is brought along; it signs at once, since no location can hold another. */
export function firstKey(wrapped: string, now: number): Key {
  return { number: 0, wrapped, created: now, notBefore: now, expires: null, imported: false };
}

/** Keys brought along at creation, wrapped and in the order listed: the last signs, the others validate. */
export function bringKeys(wrapped: readonly { number: number; wrapped: string }[], now: number): Key[] {
  return wrapped.map((key, at) => ({
    ...key,
    created: now,
    notBefore: at === wrapped.length - 1 ? now : null,
    expires: null,
    imported: true,
  }));
}

/**
 * The most days that a living tag can have before it: the longest lifetime in force while a tag alive today
 * could have been minted, and at least Exim's 7 while an imported key is in the ring.
 */
export function windowDays(lifetimes: readonly Lifetime[], keys: readonly Key[], now: number): number {
  const shared = keys.some((key) => key.imported && !isRetired(key, now));
  return lifetimes
    .filter((lifetime) => isAlive(lifetime, now))
    .reduce((longest, { days }) => Math.max(longest, days), shared ? IMPORTED_WINDOW_DAYS : 0);
}

/**
 * Puts a new lifetime in force, and forgets those under which no living tag can have been minted.
 * @param everywhere when the last location stops minting with the former one
 */
export function changeLifetime(
  lifetimes: readonly Lifetime[],
  days: number,
  now: number,
  everywhere: number,
): Lifetime[] {
  const living = lifetimes.filter((lifetime) => isAlive(lifetime, now));
  if (living.some((lifetime) => lifetime.until === null && lifetime.days === days)) return living;
  return [
    ...living.map((lifetime) => (lifetime.until === null ? { ...lifetime, until: everywhere } : lifetime)),
    { days, until: null },
  ];
}

function isAlive(lifetime: Lifetime, now: number): boolean {
  return lifetime.until === null || dayOf(lifetime.until) + lifetime.days >= dayOf(now);
}

function isRetired(key: Key, now: number): boolean {
  return key.expires !== null && key.expires <= now;
}
