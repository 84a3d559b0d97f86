// What a domain's object publishes and mail and minting read: settings, wrapped keys, routes, as one value.
// No I/O, no clock.

import { changeLifetime, type Key, type Lifetime } from "./keyring.ts";
import { LATEST_MS, settle } from "./rotation.ts";
import type { Route, Routes } from "./route.ts";
import type { Settings } from "./settings.ts";

export interface Snapshot {
  readonly domain: string;
  /** Grows with every write, over deletion and re-creation too: milliseconds since 1970 of the write, or more. */
  readonly revision: number;
  readonly settings: Settings;
  /** Of tags; those former ones too under which a living tag could have been minted. */
  readonly lifetimes: readonly Lifetime[];
  /** The same, of Message-IDs. */
  readonly messageIdLifetimes: readonly Lifetime[];
  readonly keys: readonly Key[];
  readonly routes: Routes;
}

/** A snapshot but for its routes, of which there may be megabytes. */
export type Outline = Omit<Snapshot, "routes">;

/** Raised with the form of the text below, so that code of another age refuses it instead of misreading it. */
const FORMAT = 1;

/** A domain's first snapshot; `after` is the revision of any former one. */
export function createSnapshot(
  domain: string,
  settings: Settings,
  keys: readonly Key[],
  now: number,
  after: number,
): Snapshot {
  return {
    domain,
    revision: nextRevision(after, now),
    settings,
    lifetimes: [{ days: settings.lifetimeDays, until: null }],
    messageIdLifetimes: [{ days: settings.messageIdLifetimeDays, until: null }],
    keys,
    routes: new Map(),
  };
}

/** The snapshot with some of its parts written anew, and its keyring as these parts and the time leave it. */
export function revise(
  snapshot: Snapshot,
  change: Partial<Pick<Snapshot, "settings" | "keys" | "routes">>,
  now: number,
): Snapshot {
  const revised = { ...snapshot, ...change, revision: nextRevision(snapshot.revision, now) };
  const { lifetimeDays, messageIdLifetimeDays } = revised.settings;
  const until = now + LATEST_MS;
  const lifetimes = changeLifetime(snapshot.lifetimes, lifetimeDays, now, until);
  const messageIdLifetimes = changeLifetime(snapshot.messageIdLifetimes, messageIdLifetimeDays, now, until);
  const keys = settle(revised.keys, [...lifetimes, ...messageIdLifetimes], now);
  return { ...revised, lifetimes, messageIdLifetimes, keys };
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
  return complete({ ...rest, routes: new Map(routes) });
}

/** A snapshot as an earlier version may have written it, with what has been added to the form since. */
export function complete<Written extends Omit<Outline, "messageIdLifetimes" | "keys"> & Earlier>(
  written: Written,
): Omit<Written, keyof Earlier> & Pick<Outline, keyof Earlier> {
  const lifetimes = [{ days: written.settings.messageIdLifetimeDays, until: null }];
  return {
    ...written,
    messageIdLifetimes: written.messageIdLifetimes ?? lifetimes,
    keys: written.keys.map(({ freeFrom = null, weak = false, ...key }) => ({ ...key, freeFrom, weak })),
  };
}

interface Earlier {
  readonly messageIdLifetimes?: readonly Lifetime[];
  readonly keys: readonly (Omit<Key, "freeFrom" | "weak"> & Partial<Pick<Key, "freeFrom" | "weak">>)[];
}
