// What a report's words say of one recipient: why it failed, and so what class that is. Never throws.

import { classify, findStatus } from "./class.ts";
import { REPLY, type ReportText } from "./report-text.ts";
import { diagnosticOf, NOTHING, type Returned } from "./returned.ts";

/** Lines of an answer that follow its recipient. */
const REASON_LINES = 12;
/** SMTP replies that are quoted where none stands with the recipient. */
const REPLIES_QUOTED = 3;
/** A ruled line, or the next recipient. */
const REASON_END = /^\s{0,20}(?:-{3}|={3}|_{3}|\*{3}|#{3})|^[\s<>*-]{0,20}\S+@\S+\s{0,4}$/;

/** A failure or delay of one recipient, whose line is given; of nobody, where the report names none. */
export function describe(
  kind: "failed" | "delayed",
  recipient: string | null,
  report: ReportText,
  at: number = lineOf(recipient, report),
): Returned {
  const reason = reasonOf(recipient, report, at);
  const status = findStatus(reason);
  const known = classify(status, reason);
  const failed = known === "undetermined" ? report.class : known;
  return {
    ...NOTHING,
    kind,
    recipient,
    status,
    class: kind === "delayed" ? "soft" : failed,
    diagnostic: diagnosticOf(reason),
    source: "text",
  };
}

/** What the words say of a recipient; empty where they don't name it. */
export function reasonFor(recipient: string, report: ReportText): string {
  const at = lineOf(recipient, report);
  return at < 0 ? "" : reasonOf(recipient, report, at);
}

function lineOf(recipient: string | null, { lines }: ReportText): number {
  return recipient === null ? -1 : lines.findIndex((line) => line.includes(recipient));
}

/** What the lines below a recipient say; else the replies that name it; else the first replies. */
function reasonOf(recipient: string | null, { lines, replies }: ReportText, at: number): string {
  const words = at < 0 ? "" : answerBelow(recipient, lines.slice(at, at + REASON_LINES));
  if (REPLY.test(words) || findStatus(words) !== null) return words;
  const named = replies.filter((line) => recipient !== null && line.includes(recipient));
  return [words, ...(named.length > 0 ? named : replies).slice(0, REPLIES_QUOTED)].join(" ").trim();
}

function answerBelow(recipient: string | null, [line = "", ...below]: readonly string[]): string {
  const words = [afterItem(recipient, line)];
  for (const next of below) {
    if (REASON_END.test(next) || (next.trim() === "" && words.join("").trim() !== "")) break;
    words.push(next.trim());
  }
  return words.join(" ").trim();
}

/** What stands behind an address that starts its line; all of a line that says more before it. */
function afterItem(recipient: string | null, line: string): string {
  const at = recipient === null ? -1 : line.indexOf(recipient);
  if (at < 0 || /[\p{L}\d]/u.test(line.slice(0, at))) return line;
  return line.slice(at + (recipient ?? "").length).replace(/^[\s>:'")\]]+/, "");
}
