// A domain's keyring as a value: ten numbered slots, and which of their keys signs or validates at an instant.
// Secrets are wrapped here (see wrapping.ts); every time is in milliseconds since 1970. No I/O, no clock.

import { dayOf, earliest } from "./day.ts";
import type { Slot } from "./signature.ts";

export interface Key {
  /** 0 to 9: the K of a tag. */
  readonly number: number;
  /** Empty where the key was retired by hand: its secret is gone. */
  readonly wrapped: string;
  readonly created: number;
  /** When it may sign: every location must have it before a tag can come back under it. Null: validates only. */
  readonly notBefore: number | null;
  /** When it stops validating. Null: not by itself. */
  readonly expires: number | null;
  /** When no tag or Message-ID under it can be alive, and its number is free. Null: not by itself. */
  readonly freeFrom: number | null;
  /** Brought along from another signer, which may still be using it. */
  readonly imported: boolean;
  /** Whether its secret is shorter than RFC 2104 (3) advises. */
  readonly weak: boolean;
}

/** `pending`: it will sign. `retired`: its number is not free yet. */
export type KeyState = "pending" | "signing" | "validating" | "retired";

/** A span during which tags were minted with one lifetime. Null: the one in force. */
export interface Lifetime {
  readonly days: number;
  readonly until: number | null;
}

/** Unwraps a key of a domain; throws where the key does not unwrap. */
export type OpenKey = (domain: string, key: Key) => Promise<Slot>;

/** Key numbers are one digit. */
export const SLOTS = 10;

/** Exim's lifetime is fixed at 7 days, so its tags need a window of 7 whatever ours is. */
const IMPORTED_WINDOW_DAYS = 7;

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
  return newestKey(
    keys.filter(({ notBefore }) => notBefore !== null && notBefore <= now),
    now,
  );
}

/** The key that signs, or will when its time has come. */
export function newestKey(keys: readonly Key[], now: number): Key | null {
  let newest: { key: Key; notBefore: number } | null = null;
  for (const key of keys) {
    const { notBefore } = key;
    if (notBefore === null || isRetired(key, now)) continue;
    if (newest === null || notBefore >= newest.notBefore) newest = { key, notBefore };
  }
  return newest?.key ?? null;
}

/** When the first of the keys that wait to sign will; null where none waits. */
export function signsFrom(keys: readonly Key[], now: number): number | null {
  return earliest(keys.map((key) => (stateOf(keys, key, now) === "pending" ? key.notBefore : null)));
}

/** What a key of the ring does now. */
export function stateOf(keys: readonly Key[], key: Key, now: number): KeyState {
  if (isRetired(key, now)) return "retired";
  if (signingKey(keys, now) === key) return "signing";
  return key.notBefore !== null && key.notBefore > now ? "pending" : "validating";
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
 * Puts a new lifetime in force, and forgets those under which nothing that lives can have been minted.
 * @param until when the last location stops minting with the former one
 */
export function changeLifetime(
  lifetimes: readonly Lifetime[],
  days: number,
  now: number,
  until: number,
): Lifetime[] {
  const living = lifetimes.filter((lifetime) => isAlive(lifetime, now));
  if (living.some((lifetime) => lifetime.until === null && lifetime.days === days)) return living;
  return [
    ...living.map((lifetime) => (lifetime.until === null ? { ...lifetime, until } : lifetime)),
    { days, until: null },
  ];
}

/** Whether the key validates nothing any more. */
export function isRetired(key: Key, now: number): boolean {
  return key.expires !== null && key.expires <= now;
}

function isAlive(lifetime: Lifetime, now: number): boolean {
  return lifetime.until === null || dayOf(lifetime.until) + lifetime.days >= dayOf(now);
}
