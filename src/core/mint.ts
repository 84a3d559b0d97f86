// Minting: a signed reverse-path for an address, and a signed Message-ID for where its replies go. What can't be
// minted is a finding that names the field. No I/O, no clock, no randomness; only a key that does not unwrap throws.

import { dayOf, residueOf, startOfDay } from "./day.ts";
import { type OpenKey, signingKey } from "./keyring.ts";
import {
  formatMailbox,
  LOCAL_PART_OCTETS,
  lowerCase,
  MAILBOX_OCTETS,
  type Mailbox,
  readMailbox,
} from "./mailbox.ts";
import { mintMessageId } from "./message-id.ts";
import type { Fault } from "./settings.ts";
import { signPrvs } from "./signature.ts";
import type { Snapshot } from "./snapshot.ts";
import { formatTag, isTagged, PRVS_OVERHEAD_OCTETS, type Scheme } from "./tag.ts";

export interface Minted {
  readonly address: string;
  readonly reversePath: string;
  readonly messageId: string | null;
  readonly scheme: Scheme;
  readonly key: number;
  /** The first instant at which the reverse-path is no longer valid, in milliseconds since 1970. */
  readonly expires: number;
  readonly ref: string | null;
}

export type MintFinding =
  | { readonly kind: "minted"; readonly minted: Minted }
  | { readonly kind: "not-signing"; readonly domain: string };

export type Signable =
  | { readonly kind: "signable"; readonly mailbox: Mailbox }
  | { readonly kind: "fault"; readonly fault: Fault };

/** Reads an address to sign, in lower case: a plain mailbox without a tag, short enough to take one. */
export function readSignable(field: string, text: string): Signable {
  const reading = readMailbox(lowerCase(text));
  if (reading.kind === "fault") return fault(field, reading.detail);
  const { localPart } = reading.mailbox;
  if (isTagged(localPart)) return fault(field, "It bears a tag already; give the address without it.");
  const longest = LOCAL_PART_OCTETS - PRVS_OVERHEAD_OCTETS;
  if (localPart.length > longest) {
    const detail = `Its local-part has ${localPart.length} octets; with the tag's ${PRVS_OVERHEAD_OCTETS}, ${longest} are the limit.`;
    return fault(field, detail);
  }
  if (text.length > MAILBOX_OCTETS - PRVS_OVERHEAD_OCTETS) {
    return fault(field, `With its tag it would be longer than ${MAILBOX_OCTETS} octets.`);
  }
  return { kind: "signable", mailbox: reading.mailbox };
}

/** Reads the address that replies go to, in lower case: a plain mailbox. It is not tagged, so it may be longer. */
export function readRepliesTo(field: string, text: string): Signable {
  const reading = readMailbox(lowerCase(text));
  return reading.kind === "fault"
    ? fault(field, reading.detail)
    : { kind: "signable", mailbox: reading.mailbox };
}

/** Where replies to a message go, in the snapshot's domain; the nonce must be fresh. */
export interface Replies {
  readonly to: Mailbox;
  readonly snapshot: Snapshot;
  readonly nonce: Uint8Array;
}

/**
 * Mints a reverse-path for an address of the snapshot's domain, and, where `replies` is given, a Message-ID bound to
 * an address of that other (or the same) domain.
 */
export async function mint(
  address: Mailbox,
  snapshot: Snapshot,
  replies: Replies | null,
  open: OpenKey,
  now: number,
): Promise<MintFinding> {
  const key = signingKey(snapshot.keys, now);
  if (key === null) return { kind: "not-signing", domain: snapshot.domain };
  const messageId = replies && (await mintReplies(replies, open, now));
  if (replies && messageId === null) return { kind: "not-signing", domain: replies.snapshot.domain };

  const expiryDay = dayOf(now) + snapshot.settings.lifetimeDays;
  const residue = residueOf(expiryDay);
  const text = formatMailbox(address);
  const mac = await signPrvs(await open(snapshot.domain, key), key.number, residue, text);
  const tag = { scheme: "prvs", key: key.number, residue, mac } as const;
  const localPart = formatTag(tag, address.localPart, snapshot.settings.placement);
  const minted: Minted = {
    address: text,
    reversePath: formatMailbox({ localPart, domain: address.domain }),
    messageId,
    scheme: tag.scheme,
    key: key.number,
    expires: startOfDay(expiryDay + 1),
    ref: null,
  };
  return { kind: "minted", minted };
}

/** Null where the domain of the replies has no key that signs. */
async function mintReplies(replies: Replies, open: OpenKey, now: number): Promise<string | null> {
  const { domain, keys, settings } = replies.snapshot;
  const key = signingKey(keys, now);
  if (key === null) return null;
  const expiryDay = dayOf(now) + settings.messageIdLifetimeDays;
  const terms = { key: key.number, expiryDay, nonce: replies.nonce, ref: null };
  return mintMessageId(await open(domain, key), terms, replies.to);
}

function fault(field: string, detail: string): Signable {
  return { kind: "fault", fault: { field, detail } };
}
