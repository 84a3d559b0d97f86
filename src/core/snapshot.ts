// What a domain's object publishes and mail and minting read: settings, wrapped keys, routes, as one value.
// No I/O, no clock.

import { changeLifetime, type Key, type Lifetime } from "./keyring.ts";
import type { Route, Routes } from "./route.ts";
import type { Settings } from "./settings.ts";

export interface Snapshot {
  readonly domain: string;
  /** Grows with every write, over deletion and re-creation too: milliseconds since 1970 of the write, or more. */
  readonly revision: number;
  readonly settings: Settings;
  readonly lifetimes: readonly Lifetime[];
  readonly keys: readonly Key[];
  readonly routes: Routes;
}

/** Raised with the form of the text below, so that code of another age refuses it instead of misreading it. */
const FORMAT = 1;

/**
 * How long a write takes to be everywhere, in milliseconds: 15 s of an isolate's memory, a minute and more of KV,
 * and as much again.
 */
export const EVERYWHERE_MS = 150_000;

/** A domain's first snapshot; `after` is the revision of any former one. */
export function createSnapshot(
  domain: string,
  settings: Settings,
  keys: readonly Key[],
  now: number,
  after: number,
): Snapshot {
  const lifetimes = [{ days: settings.lifetimeDays, until: null }];
  return { domain, revision: nextRevision(after, now), settings, lifetimes, keys, routes: new Map() };
}

/** The snapshot with some of its parts written anew. */
export function revise(
  snapshot: Snapshot,
  change: Partial<Pick<Snapshot, "settings" | "keys" | "routes">>,
  now: number,
): Snapshot {
  const revised = { ...snapshot, ...change, revision: nextRevision(snapshot.revision, now) };
  const { lifetimeDays } = revised.settings;
  const lifetimes = changeLifetime(snapshot.lifetimes, lifetimeDays, now, now + EVERYWHERE_MS);
  return { ...revised, lifetimes };
}

function nextRevision(after: number, now: number): number {
  return Math.max(after + 1, now);
}

/** The snapshot as KV holds it. */
export function encodeSnapshot(snapshot: Snapshot): string {
  return JSON.stringify({ format: FORMAT, ...snapshot, routes: [...snapshot.routes] });
}

/** Reads what `encodeSnapshot` wrote. Throws where it was written in another form. */
export function decodeSnapshot(text: string): Snapshot {
  const { format, routes, ...rest } = JSON.parse(text) as Omit<Snapshot, "routes"> & {
    format: number;
    routes: [string, Route][];
  };
  if (format !== FORMAT)
    throw new Error(`This snapshot has format ${format}; ${FORMAT} is what is read here.`);
  return { ...rest, routes: new Map(routes) };
}
