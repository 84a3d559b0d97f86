// What became of a write to a domain, as an answer: what is there now, or why it can't be.

import type { Outcome } from "../core/change.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { Answer } from "./operation.ts";
import { problem, unconfigured, unusableFields } from "./problem.ts";

/**
 * The answer to a write.
 * @param present what is shown of the domain as it is now
 */
export function presentOutcome<Shown extends object>(
  outcome: Outcome,
  domain: string,
  present: (snapshot: Snapshot) => Shown,
): Answer<Shown & { effectiveBy: string | null }> | Response {
  switch (outcome.kind) {
    case "created":
    case "written": {
      const body = { ...present(outcome.snapshot), effectiveBy: formatTime(outcome.effectiveBy) };
      return { status: outcome.kind === "created" ? 201 : 200, body };
    }
    case "unconfigured":
      return unconfigured(domain);
    case "no-such-route":
      return problem("not-found", "There is no route of that name.");
    case "keys-fixed":
      return problem(
        "conflict",
        "Keys are brought along when a domain is created; this one is there already.",
      );
    case "not-ready":
      return problem(
        "not-ready",
        `${outcome.missing.join(" ")} A domain that does not sign all its mail would turn away its own genuine bounces; when you know better, ?force=true.`,
      );
    case "unusable":
      return unusableFields(outcome.faults);
    case "no-such-key":
      return problem("not-found", "The keyring has no key of that number.");
    case "only-signing-key":
      return problem(
        "conflict",
        "It is the only key that signs. Rotate first, and retire it when the new one signs.",
      );
    case "number-held":
      return problem("conflict", `That number is held by another key${describeRelease(outcome.freeFrom)}.`);
    case "no-free-number":
      return problem("conflict", `All ten numbers are held${describeRelease(outcome.freeFrom)}.`);
  }
}

/** The answer to a write that leaves nothing to show. */
export function presentRemoval(outcome: Outcome, domain: string): Answer<never> | Response {
  const answer = presentOutcome(outcome, domain, () => ({}));
  return answer instanceof Response ? answer : { status: 204 };
}

/** RFC 3339 in UTC; null where there is no such instant. */
export function formatTime(atMs: number): string;
export function formatTime(atMs: number | null): string | null;
export function formatTime(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

function describeRelease(freeFrom: number | null): string {
  return freeFrom === null
    ? ", and stays so until a key is retired"
    : `, under which something may live until ${new Date(freeFrom).toISOString()}`;
}
