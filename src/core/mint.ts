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
import type { Fault, Settings } from "./settings.ts";
import { type Slot, signTag } from "./signature.ts";
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

/** What a domain signs with at one instant: found once, good for any number of addresses. */
export interface Signer {
  readonly domain: string;
  readonly settings: Settings;
  /** Days since 1970 UTC. */
  readonly today: number;
  /** Null where no key signs. */
  readonly key: { readonly number: number; readonly slot: Slot } | null;
  /** When a key will sign that does not yet, in milliseconds since 1970; null where none is to. */
  readonly signsFrom: number | null;
}

/** What signs for the snapshot's domain. Throws where its key does not unwrap. */
export async function findSigner(snapshot: Snapshot, open: OpenKey, now: number): Promise<Signer> {
  const { domain, settings, keys } = snapshot;
  const key = signingKey(keys, now);
  return {
    domain,
    settings,
    today: dayOf(now),
    key: key && { number: key.number, slot: await open(domain, key) },
    signsFrom: signsFrom(keys, now),
  };
}

/** Where replies to a message go, in the signer's domain; the nonce must be fresh. */
export interface Replies {
  readonly to: Mailbox;
  readonly signer: Signer;
  readonly nonce: Uint8Array;
}

/**
 * Mints a reverse-path for an address of the signer's domain, and, where `replies` is given, a Message-ID bound to
 * an address of that other (or the same) domain.
 */
export async function mint(order: Order, signer: Signer, replies: Replies | null): Promise<MintFinding> {
  const { address, ref } = order;
  const { settings, key, today } = signer;
  const scheme = order.scheme ?? (ref === null ? settings.scheme : "cs1");
  const tooLong = findLengthFault(address, scheme, ref);
  if (tooLong !== null) return { kind: "unusable", fault: tooLong };
  if (key === null) return notSigning(signer);
  if (replies?.signer.key === null) return notSigning(replies.signer);

  const expiryDay = today + settings.lifetimeDays;
  const text = formatMailbox(address);
  const terms = termsOf(scheme, key.number, expiryDay, ref);
  const tag = { ...terms, mac: await signTag(key.slot, terms, text) };
  const localPart = formatTag(tag, address.localPart, settings.placement);
  const minted: Minted = {
    address: text,
    reversePath: formatMailbox({ localPart, domain: address.domain }),
    messageId: replies && (await mintReplies(replies, ref)),
    scheme,
    key: key.number,
    expires: startOfDay(expiryDay + 1),
    ref,
  };
  return { kind: "minted", minted };
}

function notSigning({ domain, signsFrom }: Signer): MintFinding {
  return { kind: "not-signing", domain, signsFrom };
}

function termsOf(scheme: Scheme, key: number, expiryDay: number, ref: string | null): TagTerms {
  return scheme === "prvs" ? { scheme, key, residue: residueOf(expiryDay) } : { scheme, key, expiryDay, ref };
}

/** Why the minted address would be longer than SMTP carries, and how long a ref may be; null where it fits. */
function findLengthFault(address: Mailbox, scheme: Scheme, ref: string | null): Fault | null {
  const { localPart, domain } = address;
  const mailboxOctets = localPart.length + 1 + domain.length;
  const room = Math.min(LOCAL_PART_OCTETS - localPart.length, MAILBOX_OCTETS - mailboxOctets);
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
async function mintReplies({ to, signer, nonce }: Replies, ref: string | null): Promise<string | null> {
  if (signer.key === null) return null;
  const expiryDay = signer.today + signer.settings.messageIdLifetimeDays;
  return mintMessageId(signer.key.slot, { key: signer.key.number, expiryDay, nonce, ref }, to);
}

function fault(field: string, detail: string): Signable {
  return { kind: "fault", fault: { field, detail } };
}
