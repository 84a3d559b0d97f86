// Changes to a domain that an operator asks for: what each makes of the domain's snapshot, or why it can't be made.
// Values only; the domain's object writes what comes of it. No I/O, no clock.

import type { ImportedKey } from "./keyring.ts";
import type { Route, Routes } from "./route.ts";
import { checkSettings, DEFAULTS, type Fault, type Settings } from "./settings.ts";
import type { Snapshot } from "./snapshot.ts";

/** `put` replaces all settings and creates the domain where it is not; `patch` changes only what it names. */
export interface SettingsChange {
  readonly kind: "put" | "patch";
  readonly settings: Partial<Settings>;
  /** Keys to bring along, in their order; null where the domain makes its own. */
  readonly keys: readonly ImportedKey[] | null;
  /** Enforce although nothing shows that the domain has been signing. */
  readonly force: boolean;
}

export type Refusal =
  | { readonly kind: "unconfigured" }
  | { readonly kind: "no-such-route" }
  /** Keys are brought along at creation only. */
  | { readonly kind: "keys-fixed" }
  /** To enforce now could turn away the domain's own genuine bounces. */
  | { readonly kind: "not-ready" }
  | { readonly kind: "unusable"; readonly faults: readonly Fault[] };

/** What came of a write. `effectiveBy`: when every location has it, in milliseconds; null while KV does not take it. */
export type Outcome =
  | { readonly kind: "created" | "written"; readonly snapshot: Snapshot; readonly effectiveBy: number | null }
  | Refusal;

/** Routes that a domain may have. */
export const ROUTES_AT_MOST = 10_000;

/** The settings after a change; values are judged before conflicts. `former` is null where the domain is not configured. */
export function changeSettings(
  former: Snapshot | null,
  change: SettingsChange,
): { readonly kind: "settings"; readonly settings: Settings } | Refusal {
  if (former === null && change.kind === "patch") return { kind: "unconfigured" };
  const base = change.kind === "patch" && former !== null ? former.settings : defaultsFor(former, change);
  const settings = { ...base, ...change.settings };
  const faults = [...checkSettings(settings), ...checkShared(change)];
  if (faults.length > 0) return { kind: "unusable", faults };
  if (former !== null && change.keys !== null) return { kind: "keys-fixed" };
  const startsEnforcing = settings.mode === "enforce" && former?.settings.mode !== "enforce";
  return startsEnforcing && !change.force ? { kind: "not-ready" } : { kind: "settings", settings };
}

/** All routes put in place of the former ones. */
export function replaceRoutes(
  routes: readonly [string, Route][],
): { kind: "routes"; routes: Routes } | Refusal {
  return bounded(new Map(routes));
}

/** One local-part's route set; `null` removes it. */
export function changeRoute(
  former: Routes,
  localPart: string,
  route: Route | null,
): { kind: "routes"; routes: Routes } | Refusal {
  const routes = new Map(former);
  if (route !== null) return bounded(routes.set(localPart, route));
  return routes.delete(localPart) ? { kind: "routes", routes } : { kind: "no-such-route" };
}

/** A key that another signer uses as well is not rotated away from under it: `rotateDays` is 0 unless asked for. */
function defaultsFor(former: Snapshot | null, change: SettingsChange): Settings {
  const shared = former === null ? change.keys !== null : former.keys.some((key) => key.imported);
  return shared ? { ...DEFAULTS, rotateDays: 0 } : DEFAULTS;
}

function checkShared(change: SettingsChange): Fault[] {
  if (change.keys === null || (change.settings.rotateDays ?? 0) === 0) return [];
  return [
    {
      field: "rotateDays",
      detail: "It is 0 while keys are brought along; rotation can be switched on later.",
    },
  ];
}

function bounded(routes: Routes): { kind: "routes"; routes: Routes } | Refusal {
  if (routes.size <= ROUTES_AT_MOST) return { kind: "routes", routes };
  return {
    kind: "unusable",
    faults: [{ field: "routes", detail: `${ROUTES_AT_MOST} routes are the limit.` }],
  };
}
