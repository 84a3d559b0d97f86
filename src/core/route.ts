// Where a domain's mail goes: an action for each local-part. No I/O, no clock.

import type { Mode } from "./settings.ts";

/** `mode` beats the domain's. */
export type Route =
  | { readonly action: "forward"; readonly to: readonly string[]; readonly mode?: Mode }
  | { readonly action: "consume"; readonly mode?: Mode }
  | { readonly action: "reject"; readonly reason: string; readonly mode?: Mode };

/** By local-part in lower case; `*` is the domain's default. */
export type Routes = ReadonlyMap<string, Route>;

export const DEFAULT_ROUTE = "*";

/** Addresses that another host rewrote (Sender Rewriting Scheme); the default route would make them an open relay. */
const REWRITTEN = /^(srs[01])[=+-]/;

/** The route of an original's local-part (lower case): exact, then up to its first `+`, then `*`. */
export function findRoute(routes: Routes, localPart: string): Route | null {
  const nearest = routes.get(localPart) ?? routes.get(withoutDetail(localPart));
  if (nearest !== undefined) return nearest;
  const rewritten = REWRITTEN.exec(localPart);
  return routes.get(rewritten?.[1] ?? DEFAULT_ROUTE) ?? null;
}

/** The part before the first `+` (RFC 5233 calls the rest its detail), or all of it. */
export function withoutDetail(localPart: string): string {
  const plus = localPart.indexOf("+");
  return plus < 0 ? localPart : localPart.slice(0, plus);
}
