// What is known of a message when it is done, as the log has it: exact, without its content, without its tag.

import type { Mail, Verdict } from "../core/judge.ts";
import { formatMailbox, lowerCase } from "../core/mailbox.ts";
import { type Decision, type Disposition, UNCONFIGURED } from "../core/policy.ts";
import { redactTags } from "../core/tag.ts";
import type { Failure } from "./message.ts";

export interface Entry {
  /** What was done, or is to be done again. */
  readonly event: "forwarded" | "accepted" | "rejected" | "deferred";
  readonly disposition: Disposition;
  /** The same each time the platform hands over this message. */
  readonly id: string;
  readonly domain: string | null;
  readonly original: string | null;
  readonly bounce: boolean | null;
  readonly status: string | null;
  readonly evidence: string | null;
  readonly key: number | null;
  /** The caller's reference in the tag or Message-ID whose MAC vouches for it. */
  readonly ref: string | null;
  readonly to?: readonly string[];
  readonly failed?: readonly Failure[];
  readonly error?: string;
}

/** What was found and decided, before it is carried out. */
export function describeEntry(id: string, mail: Mail | null, verdict: Verdict | null): Entry {
  const { action, disposition } = decisionOf(verdict);
  const event = EVENTS[action.kind];
  const domain = mail && lowerCase(mail.forwardPath.domain);
  if (verdict === null) {
    const unknown = { original: null, bounce: null, status: null, evidence: null, key: null, ref: null };
    return { event, disposition, id, domain, ...unknown };
  }
  const { bounce, evidence, ref, tag } = verdict;
  const { status, key } = tag;
  return {
    event,
    disposition,
    id,
    domain,
    original: showOriginal(verdict),
    bounce,
    status,
    evidence,
    key,
    ref,
  };
}

const EVENTS = { forward: "forwarded", consume: "accepted", reject: "rejected" } as const;

/** What was decided; a domain that is not configured has no verdict. */
export function decisionOf(verdict: Verdict | null): Decision {
  return verdict?.decision ?? UNCONFIGURED;
}

/** The original as records and the log have it. */
export function showOriginal({ tag }: Verdict): string {
  return formatMailbox({ ...tag.original, localPart: redactTags(tag.original.localPart) });
}
