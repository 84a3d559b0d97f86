// What a report's words say of one recipient: why it failed, and so what class that is. Never throws.

import { classify, findStatus } from "./class.ts";
import { REPLY, type ReportText } from "./report-text.ts";
import { diagnosticOf, NOTHING, type Returned } from "./returned.ts";

/** Lines of an answer that follow its recipient. */
const REASON_LINES = 12;
/** SMTP replies that are quoted where none stands with the recipient. */
const REPLIES_QUOTED = 3;
/** A ruled line. */
const RULE = /^\s{0,20}(?:-{3}|={3}|_{3}|\*{3}|#{3})/;
/** The line of a recipient. */
const ITEM = /^[\s<>*-]{0,20}[^\s@<>]{1,64}@[^\s@<>:]{1,255}>?(?::|\s{0,9}$)/;

/** Twice what a diagnostic keeps: a hundred recipients may share the same long words. */
const REASON_CHARACTERS = 2_000;

/** A failure or delay of one recipient, whose line is given; of nobody, where the report names none. */
export function describe(
  kind: "failed" | "delayed",
  recipient: string | null,
  report: ReportText,
  at: number = lineOf(recipient, report),
): Returned {
  const reason = reasonOf(recipient, report, at).slice(0, REASON_CHARACTERS);
  const status = findStatus(reason) ?? (REPLY.test(reason) ? null : report.status);
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

/** What the words say of a recipient. Of the only one it may be all that they say, if it tells a reason. */
export function reasonFor(recipient: string, report: ReportText, isOnly: boolean): string {
  const at = lineOf(recipient, report);
  if (at >= 0) return reasonOf(recipient, report, at);
  return isOnly && report.class !== "undetermined" ? report.lines.join(" ") : "";
}

/** A reply of several lines of which only the first was reported, as the transcript has it. */
export function completeReply(reply: string, { replies }: ReportText): string {
  const code = /^[45]\d\d(?=-)/.exec(reply)?.[0];
  const first = code === undefined ? -1 : replies.findLastIndex((line) => line.includes(reply));
  if (first < 0) return reply;
  const after = replies.slice(first + 1);
  const end = after.findIndex((line) => !line.includes(`${code}-`));
  const rest = after.slice(0, end < 0 ? after.length : end + 1);
  return [reply, ...rest.map((line) => line.replace(/^[\s<>]+/, ""))].join(" ");
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
  const start = afterItem(recipient, line);
  const words: string[] = [];
  // A sentence that names the recipient is no answer; that stands in the next paragraph.
  let isAnswered = start !== line && start !== "";
  for (const next of below) {
    const isOther = ITEM.test(next) && !(recipient !== null && next.includes(recipient));
    if (isOther || RULE.test(next) || (isAnswered && next.trim() === "")) break;
    words.push(next.trim());
    isAnswered ||= next.trim() !== "";
  }
  return [start, ...words].join(" ").trim();
}

/** What stands behind an address that starts its line; all of a line that says more before it. */
function afterItem(recipient: string | null, line: string): string {
  const at = recipient === null ? -1 : line.indexOf(recipient);
  if (at < 0 || /[\p{L}\d]/u.test(line.slice(0, at))) return line;
  return line.slice(at + (recipient ?? "").length).replace(/^[\s>:'")\]]+/, "");
}
