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

/** Addresses that are no recipients. */
export interface Strangers {
  /** Whoever reports. */
  readonly reporters: ReadonlySet<string>;
  /** Whoever wrote the message, and whoever the report goes to. */
  readonly senders: ReadonlySet<string>;
}

/** How a line names a recipient, the surest first. The first form that any line has is the report's. */
const FORMS: readonly Form[] = [
  // <bob@example.org>:   bob@example.org (user unknown)   * bob@example.org   Recipient address: bob@example.org
  {
    pattern: new RegExp(
      `^[\\s>*|\\-]{0,40}(?:\\[?${LABEL}(?: address)?\\W{0,3}:\\s*)?\\W{0,3}(${ADDRESS})['">)\\]]{0,3}(?:[\\s:,;.(<[]|$)`,
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
  /contact|please (?:call|write|e-?mail|forward|send)|administrat|help ?desk|support|questions|assistance|forward (?:this|it) to|e-?mail us/i;
const NO_RECIPIENT = /^(?:postmaster|mailer-daemon|abuse|helpdesk|support|webmaster|hostmaster)@/i;

/** The sentence that the recipients come after. */
const TOLD = new RegExp(`${FAILURE.source}|${DELAY.source}`, "i");

/** Reads the report's own lines. */
export function readFreeText(
  kind: "failed" | "delayed",
  report: ReportText,
  strangers: Strangers,
): readonly Returned[] {
  const { lines } = report;
  const told = lines.findIndex((line, index) => TOLD.test(`${line} ${lines[index + 1] ?? ""}`));
  for (const start of told > 0 ? [told, 0] : [0]) {
    for (const form of FORMS) {
      const recipients = new Map<string, number>();
      for (let at = start; at < lines.length && recipients.size < FINDINGS_AT_MOST; at++) {
        const recipient = recipientIn(lines[at] ?? "", form, strangers);
        if (recipient !== null && !recipients.has(recipient)) recipients.set(recipient, at);
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

function recipientIn(
  line: string,
  { pattern, prose }: Form,
  { reporters, senders }: Strangers,
): string | null {
  if (!line.includes("@")) return null;
  const address = findAddresses(pattern.exec(line)?.[1] ?? "")[0];
  if (address === undefined || !isFullyQualified(address)) return null;
  if (reporters.has(address) || CONTACT.test(line.replace(address, ""))) return null;
  return prose && (senders.has(address) || NO_RECIPIENT.test(address)) ? null : address;
}
