// Reports in free words: finds the sentence that tells a failure, and the recipients that it is about. Never throws.

import { DELAY, FAILURE, FINAL } from "./phrases.ts";
import { describe } from "./reason.ts";
import { ADDRESS, findAddresses, isFullyQualified } from "./recipient.ts";
import type { ReportText } from "./report-text.ts";
import { FINDINGS_AT_MOST, type Returned } from "./returned.ts";

const LABEL =
  "(?:(?:failed|intended|final|original|undeliverable|invalid|unknown)[- ])?(?:recipients?|address(?:ee)?|mailbox|user|e-?mail|error-for|to|smtp|addressed to|failed to)";

interface Form {
  readonly pattern: RegExp;
  /** Whether other addresses stand in such lines too. */
  readonly prose: boolean;
}

/** Who takes part in the report without being a recipient. */
export interface Parties {
  /** Whoever reports. */
  readonly reporters: ReadonlySet<string>;
  /** Whoever wrote the message, and whoever the report goes to. */
  readonly senders: ReadonlySet<string>;
  /** Whether it is a mail system's. Of another's words only a list is read. */
  readonly isTrusted: boolean;
}

/** How a line names a recipient, the surest first. The first form that any line has is the report's. */
const FORMS: readonly Form[] = [
  // <bob@example.org>:   bob@example.org (user unknown)   * bob@example.org   Recipient address: bob@example.org
  {
    pattern: new RegExp(
      `^[\\s>*|\\-]{0,40}(?:\\[?${LABEL}(?: address)?\\W{0,3}:\\s{0,9}){0,2}\\W{0,3}(${ADDRESS})['">)\\]]{0,3}(?:[\\s:,;.(<[]|$)`,
      "iu",
    ),
    prose: false,
  },
  // >>> RCPT TO:<bob@example.org>   550 5.1.1 <bob@example.org>... User unknown
  {
    pattern: new RegExp(
      `(?:rcpt to:\\s{0,3}|^[\\s<>]{0,8}[45]\\d\\d[- ](?:#?\\d\\.\\d{1,3}\\.\\d{1,3} )?)<?(${ADDRESS})`,
      "iu",
    ),
    prose: true,
  },
  // … could not be delivered to <bob@example.org> … user bob@example.org is unknown
  {
    pattern: new RegExp(
      `(?:\\bto|\\bfor|(?:generated|expanded) from|user|recipient|address|mailbox)\\W{1,10}(${ADDRESS})`,
      "iu",
    ),
    prose: true,
  },
  { pattern: new RegExp(`(?<!\\b(?:from|by|at|try)\\W{1,4})(${ADDRESS})`, "iu"), prose: true },
];
/** An address that answers, not one that was written to. */
const CONTACT =
  /contact|please (?:call|write|e-?mail|forward|send|reply)|administrat|help ?desk|support|questions|assistance|forward (?:this|it) to|e-?mail us/i;
const NO_RECIPIENT = /^(?:postmaster|mailer-daemon|abuse|helpdesk|support|webmaster|hostmaster)@/i;

const ADDRESSES = new RegExp(ADDRESS, "gu");

/** The sentence that the recipients come after. */
const TOLD = new RegExp(`${FAILURE.source}|${DELAY.source}`, "i");

/** Reads the report's own lines. */
export function readFreeText(
  kind: "failed" | "delayed",
  report: ReportText,
  parties: Parties,
): readonly Returned[] {
  const { lines } = report;
  const told = lines.findIndex((line, index) => TOLD.test(`${line} ${lines[index + 1] ?? ""}`));
  for (const start of told > 0 ? [told, 0] : [0]) {
    for (const form of parties.isTrusted ? FORMS : FORMS.slice(0, 1)) {
      const recipients = new Map<string, number>();
      for (let at = start; at < lines.length && recipients.size < FINDINGS_AT_MOST; at++) {
        for (const recipient of recipientsIn(lines[at] ?? "", form, parties)) {
          if (!recipients.has(recipient)) recipients.set(recipient, at);
        }
      }
      if (recipients.size > 0) {
        return [...recipients].map(([recipient, at]) => describe(kind, recipient, report, at));
      }
    }
  }
  return [];
}

/** Whether the words tell of a failure or a delay; null where of neither. */
export function kindOfWords({ lines }: ReportText): "failed" | "delayed" | null {
  const text = lines.join(" ");
  if (DELAY.test(text)) return FINAL.test(text) ? "failed" : "delayed";
  return FAILURE.test(text) ? "failed" : null;
}

/** The recipient that a line names in this form; all of them, where there is nothing behind it but more of them. */
function recipientsIn(
  line: string,
  { pattern, prose }: Form,
  { reporters, senders }: Parties,
): readonly string[] {
  if (!line.includes("@")) return [];
  const match = pattern.exec(line);
  const first = match?.[1] ?? "";
  const rest = line.slice((match?.index ?? 0) + (match?.[0].length ?? 0));
  const isList =
    rest.includes("@") &&
    rest
      .replaceAll(ADDRESSES, "")
      .trim()
      .replace(/[<>'",;\s]+/g, "") === "";
  const addresses = findAddresses(isList ? `${first} ${rest}` : first);
  if (CONTACT.test(line.replace(first, ""))) return [];
  return addresses.filter(
    (address) =>
      isFullyQualified(address) &&
      !reporters.has(address) &&
      !(prose && (senders.has(address) || NO_RECIPIENT.test(address))),
  );
}
