// A message to a configured domain, judged: the separate findings (bounce, tag, evidence, route) gathered from
// envelope and headers, and the decision over them. No I/O, no clock; only a key that does not unwrap throws.

import { isBounce } from "./bounce.ts";
import { type Evidence, findEvidence } from "./evidence.ts";
import { HOP_FIELD, hasPassed, signHop } from "./hop.ts";
import type { OpenKey } from "./keyring.ts";
import type { Mailbox } from "./mailbox.ts";
import { type MessageIdFinding, readMessageIds, validateMessageIds } from "./message-id.ts";
import { annotate, type Decision, decide } from "./policy.ts";
import { isAutoReply, type MailHeaders } from "./report.ts";
import { findRoute } from "./route.ts";
import type { Snapshot } from "./snapshot.ts";
import { type TagFinding, validateTag } from "./tag-status.ts";

/** The keys that judging needs. */
export interface JudgingKeys {
  readonly open: OpenKey;
  /** Under which forwarded mail is marked: the first signs, the others may have. */
  readonly hops: readonly [CryptoKey, ...CryptoKey[]];
}

/** All of a message that is judged. */
export interface Mail {
  readonly reversePath: string;
  readonly forwardPath: Mailbox;
  readonly headers: MailHeaders;
}

export interface Verdict {
  readonly tag: TagFinding;
  readonly bounce: boolean;
  readonly evidence: Evidence;
  /** The reference in the Message-ID or tag whose MAC vouches for it; null where there is none. */
  readonly ref: string | null;
  readonly decision: Decision;
  /** Header fields to add where it is forwarded. */
  readonly annotations: ReadonlyMap<string, string>;
}

const NO_MESSAGE_ID: MessageIdFinding = { kind: "none" };

/** Judges a message by the snapshot of its forward-path's domain. */
export async function judge(
  mail: Mail,
  snapshot: Snapshot,
  { open, hops }: JudgingKeys,
  now: number,
): Promise<Verdict> {
  const { settings } = snapshot;
  const bounce = isBounce(mail.reversePath, mail.headers, settings.bounceSenders);
  const tag = await validateTag(mail.forwardPath, snapshot, open, now);
  const messageId: MessageIdFinding =
    bounce && tag.status !== "valid"
      ? await findMessageId(mail.headers, tag.original, snapshot, open, now)
      : NO_MESSAGE_ID;
  const autoReply = isAutoReply(mail.headers);
  const { original, status: tagStatus } = tag;
  const evidence = findEvidence({ tagStatus, messageId: messageId.kind, autoReply, original, settings });
  const route = findRoute(snapshot.routes, original.localPart);
  const liftable = tag.liftable || messageId.kind === "unproven" || !snapshot.routes.has(original.localPart);
  const loop = await hasPassed(mail.headers.get(HOP_FIELD), hops, original);
  const facts = { bounce, autoReply, tagStatus, evidence, liftable, route, mode: settings.mode, loop };
  const decision = decide(facts);
  const annotations = annotate(facts, decision, original.domain);
  if (decision.action.kind === "forward") annotations.set(HOP_FIELD, await signHop(hops[0], original));
  const ref = messageId.kind === "valid" ? messageId.ref : tag.ref;
  return { tag, bounce, evidence, ref, decision, annotations };
}

function findMessageId(
  headers: MailHeaders,
  original: Mailbox,
  snapshot: Snapshot,
  open: OpenKey,
  now: number,
): Promise<MessageIdFinding> {
  const messageIds = readMessageIds(headers.get("in-reply-to"), headers.get("references"));
  return validateMessageIds(messageIds, original, snapshot, open, now);
}
