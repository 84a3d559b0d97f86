// Signed Message-IDs. A vacation reply or read receipt goes, with the null sender, to the untagged header address;
// what it does carry is the Message-ID that it answers (RFC 3834, 3.1.5; RFC 5322, 3.6.4). So that one is signed.
//
//     <cs1.KDDDD.NONCE.MAC[.ref]@domain>
//
// K key number; DDDD expiry day, NONCE and MAC in base32; the MAC also covers the address that replies go to, which
// is not in the text. No I/O, no clock.

import { decodeWords } from "postal-mime";
import { decodeBase32Number, encodeBase32, encodeBase32Number } from "./base32.ts";
import { dayOf } from "./day.ts";
import { findKey, type OpenKey } from "./keyring.ts";
import { formatMailbox, lowerCase, type Mailbox } from "./mailbox.ts";
import { isSame, type Slot, signMessageId } from "./signature.ts";
import type { Snapshot } from "./snapshot.ts";

/** Octets of the nonce that makes each Message-ID unique. */
export const MESSAGE_ID_NONCE_OCTETS = 10;

/**
 * How many Message-IDs of our form are tried: an MUA names the message it answers in In-Reply-To and last in
 * References, so the genuine one is among the first; a list made to cost us HMACs ends here.
 */
const TRIED_AT_MOST = 8;
/** Characters looked at in each header, from the end that names the message answered. */
const HEADER_CHARACTERS = 16_384;
/** The same, where it has encoded words: decoding takes longer than looking. */
const ENCODED_CHARACTERS = 2_048;

const SIGNED =
  /<(cs1\.([0-9])([a-z2-7]{4})\.([a-z2-7]{16})\.([a-z2-7]{16})(?:\.([a-z0-9-]{1,24}))?)@([a-z0-9.-]{1,253})>/gi;

export interface SignedMessageId {
  readonly key: number;
  readonly expiryDay: number;
  readonly nonce: string;
  readonly mac: string;
  readonly ref: string | null;
  readonly domain: string;
}

/** `unproven`: none counts, and of one a newer snapshot may hold the key. */
export type MessageIdFinding =
  | { readonly kind: "valid"; readonly ref: string | null; readonly messageId: string }
  | { readonly kind: "unproven" | "none" };

/** Signs a new Message-ID for the address that replies will go to (lower case). */
export async function mintMessageId(
  slot: Slot,
  terms: { key: number; expiryDay: number; nonce: Uint8Array; ref: string | null },
  repliesTo: Mailbox,
): Promise<string> {
  const { key, expiryDay, ref } = terms;
  const nonce = encodeBase32(terms.nonce);
  const mac = await signMessageId(slot, macInput({ key, expiryDay, nonce, ref }, repliesTo));
  return formatMessageId({ key, expiryDay, nonce, mac, ref, domain: repliesTo.domain });
}

/**
 * Reads the Message-IDs of our form in a reply's headers: In-Reply-To from its start, References from its end.
 * Each once, at most eight.
 */
export function readMessageIds(inReplyTo: string | null, references: string | null): SignedMessageId[] {
  const found = new Map<string, SignedMessageId>();
  const read = [
    ...scan(decode((inReplyTo ?? "").slice(0, HEADER_CHARACTERS), "start")),
    ...scan(decode((references ?? "").slice(-HEADER_CHARACTERS), "end")).reverse(),
  ];
  for (const messageId of read) {
    if (found.size === TRIED_AT_MOST) break;
    found.set(formatMessageId(messageId), messageId);
  }
  return [...found.values()];
}

/** Whether one of them is ours, alive, and bound to this original (lower case). */
export async function validateMessageIds(
  messageIds: readonly SignedMessageId[],
  original: Mailbox,
  snapshot: Snapshot,
  open: OpenKey,
  now: number,
): Promise<MessageIdFinding> {
  let finding: MessageIdFinding = { kind: "none" };
  for (const messageId of messageIds) {
    if (messageId.domain !== snapshot.domain || messageId.expiryDay < dayOf(now)) continue;
    finding = { kind: "unproven" };
    const key = findKey(snapshot.keys, messageId.key, now);
    if (key === null) continue;
    const mac = await signMessageId(await open(snapshot.domain, key), macInput(messageId, original));
    if (isSame(mac, messageId.mac))
      return { kind: "valid", ref: messageId.ref, messageId: formatMessageId(messageId) };
  }
  return finding;
}

/** Python's mail package, and others, write a Message-ID of 78 octets and more as encoded words (RFC 2047), split anywhere. */
function decode(header: string, end: "start" | "end"): string {
  if (!header.includes("=?")) return header;
  return decodeWords(
    end === "start" ? header.slice(0, ENCODED_CHARACTERS) : header.slice(-ENCODED_CHARACTERS),
  );
}

function scan(header: string): SignedMessageId[] {
  return [...header.matchAll(SIGNED)].map((match) => {
    const [, , key = "", day = "", nonce = "", mac = "", ref, domain = ""] = match.map(
      (group: string | undefined) => group && lowerCase(group),
    );
    return { key: Number(key), expiryDay: decodeBase32Number(day), nonce, mac, ref: ref ?? null, domain };
  });
}

function formatMessageId(id: SignedMessageId): string {
  const { key, expiryDay, nonce, mac, ref, domain } = id;
  const tail = ref === null ? "" : `.${ref}`;
  return `<cs1.${key}${encodeBase32Number(expiryDay, 4)}.${nonce}.${mac}${tail}@${domain}>`;
}

function macInput(
  terms: Pick<SignedMessageId, "key" | "expiryDay" | "nonce" | "ref">,
  repliesTo: Mailbox,
): string {
  const { key, expiryDay, nonce, ref } = terms;
  const tail = ref === null ? "" : `.${ref}`;
  return `${key}${encodeBase32Number(expiryDay, 4)}.${nonce}${tail}=${formatMailbox(repliesTo)}`;
}
