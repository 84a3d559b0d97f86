// The relay's line for what became of a message: with neither the tag nor the Message-ID, with which anyone could send bounces.
// Values in, values out.

import { redactTags } from "../../core/tag.ts";
import { isTransient, type Refusal } from "../reply.ts";
import { conceal } from "./conceal.ts";
import type { Passage, Transaction } from "./passage.ts";

export type LogLine = Readonly<Record<string, unknown>>;

/** @param text of the smarthost's 250 */
export function describePassed(transaction: Transaction, passage: Passage, text: string): LogLine {
  return { event: "passed", ...describe(transaction, passage), text: concealIn(transaction, text) };
}

/** @param forwardPath the recipient that it concerns; null for the whole message */
export function describeRefused(
  transaction: Transaction,
  forwardPath: string | null,
  { responseCode: code, message, cause }: Refusal,
): LogLine {
  return {
    event: isTransient({ code }) ? "deferred" : "refused",
    ...describe(transaction, transaction.passage),
    ...(forwardPath === null ? {} : { recipient: redactTags(forwardPath) }),
    code,
    text: concealIn(transaction, message),
    ...(cause === undefined ? {} : { cause: concealIn(transaction, messageOf(cause)) }),
  };
}

function describe({ reversePath, recipients }: Transaction, passage: Passage | null): LogLine {
  return {
    sender: redactTags(reversePath),
    ...(passage === null ? {} : { signed: passage.kind === "signed" }),
    ...(passage?.kind === "unsigned" ? { why: passage.why } : {}),
    ...(passage?.kind === "signed" && passage.ref !== null ? { ref: passage.ref } : {}),
    recipients: recipients.length,
  };
}

/** The texts of others, which may repeat what was sent. */
function concealIn({ reversePath, tried, recipients }: Transaction, text: string): string {
  return conceal(text, [reversePath, ...tried.map((passage) => passage.reversePath), ...recipients]);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
