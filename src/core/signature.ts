// MACs: what a key slot's secret becomes in Web Crypto, and what is computed with it. No I/O, no clock.

import { encodeBase32 } from "./base32.ts";
import { macInput, type TagTerms } from "./tag.ts";

/** A key slot's secret, opened: one key for each purpose. */
export interface Slot {
  readonly prvs: CryptoKey;
  readonly cs1: CryptoKey;
  readonly messageId: CryptoKey;
}

const UTF8 = new TextEncoder();

/** draft-levine-smtp-batv-01: 24 bits. */
const PRVS_MAC_OCTETS = 3;
const HEX = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));
/** 80 bits, the least that RFC 2104 (5) advises for a truncated MAC. */
const MAC_OCTETS = 10;

/**
 * Opens a secret. prvs keys HMAC-SHA-1 with the secret's octets as they are, which is what lets Exim share it;
 * everything else gets a key of its own by HKDF-SHA-256 (RFC 5869) with purpose and domain as info.
 */
export async function openSlot(secret: string, domain: string): Promise<Slot> {
  const octets = UTF8.encode(secret);
  const [prvs, base] = await Promise.all([
    crypto.subtle.importKey("raw", octets, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]),
    crypto.subtle.importKey("raw", octets, "HKDF", false, ["deriveKey"]),
  ]);
  const [cs1, messageId] = await Promise.all([
    deriveKey(base, "cs1", domain),
    deriveKey(base, "message-id", domain),
  ]);
  return { prvs, cs1, messageId };
}

/**
 * The MAC of a tag over an address, which goes in as given, octet for octet. prvs: the first 3 octets of HMAC-SHA-1 as
 * 6 lower-case hex digits (draft-levine-smtp-batv-01). cs1: the first 80 bits of HMAC-SHA-256 as 16 base32 digits.
 */
export async function signTag(slot: Slot, terms: TagTerms, address: string): Promise<string> {
  const input = UTF8.encode(macInput(terms, address));
  // Awaited here, not in a function of its own: of a batch's time each such step takes a thirtieth.
  return terms.scheme === "prvs"
    ? hex(new Uint8Array(await crypto.subtle.sign("HMAC", slot.prvs, input), 0, PRVS_MAC_OCTETS))
    : encodeBase32(new Uint8Array(await crypto.subtle.sign("HMAC", slot.cs1, input), 0, MAC_OCTETS));
}

/** The MAC of a Message-ID: the first 80 bits of HMAC-SHA-256, as 16 base32 digits. */
export function signMessageId(slot: Slot, text: string): Promise<string> {
  return signText(slot.messageId, text);
}

/** A key of the deployment's own for one purpose, derived from a secret of any length (HKDF-SHA-256, RFC 5869). */
export async function deriveDeploymentKey(secret: string, purpose: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", UTF8.encode(secret), "HKDF", false, ["deriveKey"]);
  return deriveKey(base, `deployment ${purpose}`, "");
}

/** The first 80 bits of HMAC-SHA-256 over a text, as 16 base32 digits. */
export async function signText(key: CryptoKey, text: string): Promise<string> {
  return encodeBase32(
    new Uint8Array(await crypto.subtle.sign("HMAC", key, UTF8.encode(text)), 0, MAC_OCTETS),
  );
}

/** Compares two secrets in a time that depends on their lengths alone. */
export function isSame(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= left.charCodeAt(at) ^ right.charCodeAt(at);
  return difference === 0;
}

async function deriveKey(base: CryptoKey, purpose: string, domain: string): Promise<CryptoKey> {
  const info = UTF8.encode(`countersign ${purpose}\0${domain}`);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    base,
    { name: "HMAC", hash: "SHA-256", length: 256 },
    false,
    ["sign"],
  );
}

function hex(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += HEX[octet];
  return text;
}
