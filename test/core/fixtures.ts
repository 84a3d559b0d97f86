// One valid domain, and the means to spoil one thing of it. Keys stand unwrapped in their `wrapped` field here.

import type { Judging } from "../../src/core/judge.ts";
import type { Key, OpenKey } from "../../src/core/keyring.ts";
import type { Mailbox } from "../../src/core/mailbox.ts";
import { findSigner, type Order, type Signer } from "../../src/core/mint.ts";
import type { Route } from "../../src/core/route.ts";
import { DEFAULTS, type Settings } from "../../src/core/settings.ts";
import { deriveDeploymentKey, openSlot, type Slot } from "../../src/core/signature.ts";
import type { Snapshot } from "../../src/core/snapshot.ts";

export const DAY = 86_400_000;
/** Noon of 2026-11-24, day 20781. */
export const NOW = 20_781 * DAY + DAY / 2;

export const KEY: Key = {
  number: 3,
  wrapped: "secret",
  created: 0,
  notBefore: 0,
  expires: null,
  freeFrom: null,
  imported: false,
  weak: false,
};

const opened = new Map<string, Promise<Slot>>();

/** Opens the fixtures' keys, whose secrets stand unwrapped. */
export const openPlain: OpenKey = (domain, key) => {
  const name = `${domain}\0${key.wrapped}`;
  const slot = opened.get(name) ?? openSlot(key.wrapped, domain);
  opened.set(name, slot);
  return slot;
};

/** What judging with the fixtures' keys needs. Every claim is admitted. */
export const JUDGING: Judging = {
  open: openPlain,
  hops: [await deriveDeploymentKey("k".repeat(32), "hop")],
  admit: async () => true,
};

/** An order for this address, in the domain's own scheme. */
export function orderOf(address: Mailbox, terms: Partial<Order> = {}): Order {
  return { address, scheme: null, ref: null, ...terms };
}

export interface Spoiled {
  readonly domain?: string;
  readonly settings?: Partial<Settings>;
  readonly keys?: readonly Key[];
  readonly ring?: readonly { number: number; secret: string }[];
  readonly routes?: Record<string, Route>;
}

/** A domain with one key, a default lifetime, a route for `user` and one for all others. */
export function snapshotOf(spoiled: Spoiled = {}): Snapshot {
  const settings = { ...DEFAULTS, ...spoiled.settings };
  const ring = spoiled.ring?.map(({ number, secret }) => ({ ...KEY, number, wrapped: secret }));
  const inbox: Route = { action: "forward", to: ["inbox@example.net"] };
  const routes = spoiled.routes ?? { user: inbox, "*": inbox };
  return {
    domain: spoiled.domain ?? "example.com",
    revision: 1,
    settings,
    lifetimes: [{ days: settings.lifetimeDays, until: null }],
    messageIdLifetimes: [{ days: settings.messageIdLifetimeDays, until: null }],
    keys: spoiled.keys ?? ring ?? [KEY],
    routes: new Map(Object.entries(routes)),
  };
}

/** What signs for that domain at noon. */
export function signerOf(spoiled: Spoiled = {}): Promise<Signer> {
  return findSigner(snapshotOf(spoiled), openPlain, NOW);
}

/** The domain with this secret in slot 3. */
export function holding(secret: string, settings: Partial<Settings> = {}): Snapshot {
  return snapshotOf({ settings, ring: [{ number: 3, secret }] });
}
