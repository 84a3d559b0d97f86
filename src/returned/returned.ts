// What one returned message says of one recipient, and the bounds that every field of it keeps. Values only.

import { lowerCase } from "../core/mailbox.ts";

/** What one returned message says of one recipient. */
export interface Returned {
  readonly kind: "failed" | "delayed" | "delivered" | "autoreply" | "receipt" | "complaint" | "unparsed";
  /** As the report gives it, its domain in lower case. */
  readonly recipient: string | null;
  /** RFC 3464, 2.3.3, in lower case. */
  readonly action: string | null;
  /** RFC 3463; where the report gives none, as the diagnostic has it. */
  readonly status: string | null;
  /** A kind that is no failure is undetermined; what is delayed is soft. */
  readonly class: "hard" | "soft" | "block" | "undetermined";
  /** One printable line. */
  readonly diagnostic: string | null;
  readonly reportingMta: string | null;
  /** Of the message that came back, in angle brackets. */
  readonly messageId: string | null;
  /** Where it was read: a delivery-status part, its fields in the text, a header field, the words of the text. */
  readonly source: "dsn" | "inline" | "header" | "text" | null;
}

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

/** Each recipient once, in any case, by its first finding; findings without a recipient only where all are. */
export function mergeFindings(findings: readonly Returned[]): readonly Returned[] {
  const merged = new Map<string, Returned>();
  for (const finding of findings) {
    const key = lowerCase(finding.recipient ?? "");
    if (key !== "" && !merged.has(key)) merged.set(key, finding);
    if (merged.size === FINDINGS_AT_MOST) break;
  }
  return merged.size > 0 ? [...merged.values()] : findings.slice(0, 1);
}

function lineOf(words: string | null | undefined, characters: number): string | null {
  const line = (words ?? "")
    .slice(0, 4 * characters)
    .toWellFormed()
    .replace(/[\s\p{C}]+/gu, " ")
    .trim();
  return line === "" ? null : line.slice(0, characters).toWellFormed().trimEnd();
}
