// Minting: a signed reverse-path for an address, and a signed Message-ID for where its replies go. What can't be
// minted is a finding that names the field. No I/O, no clock, no randomness; only a key that does not unwrap throws.

import { dayOf, residueOf, startOfDay } from "./day.ts";
import { type OpenKey, signingKey, signsFrom } from "./keyring.ts";
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
import { signTag } from "./signature.ts";
import type { Snapshot } from "./snapshot.ts";
import { formatTag, isTagged, overheadOctets, type Scheme, type TagTerms } from "./tag.ts";

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
  /** `signsFrom`: when a key of the domain's will sign; null where none is to. */
  | { readonly kind: "not-signing"; readonly domain: string; readonly signsFrom: number | null }
  | { readonly kind: "unusable"; readonly fault: Fault };

export type Signable =
  | { readonly kind: "signable"; readonly mailbox: Mailbox }
  | { readonly kind: "fault"; readonly fault: Fault };

/** Reads an address to sign, in lower case: a plain mailbox without a tag. */
export function readSignable(field: string, text: string): Signable {
  const reading = readMailbox(lowerCase(text));
  if (reading.kind === "fault") return fault(field, reading.detail);
  return isTagged(reading.mailbox.localPart)
    ? fault(field, "It bears a tag already; give the address without it.")
    : { kind: "signable", mailbox: reading.mailbox };
}

/** What to mint, in lower case. */
export interface Order {
  readonly address: Mailbox;
  /** Null: the ref's, or the domain's. */
  readonly scheme: Scheme | null;
  /** The caller's reference to the message, which needs cs1. */
  readonly ref: string | null;
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
  order: Order,
  snapshot: Snapshot,
  replies: Replies | null,
  open: OpenKey,
  now: number,
): Promise<MintFinding> {
  const { address, ref } = order;
  const { settings } = snapshot;
  const scheme = order.scheme ?? (ref === null ? settings.scheme : "cs1");
  const tooLong = findLengthFault(address, scheme, ref);
  if (tooLong !== null) return { kind: "unusable", fault: tooLong };
  const key = signingKey(snapshot.keys, now);
  if (key === null) return notSigning(snapshot, now);
  const messageId = replies && (await mintReplies(replies, ref, open, now));
  if (replies && messageId === null) return notSigning(replies.snapshot, now);

  const expiryDay = dayOf(now) + settings.lifetimeDays;
  const text = formatMailbox(address);
  const terms = termsOf(scheme, key.number, expiryDay, ref);
  const tag = { ...terms, mac: await signTag(await open(snapshot.domain, key), terms, text) };
  const localPart = formatTag(tag, address.localPart, settings.placement);
  const minted: Minted = {
    address: text,
    reversePath: formatMailbox({ localPart, domain: address.domain }),
    messageId,
    scheme,
    key: key.number,
    expires: startOfDay(expiryDay + 1),
    ref,
  };
  return { kind: "minted", minted };
}

function notSigning({ domain, keys }: Snapshot, now: number): MintFinding {
  return { kind: "not-signing", domain, signsFrom: signsFrom(keys, now) };
}

function termsOf(scheme: Scheme, key: number, expiryDay: number, ref: string | null): TagTerms {
  return scheme === "prvs" ? { scheme, key, residue: residueOf(expiryDay) } : { scheme, key, expiryDay, ref };
}

/** Why the minted address would be longer than SMTP carries, and how long a ref may be; null where it fits. */
function findLengthFault(address: Mailbox, scheme: Scheme, ref: string | null): Fault | null {
  const room = Math.min(
    LOCAL_PART_OCTETS - address.localPart.length,
    MAILBOX_OCTETS - formatMailbox(address).length,
  );
  if (overheadOctets(scheme, ref) <= room) return null;
  const bare = overheadOctets(scheme, null);
  if (bare > room) {
    const detail = `Its ${scheme} tag adds ${bare} octets, and ${Math.max(room, 0)} are left: a minted local-part has at most ${LOCAL_PART_OCTETS}, the whole address ${MAILBOX_OCTETS}.`;
    return {
      field: "address",
      detail: scheme === "cs1" ? `${detail} There is no room for a ref either.` : detail,
    };
  }
  const most = Math.max(room - bare - 1, 0);
  const detail = `With this address a ref may have ${most} octets: a minted local-part has at most ${LOCAL_PART_OCTETS}, of which the tag takes ${bare + 1}.`;
  return { field: "ref", detail };
}

/** Null where the domain of the replies has no key that signs. */
async function mintReplies(
  replies: Replies,
  ref: string | null,
  open: OpenKey,
  now: number,
): Promise<string | null> {
  const { domain, keys, settings } = replies.snapshot;
  const key = signingKey(keys, now);
  if (key === null) return null;
  const expiryDay = dayOf(now) + settings.messageIdLifetimeDays;
  const terms = { key: key.number, expiryDay, nonce: replies.nonce, ref };
  return mintMessageId(await open(domain, key), terms, replies.to);
}

function fault(field: string, detail: string): Signable {
  return { kind: "fault", fault: { field, detail } };
}
