// What one returned message says of one recipient, and the bounds that every field of it keeps. Values only.

import { lowerCase } from "../core/mailbox.ts";
import type { Bounce } from "../core/record.ts";

/** What one returned message says of one recipient: of a bounce all that is read. */
export type Returned = Omit<Bounce, "id" | "evidence" | "scheme" | "receivedAt" | "original" | "ref">;

/** Findings of one message. A mailing to more recipients than that is reported by more than one message. */
export const FINDINGS_AT_MOST = 100;

const DIAGNOSTIC_CHARACTERS = 1000;
/** A domain name has 253 characters; some servers add their software. */
const MTA_CHARACTERS = 255;

export const NOTHING: Returned = {
  kind: "unparsed",
  recipient: null,
  action: null,
  status: null,
  class: "undetermined",
  diagnostic: null,
  reportingMta: null,
  messageId: null,
  source: null,
};

/** Words as a diagnostic: one printable line within its bound; null where nothing is left. */
export function diagnosticOf(words: string | null | undefined): string | null {
  return lineOf(words, DIAGNOSTIC_CHARACTERS);
}

/** A name of a server as `type; name`, or without the type. */
export function mtaOf(words: string | null | undefined): string | null {
  return lineOf(words?.replace(/^\s*[\w-]{1,20}\s*;/, ""), MTA_CHARACTERS);
}

/** Which of several outcomes is kept: an alias is no bad recipient where one behind it may yet take mail. */
const LEAST_DAMNING: readonly Returned["class"][] = ["soft", "block", "hard", "undetermined"];

/** Each recipient once for each kind, in any case, where they differ by its least damning class. One without only alone. */
export function mergeFindings(findings: readonly Returned[]): readonly Returned[] {
  const merged = new Map<string, Returned>();
  for (const finding of findings) {
    if (finding.recipient === null) continue;
    const key = `${finding.kind} ${lowerCase(finding.recipient)}`;
    const known = merged.get(key);
    if (known === undefined && merged.size === FINDINGS_AT_MOST) continue;
    if (known === undefined || rank(finding) < rank(known)) merged.set(key, finding);
  }
  return merged.size > 0 ? [...merged.values()] : findings.slice(0, 1);
}

function rank(finding: Returned): number {
  return LEAST_DAMNING.indexOf(finding.class);
}

function lineOf(words: string | null | undefined, characters: number): string | null {
  const line = (words ?? "")
    .slice(0, 4 * characters)
    .toWellFormed()
    .replace(/[\s\p{C}]+/gu, " ")
    .trim();
  return line === "" ? null : line.slice(0, characters).toWellFormed().trimEnd();
}
