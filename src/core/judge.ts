// A message to a configured domain, judged: the separate findings (bounce, tag, evidence, route) gathered from
// envelope and headers, and the decision over them. No I/O, no clock; only a key that does not unwrap throws.

import { isBounce } from "./bounce.ts";
import { type Evidence, findEvidence } from "./evidence.ts";
import { HOP_FIELD, hasPassed, signHop } from "./hop.ts";
import type { OpenKey } from "./keyring.ts";
import type { Mailbox } from "./mailbox.ts";
import { type MessageIdFinding, readMessageIds, validateMessageIds } from "./message-id.ts";
import { annotate, type Decision, decide } from "./policy.ts";
import { isAutoReply, isReturned, type MailHeaders } from "./report.ts";
import { findRoute } from "./route.ts";
import type { Settings } from "./settings.ts";
import type { Snapshot } from "./snapshot.ts";
import { type TagFinding, validateTag } from "./tag-status.ts";

/** What judging needs beside message and snapshot. */
export interface Judging {
  readonly open: OpenKey;
  /** Under which forwarded mail is marked: the first signs, the others may have. */
  readonly hops: readonly [CryptoKey, ...CryptoKey[]];
  /** Whether this message is among those that the claim's address may bring. Never fails. */
  readonly admit: (claim: Claim) => Promise<boolean>;
}

/** A tagged address with a ref, which belongs to one message of ours: what comes back to it is counted. */
export interface Claim {
  readonly original: Mailbox;
  readonly ref: string;
  /** Of the tag, in milliseconds since 1970. */
  readonly expires: number;
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
  /** The signed Message-ID that is evidence, in angle brackets; null where none is. */
  readonly messageId: string | null;
  /** Where what came back is to be read: a valid tag vouches for the body, a Message-ID for no more than the headers. */
  readonly returned: "body" | "headers" | null;
  readonly decision: Decision;
  /** Header fields to add where it is forwarded. */
  readonly annotations: ReadonlyMap<string, string>;
}

const NO_MESSAGE_ID: MessageIdFinding = { kind: "none" };
/** Where what came back is read, by what vouches for it. */
const READ_FROM: Readonly<Record<Evidence, Verdict["returned"]>> = {
  tag: "body",
  "message-id": "headers",
  "auto-reply": null,
  exempt: null,
  none: null,
};

/** Judges a message by the snapshot of its forward-path's domain. */
export async function judge(
  mail: Mail,
  snapshot: Snapshot,
  { open, hops, admit }: Judging,
  now: number,
): Promise<Verdict> {
  const { settings } = snapshot;
  const { headers } = mail;
  const bounce = isBounce(mail.reversePath, headers, settings.bounceSenders);
  const tag = await validateTag(mail.forwardPath, snapshot, open, now);
  const autoReply = isAutoReply(headers);
  const comesBack = bounce || autoReply || isReturned(headers);
  const vouches = tag.status === "valid" && (!comesBack || (await isAdmitted(tag, settings, admit)));
  const messageId: MessageIdFinding =
    (bounce || autoReply) && tag.status !== "valid"
      ? await findMessageId(headers, tag.original, snapshot, open, now)
      : NO_MESSAGE_ID;
  const { original, status: tagStatus } = tag;
  const evidence = findEvidence({ vouches, messageId: messageId.kind, autoReply, original, settings });
  const route = findRoute(snapshot.routes, original.localPart);
  const liftable = tag.liftable || messageId.kind === "unproven" || !snapshot.routes.has(original.localPart);
  const loop = await hasPassed(headers.get(HOP_FIELD), hops, original);
  const facts = { bounce, autoReply, tagStatus, evidence, liftable, route, mode: settings.mode, loop };
  const decision = decide(facts);
  const annotations = annotate(facts, decision, original.domain);
  if (decision.action.kind === "forward") annotations.set(HOP_FIELD, await signHop(hops[0], original));
  const signed = messageId.kind === "valid" ? messageId : { ref: tag.ref, messageId: null };
  const returned = comesBack ? READ_FROM[evidence] : null;
  const { ref, messageId: vouching } = signed;
  return { tag, bounce, evidence, ref, messageId: vouching, returned, decision, annotations };
}

/** Whether a valid tag may bring one more: only where it names one message of ours, and the domain caps what that brings. */
async function isAdmitted(
  { original, ref, expires }: TagFinding,
  { maxBouncesPerRef }: Settings,
  admit: Judging["admit"],
): Promise<boolean> {
  if (maxBouncesPerRef === null || ref === null || expires === null) return true;
  return admit({ original, ref, expires });
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
