// Changes to a domain that an operator asks for: what each makes of the domain's snapshot, or why it can't be made.
// Values only; the domain's object writes what comes of it. No I/O, no clock.

import type { ImportedKey, KeysRefusal } from "./rotation.ts";
import type { Route, Routes } from "./route.ts";
import { checkSettings, DEFAULTS, type Fault, type Settings } from "./settings.ts";
import type { Snapshot } from "./snapshot.ts";

/** `put` replaces all settings and creates the domain where it is not; `patch` changes only what it names. */
export interface SettingsChange {
  readonly kind: "put" | "patch";
  readonly settings: Partial<Settings>;
  /** Keys to bring along, in their order; `rotateDays` is then 0. Null where the domain makes its own. */
  readonly keys: readonly ImportedKey[] | null;
  /** Enforce although nothing shows that the domain has been signing. */
  readonly force: boolean;
}

export type Refusal =
  | { readonly kind: "unconfigured" }
  | { readonly kind: "no-such-route" }
  | KeysRefusal
  /** Keys are brought along at creation only. */
  | { readonly kind: "keys-fixed" }
  /** To enforce now could turn away the domain's own genuine bounces. */
  | { readonly kind: "not-ready"; readonly missing: readonly string[] }
  | { readonly kind: "unusable"; readonly faults: readonly Fault[] };

/** What came of a write. `effectiveBy`: when every location has it, in milliseconds; null while KV does not take it. */
export type Outcome =
  | { readonly kind: "created" | "written"; readonly snapshot: Snapshot; readonly effectiveBy: number | null }
  | Refusal;

/** Routes that a domain may have. */
export const ROUTES_AT_MOST = 10_000;
/** Octets that they may have together, as they are published: KV takes 25 MiB, and memory holds them many times. */
const ROUTES_OCTETS_AT_MOST = 8 * 1024 * 1024;

/** The settings after a change; `forced`: what enforcing is forced in spite of. */
export interface SettingsChanged {
  readonly kind: "settings";
  readonly settings: Settings;
  readonly forced: readonly string[];
}

/**
 * The settings after a change; values are judged before conflicts.
 * @param former null where the domain is not configured
 * @param findMissing what keeps the domain from enforcing with these settings, but for force; empty where nothing does
 */
export function changeSettings(
  former: Snapshot | null,
  change: SettingsChange,
  findMissing: (settings: Settings) => readonly string[],
): SettingsChanged | Refusal {
  if (former === null && change.kind === "patch") return { kind: "unconfigured" };
  const base = change.kind === "patch" && former !== null ? former.settings : DEFAULTS;
  const brought = former === null && change.keys !== null;
  const settings = { ...base, ...change.settings, ...(brought ? { rotateDays: 0 } : {}) };
  const faults = checkSettings(settings);
  if (faults.length > 0) return { kind: "unusable", faults };
  if (former !== null && change.keys !== null) return { kind: "keys-fixed" };
  const startsEnforcing = settings.mode === "enforce" && former?.settings.mode !== "enforce";
  const missing = startsEnforcing ? findMissing(settings) : [];
  return missing.length > 0 && !change.force
    ? { kind: "not-ready", missing }
    : { kind: "settings", settings, forced: missing };
}

/** The routes after a change; `isNew` where it made one that was not there. */
export interface RoutesChange {
  readonly kind: "routes";
  readonly routes: Routes;
  readonly isNew: boolean;
}

/** All routes put in place of the former ones. */
export function replaceRoutes(routes: readonly [string, Route][]): RoutesChange | Refusal {
  return bounded(new Map(routes), false);
}

/** One local-part's route set; `null` removes it. */
export function changeRoute(former: Routes, localPart: string, route: Route | null): RoutesChange | Refusal {
  const routes = new Map(former);
  if (route !== null) return bounded(routes.set(localPart, route), !former.has(localPart));
  return routes.delete(localPart) ? { kind: "routes", routes, isNew: false } : { kind: "no-such-route" };
}

function bounded(routes: Routes, isNew: boolean): RoutesChange | Refusal {
  if (routes.size > ROUTES_AT_MOST) return tooMany(`${ROUTES_AT_MOST} routes are the limit.`);
  const octets = JSON.stringify([...routes]).length;
  return octets > ROUTES_OCTETS_AT_MOST
    ? tooMany(`Together they have ${octets} octets; ${ROUTES_OCTETS_AT_MOST} are the limit.`)
    : { kind: "routes", routes, isNew };
}

function tooMany(detail: string): Refusal {
  return { kind: "unusable", faults: [{ field: "routes", detail }] };
}
