// MACs: what a key slot's secret becomes in Web Crypto, and what is computed with it. No I/O, no clock.

import { encodeBase32 } from "./base32.ts";

/** A key slot's secret, opened: one key for each purpose. */
export interface Slot {
  readonly prvs: CryptoKey;
  readonly messageId: CryptoKey;
}

const UTF8 = new TextEncoder();

/** 80 bits, the least that RFC 2104 (5) advises for a truncated MAC. */
const MESSAGE_ID_MAC_OCTETS = 10;

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
  return { prvs, messageId: await deriveKey(base, "message-id", domain) };
}

/**
 * The MAC of a prvs tag: the first 3 octets, as 6 lower-case hex digits, of HMAC-SHA-1 over `KDDDlocal@domain`
 * (draft-levine-smtp-batv-01). The address goes in as given, octet for octet.
 */
export async function signPrvs(slot: Slot, key: number, residue: string, address: string): Promise<string> {
  const mac = new Uint8Array(
    await crypto.subtle.sign("HMAC", slot.prvs, UTF8.encode(`${key}${residue}${address}`)),
  );
  return hex(mac.subarray(0, 3));
}

/** The MAC of a Message-ID: the first 80 bits of HMAC-SHA-256, as 16 base32 digits. */
export async function signMessageId(slot: Slot, text: string): Promise<string> {
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", slot.messageId, UTF8.encode(text)));
  return encodeBase32(mac.subarray(0, MESSAGE_ID_MAC_OCTETS));
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
  for (const octet of octets) text += octet.toString(16).padStart(2, "0");
  return text;
}
