// What is kept of a message that was received: how it counts, why it was refused, what came back with it.

import { isLasting } from "../core/forward-fault.ts";
import type { Mail, Verdict } from "../core/judge.ts";
import { formatMailbox } from "../core/mailbox.ts";
import type { Disposition } from "../core/policy.ts";
import { type Bounce, type Counted, type ForwardFailure, isRefused, type Rejection } from "../core/record.ts";
import { redactTags, redactWords } from "../core/tag.ts";
import type { Returned } from "../returned/returned.ts";
import { showOriginal } from "./entry.ts";
import type { Failure } from "./message.ts";

/** Characters of a header field that are kept. */
const CHARACTERS_AT_MOST = 320;

/** A message that was judged, and when it came; milliseconds since 1970. */
export interface Received {
  readonly id: string;
  readonly mail: Mail;
  readonly verdict: Verdict;
  readonly receivedAt: number;
}

/** How a message counts, by what became of it. */
export function describeCounted(
  received: Received,
  disposition: Disposition,
  failed: readonly Failure[],
): Counted {
  const { id, verdict } = received;
  return {
    id,
    status: verdict.tag.status,
    disposition,
    // Looked at seldom, in a flood of them.
    get rejection() {
      return isRefused(disposition) ? describeRejection(received, disposition) : null;
    },
    failures: describeFailures(verdict, failed),
  };
}

/** What came back, an entry for each finding; each has an id of its own that is the same every time. */
export function describeBounces(received: Received, findings: readonly Returned[]): readonly Bounce[] {
  const { id, verdict, receivedAt } = received;
  const { tag, ref, messageId } = verdict;
  const evidence = verdict.evidence === "tag" ? "tag" : "message-id";
  const scheme = evidence === "tag" ? tag.scheme : null;
  const original = showOriginal(verdict);
  return findings.map(({ kind, ...finding }, at) => ({
    id: `${id}-${at + 1}`,
    kind,
    evidence,
    scheme,
    receivedAt: new Date(receivedAt).toISOString(),
    original,
    ref,
    ...finding,
    // Servers quote the address that they refused: a living tag, which readers of the ledger have no use for.
    recipient: finding.recipient && redactTags(finding.recipient),
    diagnostic: finding.diagnostic && redactWords(finding.diagnostic),
    // Of those that it names, the one that vouches for it.
    messageId: messageId ?? finding.messageId,
  }));
}

function describeRejection({ id, mail, verdict, receivedAt }: Received, disposition: Disposition): Rejection {
  const { status } = verdict.tag;
  const { forwardPath, headers } = mail;
  const localPart = status === "valid" ? redactTags(forwardPath.localPart) : forwardPath.localPart;
  return {
    id,
    receivedAt: new Date(receivedAt).toISOString(),
    recipient: cut(formatMailbox({ ...forwardPath, localPart })),
    original: showOriginal(verdict),
    status,
    disposition,
    from: readField(headers.get("from")),
    messageId: readField(headers.get("message-id")),
  };
}

/** Destinations that refused in a way that the operator has to mend. */
function describeFailures(verdict: Verdict, failed: readonly Failure[]): readonly ForwardFailure[] {
  const original = showOriginal(verdict);
  return failed.flatMap(({ to, fault, error }) =>
    isLasting(fault) ? [{ original, to, fault, error: cut(error) }] : [],
  );
}

/** A header field in one line of text; null where there is none. */
function readField(value: string | null): string | null {
  // Cut beforehand too: a stranger may send a megabyte of what is to be cleaned.
  const text = cut(
    (value ?? "")
      .slice(0, 4 * CHARACTERS_AT_MOST)
      .replace(/[\s\p{C}]+/gu, " ")
      .trim(),
  );
  return text === "" ? null : text;
}

function cut(text: string): string {
  return text.slice(0, CHARACTERS_AT_MOST).toWellFormed();
}
