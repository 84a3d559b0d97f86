// The audit: who changed what of a domain, and when. What was changed is found by comparing the snapshots before and
// after, so that it is what really came of the call. No I/O, no clock.

import { type KeyState, stateOf } from "./keyring.ts";
import type { Route } from "./route.ts";
import type { Settings } from "./settings.ts";
import type { Snapshot } from "./snapshot.ts";
import { ALL_DOMAINS, type Grant, isWithin } from "./token.ts";

/** Who acts: the operator by the admin token, the bearer of a token, or the domain by its own alarm. */
export interface Actor {
  readonly kind: "admin" | "token" | "schedule";
  /** The token's; null for the others. */
  readonly id: string | null;
  readonly name: string | null;
  /** What the token reaches; of many domains `*` stands for all of them. */
  readonly domains: readonly string[];
}

export const SCHEDULE: Actor = { kind: "schedule", id: null, name: null, domains: [] };

export type Action =
  | "domain.created"
  | "domain.deleted"
  | "settings.changed"
  | "routes.replaced"
  | "route.changed"
  | "key.rotated"
  | "key.imported"
  | "key.retired"
  | "keys.tended"
  | "webhook.set"
  | "webhook.removed";

/** Who asks for a write, what for, and what is forced by it. */
export interface Occasion {
  readonly by: Actor;
  readonly action: Action;
  readonly forced?: readonly string[];
}

/** What a write changed. A value that was not there, or is not any more, is null. */
export interface Changes {
  readonly settings: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly routes: readonly {
    readonly localPart: string;
    readonly from: Route | null;
    readonly to: Route | null;
  }[];
  /** Routes changed beside those listed. */
  readonly moreRoutes: number;
  readonly keys: readonly {
    readonly number: number;
    readonly from: KeyState | null;
    readonly to: KeyState | null;
  }[];
  /** Where the webhook's receiver is; what stands behind its name may be a secret of the receiver's. Null: not concerned. */
  readonly webhook: { readonly from: string | null; readonly to: string | null } | null;
}

/** One write. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly by: Actor;
  readonly action: Action;
  /** What enforcing was forced in spite of; empty where it was not. */
  readonly forced: readonly string[];
  readonly changes: Changes;
}

/** Routes listed in an entry, of which one alone may be some kilobytes. */
const ROUTES_LISTED = 10;
/** Domains of an actor that are kept with each entry. */
const DOMAINS_KEPT = 10;

/** Who calls, as the audit keeps him. */
export function actorOf(caller: Grant & { readonly id: string | null; readonly name: string }): Actor {
  const { id, name, domains } = caller;
  if (id === null) return { kind: "admin", id: null, name: null, domains: [] };
  return { kind: "token", id, name, domains: domains.length > DOMAINS_KEPT ? [ALL_DOMAINS] : domains };
}

/** The actor as a reader may know him: a token that reaches beyond the reader's domains is any token. */
export function showActor(
  { kind, id, name, domains }: Actor,
  reader: Grant & { readonly id: string | null },
): Pick<Actor, "kind" | "id" | "name"> {
  const isKnown = id === reader.id || isWithin({ scopes: [], domains }, reader);
  return isKnown ? { kind, id, name } : { kind, id: null, name: null };
}

/** What differs between a domain before a write and after it; `former` is null where it is new. */
export function compareSnapshots(former: Snapshot | null, snapshot: Snapshot, now: number): Changes {
  const routes = compareRoutes(former, snapshot);
  return {
    settings: compareSettings(former, snapshot),
    routes: routes.slice(0, ROUTES_LISTED),
    moreRoutes: Math.max(routes.length - ROUTES_LISTED, 0),
    keys: compareKeys(former, snapshot, now),
    webhook: null,
  };
}

/** What differs after the webhook was set, or removed: null is none. */
export function compareWebhooks(former: string | null, url: string | null): Changes {
  const webhook = { from: former && new URL(former).origin, to: url && new URL(url).origin };
  return { settings: {}, routes: [], moreRoutes: 0, keys: [], webhook };
}

/** Whether nothing was changed. */
export function isUnchanged({ settings, routes, keys }: Changes): boolean {
  return Object.keys(settings).length + routes.length + keys.length === 0;
}

function compareSettings(former: Snapshot | null, { settings }: Snapshot): Changes["settings"] {
  const fields = Object.keys(settings) as (keyof Settings)[];
  return Object.fromEntries(
    fields
      .map((field) => [field, { from: former?.settings[field] ?? null, to: settings[field] }] as const)
      .filter(([, { from, to }]) => former === null || JSON.stringify(from) !== JSON.stringify(to)),
  );
}

function compareRoutes(former: Snapshot | null, { routes }: Snapshot): Changes["routes"] {
  const names = new Set([...(former?.routes.keys() ?? []), ...routes.keys()]);
  return [...names]
    .map((localPart) => ({
      localPart,
      from: former?.routes.get(localPart) ?? null,
      to: routes.get(localPart) ?? null,
    }))
    .filter(({ from, to }) => from !== to && JSON.stringify(from) !== JSON.stringify(to));
}

/** States, so that a key that now signs and the one that did are both told. */
function compareKeys(former: Snapshot | null, { keys }: Snapshot, now: number): Changes["keys"] {
  const formerKeys = former?.keys ?? [];
  const stateIn = (ring: Snapshot["keys"], number: number) => {
    const key = ring.find((held) => held.number === number);
    return key === undefined ? null : stateOf(ring, key, now);
  };
  const numbers = new Set([...formerKeys, ...keys].map(({ number }) => number));
  return [...numbers]
    .map((number) => ({ number, from: stateIn(formerKeys, number), to: stateIn(keys, number) }))
    .filter(({ from, to }) => from !== to);
}
