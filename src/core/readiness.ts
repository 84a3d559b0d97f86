// Whether a domain can start to enforce: what is known of its signing, each point with what to do about it. To enforce
// before all of a domain's mail is signed would turn away its own genuine bounces. No I/O, no clock.

import { DAY_MS } from "./day.ts";
import { isRetired, type Key, signingKey, signsFrom } from "./keyring.ts";
import type { Mailbox } from "./mailbox.ts";
import { rotationDueAt } from "./rotation.ts";
import { DEFAULT_ROUTE, findRoute, withoutDetail } from "./route.ts";
import type { Mode } from "./settings.ts";
import type { Outline, Snapshot } from "./snapshot.ts";
import { isTagged } from "./tag.ts";

/** `fail` keeps a domain from enforcing; only `signing` and `observing` can. */
export interface Check {
  readonly id:
    | "signing"
    | "observing"
    | "unsigned-senders"
    | "routes"
    | "postmaster"
    | "keys"
    | "weak-secret"
    // In the DNS (doctor).
    | "mx"
    | "spf"
    | "dkim"
    | "dmarc";
  readonly status: "pass" | "warn" | "fail";
  /** What was found, and what to do. */
  readonly detail: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly Check[];
}

/** A time in which mail was signed without a gap longer than some days; instants in milliseconds since 1970. */
export interface Signing {
  readonly since: number;
  readonly last: number;
  readonly gapDays: number;
}

/** What the domain's object remembers of its mail. */
export interface Remembered {
  readonly signing: Signing | null;
  /** Since when the domain has been in its mode. */
  readonly modeSince: number;
  /** Originals that drew bounces, all without evidence, and that nothing was ever minted for; the latest first. */
  readonly unsignedSenders: readonly string[];
}

/** A key that signs for longer than this is overdue, whoever made it: two years of tags in a cycle of 1000 days. */
const KEY_DAYS_AT_MOST = 730;
/** Unsigned senders that are named. */
const UNSIGNED_NAMED = 20;
/** How long an alarm may be late before its rotation counts as overdue. */
const ROTATION_LATE_MS = DAY_MS;

/** Under which address a sender is remembered: without its detail, as routes go; null where it can be no sender's. */
export function senderOf({ localPart, domain }: Mailbox): Mailbox | null {
  return isTagged(localPart) ? null : { localPart: withoutDetail(localPart), domain };
}

/** Takes note that mail of the domain was signed at an instant: in the present run, or as the first of a new one. */
export function continueSigning(signing: Signing | null, lifetimeDays: number, at: number): Signing {
  if (signing === null || at - signing.last > lifetimeDays * DAY_MS) {
    return { since: at, last: at, gapDays: lifetimeDays };
  }
  const since = withoutGap(signing, lifetimeDays);
  return { since, last: Math.max(signing.last, at), gapDays: lifetimeDays };
}

/** Since when mail was signed without a gap longer than a lifetime: where longer ones were let pass, since the last. */
function withoutGap({ since, last, gapDays }: Signing, lifetimeDays: number): number {
  return gapDays <= lifetimeDays ? since : last;
}

/** Checks a domain at an instant, in milliseconds since 1970. */
export function checkReadiness(snapshot: Snapshot, remembered: Remembered, now: number): Readiness {
  const checks = [
    checkSigning(snapshot.settings.lifetimeDays, remembered.signing, now),
    checkObserving(snapshot.settings, remembered.modeSince, now),
    checkUnsignedSenders(snapshot, remembered.unsignedSenders),
    checkRoutes(snapshot),
    checkPostmaster(snapshot),
    checkKeys(snapshot, now),
    checkWeakSecrets(snapshot.keys, now),
  ];
  return { ready: checks.every((check) => check.status !== "fail"), checks };
}

/** From when on the key that signs is overdue for rotation; null where none signs. */
export function overdueAt({ keys, settings }: Outline, now: number): number | null {
  const signing = signingKey(keys, now);
  if (signing === null) return null;
  const longest = signsSince(signing) + KEY_DAYS_AT_MOST * DAY_MS;
  if (settings.rotateDays === 0 || signing.imported) return longest;
  const due = rotationDueAt(keys, settings.rotateDays, now);
  return Math.min(longest, due === null ? now : due + ROTATION_LATE_MS);
}

function signsSince({ notBefore, created }: Key): number {
  return notBefore ?? created;
}

function checkSigning(lifetimeDays: number, signing: Signing | null, now: number): Check {
  const id = "signing";
  const lifetimeMs = lifetimeDays * DAY_MS;
  if (signing === null) {
    return fail(id, "No mail of this domain has been signed. Mint a reverse-path for each message it sends.");
  }
  if (now - signing.last > lifetimeMs) {
    return fail(
      id,
      `Nothing has been signed since ${time(signing.last)}, longer ago than a tag lives (${lifetimeDays} days). Mint a reverse-path for each message, and wait for a lifetime from then on.`,
    );
  }
  const since = withoutGap(signing, lifetimeDays);
  if (now - since < lifetimeMs) {
    return fail(
      id,
      `Mail has been signed since ${time(since)}. What went out before may still bounce without a tag: wait until ${time(since + lifetimeMs)}.`,
    );
  }
  return pass(id, `Mail has been signed since ${time(since)}, last at ${time(signing.last)}.`);
}

function checkObserving(settings: { mode: Mode; lifetimeDays: number }, since: number, now: number): Check {
  const id = "observing";
  const until = since + settings.lifetimeDays * DAY_MS;
  switch (settings.mode) {
    case "enforce":
      return pass(id, "The domain enforces.");
    case "off":
      return fail(id, `Nothing is judged. Set the mode to observe, and look at what would be refused.`);
    case "observe":
      return now < until
        ? fail(
            id,
            `The domain has observed since ${time(since)}. Look at what would be refused, and wait until ${time(until)}.`,
          )
        : pass(id, `The domain has observed since ${time(since)}.`);
  }
}

function checkUnsignedSenders({ routes }: Snapshot, originals: readonly string[]): Check {
  const id = "unsigned-senders";
  if (originals.length === 0) return pass(id, "No address draws bounces that has never been signed for.");
  // Names that strangers invent have no route of their own; they must not hide those that send mail.
  const known = originals.filter((original) => routes.has(original));
  const others = originals.filter((original) => !routes.has(original));
  const named = [...known, ...others].slice(0, UNSIGNED_NAMED);
  const more = originals.length > named.length ? `, and ${originals.length - named.length} more` : "";
  return warn(
    id,
    `These draw bounces without evidence, and nothing was ever minted for them: ${named.join(", ")}${more}. Where they are forged, nothing is amiss; where one sends mail of yours, sign it first.`,
  );
}

function checkRoutes({ routes }: Snapshot): Check {
  const id = "routes";
  if (routes.size === 0) return warn(id, "There is no route: no address of the domain takes mail. Set some.");
  return routes.has(DEFAULT_ROUTE)
    ? warn(
        id,
        "The route * takes mail for every address that anyone invents. Set a route for each address, and delete it.",
      )
    : pass(id, "Each address that takes mail has a route of its own.");
}

function checkPostmaster({ routes }: Snapshot): Check {
  const id = "postmaster";
  const unreachable = ["postmaster", "abuse"].filter((name) => findRoute(routes, name)?.action !== "forward");
  return unreachable.length === 0
    ? pass(id, "postmaster and abuse are forwarded to someone.")
    : warn(
        id,
        `Nobody reads ${unreachable.join(" and ")}, where others report what goes wrong (RFC 5321, 4.5.1; RFC 2142). Set a route that forwards.`,
      );
}

function checkKeys({ keys, settings }: Snapshot, now: number): Check {
  const id = "keys";
  const signing = signingKey(keys, now);
  if (signing === null) {
    const from = signsFrom(keys, now);
    return from === null
      ? warn(id, "No key signs. Rotate, or bring a key along with sign.")
      : warn(id, `No key signs until ${time(from)}, when the new one does.`);
  }
  const since = signsSince(signing);
  if (now - since > KEY_DAYS_AT_MOST * DAY_MS) {
    return warn(
      id,
      `Key ${signing.number} has signed since ${time(since)}. The days in prvs tags repeat after 1000, and its old ones would live again: rotate.`,
    );
  }
  if (settings.rotateDays > 0 && signing.imported) {
    return warn(
      id,
      `Key ${signing.number} was brought along, so it is not rotated. Rotate once to go over to keys of the domain's own, or set rotateDays to 0.`,
    );
  }
  const due = rotationDueAt(keys, settings.rotateDays, now);
  if (settings.rotateDays > 0 && (due === null || due + ROTATION_LATE_MS < now)) {
    return warn(id, "The rotation is overdue: all ten numbers are held, or storage fails. Retire a key.");
  }
  return pass(
    id,
    due === null
      ? `Key ${signing.number} signs, and is never rotated.`
      : `Key ${signing.number} signs until about ${time(due)}.`,
  );
}

function checkWeakSecrets(keys: readonly Key[], now: number): Check {
  const id = "weak-secret";
  const weak = keys.filter((key) => key.weak && !isRetired(key, now)).map((key) => key.number);
  return weak.length === 0
    ? pass(id, "Every secret has at least the 20 octets that RFC 2104 advises.")
    : warn(
        id,
        `The secret of key ${weak.join(", ")} has fewer than the 20 octets that RFC 2104 (3) advises; it can be guessed from tags that were seen. Rotate, and retire it a lifetime later.`,
      );
}

function pass(id: Check["id"], detail: string): Check {
  return { id, status: "pass", detail };
}

function warn(id: Check["id"], detail: string): Check {
  return { id, status: "warn", detail };
}

function fail(id: Check["id"], detail: string): Check {
  return { id, status: "fail", detail };
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
