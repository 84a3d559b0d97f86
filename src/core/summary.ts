// A domain at a glance: its mode, how its mail fared, and what of it needs attention, the gravest first. No I/O, no clock.

import type { Readiness } from "./readiness.ts";
import type { Mode } from "./settings.ts";
import type { DayCounts } from "./stats.ts";

/** How a webhook fares; instants in milliseconds since 1970. */
export interface DeliveryHealth {
  readonly lastSuccess: number | null;
  readonly lastFailure: number | null;
  readonly pending: number;
  readonly disabled: boolean;
}

export interface Summary {
  readonly mode: Mode;
  readonly readiness: Readiness;
  /** The oldest first. */
  readonly days: readonly DayCounts[];
  /** Null where there is none. */
  readonly webhook: DeliveryHealth | null;
}

/** `grave`: genuine mail may be lost. `mend`: something is amiss. `note`: a next step. */
export const LEVELS = ["grave", "mend", "note"] as const;

/** Something that needs attention, and what shows more of it. */
export interface Concern {
  readonly level: (typeof LEVELS)[number];
  readonly text: string;
  readonly about: "readiness" | "webhook" | "counts";
}

/** What each check's warning comes to. DNS is not looked up for an overview. */
const WARNINGS: Readonly<Record<string, string>> = {
  "unsigned-senders": "Some addresses draw bounces and were never signed for.",
  routes: "Its routes are missing, or take mail for every address.",
  postmaster: "Nobody reads postmaster or abuse.",
  keys: "Its keyring needs a look.",
  "weak-secret": "A key is weak.",
};

/** Days at the end that are looked at for deferred messages. */
const RECENT_DAYS = 2;

/** What needs attention, the gravest first; none where all is well. */
export function findConcerns({ mode, readiness, days, webhook }: Summary): Concern[] {
  const concerns: Concern[] = [];
  const add = (level: Concern["level"], about: Concern["about"], text: string) =>
    concerns.push({ level, about, text });
  const failing = readiness.checks.find(({ id, status }) => id === "signing" && status === "fail");
  if (mode === "enforce" && failing !== undefined)
    add("grave", "readiness", `It enforces. ${failing.detail}`);
  if (webhook?.disabled)
    add("grave", "webhook", "The receiver of its webhook answered 410: nothing is told.");
  else if (webhook !== null && isFailing(webhook)) {
    add("mend", "webhook", `Its webhook fails; ${webhook.pending} wait to be told.`);
  }
  const deferred = days.slice(-RECENT_DAYS).reduce((sum, { disposition }) => sum + disposition.deferred, 0);
  if (deferred > 0) add("mend", "counts", `${deferred} messages were put off since yesterday.`);
  for (const { id, status } of readiness.checks) {
    const text = WARNINGS[id];
    if (status === "warn" && text !== undefined) add("mend", "readiness", text);
  }
  if (mode === "off") add("note", "readiness", "Nothing is judged.");
  if (mode === "observe" && readiness.ready) add("note", "readiness", "It is ready to enforce.");
  return concerns;
}

/** Orders what needs attention before what does not; alike ones stay as they are. */
export function compareConcerns(some: readonly Concern[], others: readonly Concern[]): number {
  const worst = ([first]: readonly Concern[]) => (first === undefined ? LEVELS.length : gravity(first));
  return worst(some) - worst(others) || others.length - some.length;
}

function gravity({ level }: Concern): number {
  return LEVELS.indexOf(level);
}

function isFailing({ lastSuccess, lastFailure, pending }: DeliveryHealth): boolean {
  return pending > 0 && lastFailure !== null && (lastSuccess === null || lastFailure > lastSuccess);
}
