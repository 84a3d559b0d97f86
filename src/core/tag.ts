// The tag in a local-part: reading and writing it, in both schemes and placements. Only the form is judged here; what
// a tag is worth is found in tag-status.ts. No I/O, no clock; nothing here throws.

import { decodeBase32Number, encodeBase32Number } from "./base32.ts";

/** The tag-types that are ours. `SRS0=`, `btv1=`, VERP and the like are part of a local-part. */
export type Scheme = "prvs" | "cs1";

/** Where the tag stands: `prvs=…=local` or `local+prvs=…`. */
export type Placement = "prefix" | "subaddress";

/** draft-levine-smtp-batv-01: `K DDD SSSSSS`. */
export interface PrvsTag {
  readonly scheme: "prvs";
  /** K: the key number, 0 to 9. */
  readonly key: number;
  /** DDD: the last three digits of the expiry day. */
  readonly residue: string;
  /** SSSSSS: six hex digits, in lower case however they came. */
  readonly mac: string;
}

/** Our own: `K DDDD M…M [-ref]`. */
export interface Cs1Tag {
  readonly scheme: "cs1";
  /** K: the key number, 0 to 9. */
  readonly key: number;
  /** DDDD: the expiry day, days since 1970 UTC; below 2^20, so it never wraps. */
  readonly expiryDay: number;
  /** M…M: 16 base32 digits, in lower case however they came. */
  readonly mac: string;
  /** The caller's own reference to the message, in lower case; null where there is none. */
  readonly ref: string | null;
}

export type Tag = PrvsTag | Cs1Tag;

/** A tag before it is signed. */
export type TagTerms = Omit<PrvsTag, "mac"> | Omit<Cs1Tag, "mac">;

/** `localPart` is what remains without the tag, in the case it came in. */
export type TagReading =
  | { readonly kind: "untagged"; readonly localPart: string }
  | { readonly kind: "malformed"; readonly scheme: Scheme; readonly localPart: string }
  | { readonly kind: "tagged"; readonly tag: Tag; readonly localPart: string };

/** Octets that a tag without a ref adds to a local-part, in either placement. */
const OVERHEAD_OCTETS: Readonly<Record<Scheme, number>> = { prvs: 16, cs1: 26 };

const REF = "[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?";
/** A ref: 1 to 24 of `a-z`, `0-9` and `-`, which stands at neither end. */
export const WHOLE_REF = new RegExp(`^${REF}$`);

const PREFIX = /^(prvs|cs1)=/i;
const SUBADDRESS = /^(.+)\+(prvs|cs1)=(.*)$/is;
const PRVS_VALUE = /^([0-9])([0-9]{3})([0-9a-f]{6})$/i;
const CS1_VALUE = new RegExp(`^([0-9])([a-z2-7]{4})([a-z2-7]{16})(?:-(${REF}))?$`, "i");

/** Tags of any maker: an address that bears one is not signed again, since one message keeps one tag. */
const ANY_TAG = /^(?:prvs|cs1|btv1|msprvs1)=|\+(?:prvs|cs1)=/i;

/** Whether the local-part bears a tag already, ours or another product's. */
export function isTagged(localPart: string): boolean {
  // Few have a `=`, and looking for it is cheap.
  return localPart.includes("=") && ANY_TAG.test(localPart);
}

/** The local-part with the value of every tag in it left out: a tag inside another is nobody's to read. */
export function redactTags(localPart: string): string {
  return localPart.replace(/\b(prvs|cs1)=[^=+@]*/gi, "$1=…");
}

/** Free text of others without the tags and signed Message-IDs that it repeats, however mail has encoded the `=`. */
export function redactWords(text: string): string {
  return text.replace(/(prvs|cs1)(=3D|%3D|[=.])[\w.-]*/gi, "$1$2…");
}

/** Octets that a tag adds to a local-part, its ref and the hyphen before it included. */
export function overheadOctets(scheme: Scheme, ref: string | null): number {
  return OVERHEAD_OCTETS[scheme] + (ref === null ? 0 : 1 + ref.length);
}

/**
 * Reads the tag of a forward-path's local-part: the prefix form first, which ends at its second `=` (the rest may
 * hold more of them); else the last `+prvs=` or `+cs1=`. One level only.
 */
export function readTag(localPart: string): TagReading {
  const prefix = PREFIX.exec(localPart);
  if (prefix !== null) {
    const scheme = schemeOf(prefix[1]);
    const value = localPart.slice(prefix[0].length);
    const end = value.indexOf("=");
    // Without a second `=`, or with nothing behind it, there is no original to give back.
    if (end < 0 || end === value.length - 1) return { kind: "malformed", scheme, localPart };
    return readValue(scheme, value.slice(0, end), value.slice(end + 1));
  }
  const subaddress = SUBADDRESS.exec(localPart);
  if (subaddress === null) return { kind: "untagged", localPart };
  return readValue(schemeOf(subaddress[2]), subaddress[3] ?? "", subaddress[1] ?? "");
}

/** Puts a tag on a local-part. */
export function formatTag(tag: Tag, localPart: string, placement: Placement): string {
  const value =
    tag.scheme === "prvs"
      ? `prvs=${tag.key}${tag.residue}${tag.mac}`
      : `cs1=${tag.key}${formatExpiryDay(tag.expiryDay)}${tag.mac}${formatRef(tag.ref)}`;
  return placement === "prefix" ? `${value}=${localPart}` : `${localPart}+${value}`;
}

/** What a tag's MAC is computed over: every part of the tag but the MAC, and the address. */
export function macInput(terms: TagTerms, address: string): string {
  return terms.scheme === "prvs"
    ? `${terms.key}${terms.residue}${address}`
    : `${terms.key}${formatExpiryDay(terms.expiryDay)}${formatRef(terms.ref)}=${address}`;
}

function readValue(scheme: Scheme, value: string, localPart: string): TagReading {
  const tag = scheme === "prvs" ? readPrvs(value) : readCs1(value);
  return tag === null ? { kind: "malformed", scheme, localPart } : { kind: "tagged", tag, localPart };
}

function readPrvs(value: string): PrvsTag | null {
  const [, key, residue, mac] = PRVS_VALUE.exec(value) ?? [];
  if (key === undefined || residue === undefined || mac === undefined) return null;
  return { scheme: "prvs", key: Number(key), residue, mac: mac.toLowerCase() };
}

function readCs1(value: string): Cs1Tag | null {
  const [, key, day, mac, ref] = CS1_VALUE.exec(value) ?? [];
  if (key === undefined || day === undefined || mac === undefined) return null;
  return {
    scheme: "cs1",
    key: Number(key),
    expiryDay: decodeBase32Number(day),
    mac: mac.toLowerCase(),
    ref: ref?.toLowerCase() ?? null,
  };
}

function formatExpiryDay(day: number): string {
  return encodeBase32Number(day, 4);
}

function formatRef(ref: string | null): string {
  return ref === null ? "" : `-${ref}`;
}

function schemeOf(tagType: string | undefined): Scheme {
  return tagType?.toLowerCase() === "cs1" ? "cs1" : "prvs";
}
