// What became of a message for each of its recipients, the one answer that SMTP has for all of them, and the lines that a
// developer reads. No I/O.

import { redactTags } from "../../core/tag.ts";

/** What became of it for one recipient. */
export interface Outcome {
  readonly recipient: string;
  readonly code: 250 | 451 | 555;
  /** What the client is told where this is its only recipient; without the enhanced status code. */
  readonly text: string;
  /** Where it went, for the printed line. */
  readonly whereabouts: string;
}

export interface Answer {
  readonly code: 250 | 451 | 555;
  readonly text: string;
}

/** The enhanced status codes (RFC 3463) that Cloudflare has beside these. */
const STATUS = { 250: "2.0.0", 451: "4.3.0", 555: "5.7.1" } as const;

/** The worst of them, so that nothing is lost: whoever is told 250 does not try again. */
export function combine(outcomes: readonly Outcome[]): Answer {
  const [first, ...others] = outcomes;
  if (first === undefined) return { code: 451, text: `${STATUS[451]} There are no recipients.` };
  if (others.every(({ code, text }) => code === first.code && text === first.text)) {
    return answer(first.code, first.text);
  }
  const of = (code: Outcome["code"]) => outcomes.filter((outcome) => outcome.code === code);
  if (of(451).length > 0) return answer(451, of(451)[0]?.text ?? "");
  const refused = of(555).map(({ recipient, text }) => `Refused for ${recipient}: ${text}`);
  const accepted = of(250).map(({ recipient }) => recipient);
  return answer(
    555,
    [...refused, ...(accepted.length > 0 ? [`Accepted for ${accepted.join(", ")}.`] : [])].join(" "),
  );
}

/** One line a recipient, and one more where the client was told something else than these say. */
export function describe(reversePath: string, outcomes: readonly Outcome[], told: Answer): string[] {
  const lines = outcomes.map(
    ({ recipient, code, whereabouts }) => `${code} <${reversePath}> to <${recipient}>: ${whereabouts}`,
  );
  if (outcomes.some(({ code }) => code !== told.code)) {
    lines.push(
      `${told.code} for all ${outcomes.length} is what the client was told: there is one answer to a message.`,
    );
  }
  return lines.map((line) => redactTags(line.replace(/[^\x20-\x7e]/g, "?")));
}

function answer(code: Answer["code"], text: string): Answer {
  return { code, text: `${STATUS[code]} ${text}` };
}
