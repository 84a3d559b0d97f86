// The words of a report, and the copy of the message below them, told apart. Linear in the text; nothing here throws.

import { classify, findStatus } from "./class.ts";
import type { Returned } from "./returned.ts";

export interface ReportText {
  /** All that stands above the copy. */
  readonly text: string;
  /** Its lines, without those that only sum the message up. */
  readonly lines: readonly string[];
  /** The first status among them. */
  readonly status: string | null;
  /** Those of them with an SMTP reply. */
  readonly replies: readonly string[];
  /** What its words come to, where those about one recipient say nothing. */
  readonly class: Returned["class"];
  /** Header lines of the message that came back, and what follows the last word of the report. */
  readonly quoted: string;
}

const LINES_AT_MOST = 2000;
const LINE_CHARACTERS = 1000;

/** Replies that are kept: some hosts repeat each line of theirs. */
const REPLIES_AT_MOST = 200;
/** Characters of the report that are classified as a whole. */
const CLASSIFIED_CHARACTERS = 4000;
/** A line with an answer to an SMTP command that failed. */
export const REPLY = /(?:^|[\s:<"])[45]\d\d[ -]/;

const MESSAGE = "(?:original |returned |undelivered |unsent |old )?(?:e-?mail|mail|message)";
/** A ruled line that announces the copy: `--- Below this line is a copy of the message.` */
const RULED = new RegExp(
  `^[>|\\s]{0,20}[-=+_*#~]{2,}.{0,80}(?:(?:original|returned|undelivered|unsent|old|failed|rejected) (?:e-?)?(?:message|mail)|(?:copy|text|headers?|body|start|lines) of (?:the |your )?${MESSAGE}|message (?:text|header|content|body|follow)|your ${MESSAGE} (?:follows|reads|below|is)|headers? follow|mensaje original)`,
  "i",
);
/** The same without a rule; then it is the whole line: `Original message follows.` */
const PLAIN = new RegExp(
  `^\\s{0,20}(?:(?:below|this|here|included|attached) is )?(?:an? |the |your )?(?:copy of |headers? of )?(?:the |your )?${MESSAGE}(?: headers?| text| body)?(?: (?:follows?|as follows|below|attached|reads|is attached|is as follows))?[.:]{0,3}\\s*$`,
  "i",
);
/** `This is a copy of your message, including all the headers.` */
const COPY_OF = /^\s{0,20}(?:below|this|here|included|attached) is (?:an? |the )?copy of /i;
/** A line of that form says more than `Your message`, which starts the reports of Domino and Exchange. */
const COPY_WORD = /copy|original|returned|undelivered|unsent|old|follow|reads|header|attached|below/i;
/** What only the header of a whole message starts with. */
const TRACE =
  /^[>| \t]{0,8}(?:received:\s{0,4}(?:from|by|\()|return-path:|content-type:\s*(?:message|text)\/rfc822|dkim-signature:|mime-version:)/i;
/** What companies add below every message; it tells of viruses and policies. */
const FOOTER = /scanned (?:for|by)|confidential/i;
const TO = /^[>| \t]{0,8}to\s{0,4}:/i;
const SUMMARY = /^[>| \t]{0,8}(?:from|date|sent|subject|message-id|reply-to|sender|cc|x-[\w-]+)\s{0,4}:/i;

/** Cuts the text where the copy starts. */
export function splitReport(text: string): ReportText {
  const all = text.split(/\r?\n/, LINES_AT_MOST).map((line) => line.slice(0, LINE_CHARACTERS));
  const found = all.findIndex((line, index) => index > 0 && isCopyStart(line));
  const above = found < 0 ? all : all.slice(0, found);
  const copy = found < 0 ? [] : all.slice(found + (TRACE.test(all[found] ?? "") ? 0 : 1));
  const lines = above.filter((line) => !SUMMARY.test(line));
  const told = lines.filter((line) => !FOOTER.test(line));
  const words = told.join(" ").slice(0, CLASSIFIED_CHARACTERS);
  return {
    text: above.join("\n"),
    lines,
    replies: lines.filter((line) => REPLY.test(line)).slice(0, REPLIES_AT_MOST),
    status: findStatus(words),
    class: classify(null, words),
    quoted: [...copy, "", ...above.filter((line) => SUMMARY.test(line) || TO.test(line))].join("\n"),
  };
}

function isCopyStart(line: string): boolean {
  return (
    TRACE.test(line) || RULED.test(line) || COPY_OF.test(line) || (COPY_WORD.test(line) && PLAIN.test(line))
  );
}
