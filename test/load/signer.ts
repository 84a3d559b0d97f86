// Tags and signed Message-IDs as another program would make them that shares a key: node:crypto, and the form that the
// contract gives. Nothing of the code under test is used.

import { createHmac, hkdfSync } from "node:crypto";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** A key that was brought along. */
export interface SharedKey {
  readonly number: number;
  readonly secret: string;
}

/** What is put into a tag. `lastDay`: the last day on which it is valid, days since 1970, UTC. */
export interface Terms {
  readonly key: SharedKey;
  readonly lastDay: number;
  readonly local: string;
  readonly domain: string;
  readonly ref?: string | undefined;
}

/** `KDDDSSSSSS`. */
export function signPrvs({ key, lastDay, local, domain }: Terms): string {
  const term = `${key.number}${String(lastDay % 1000).padStart(3, "0")}`;
  const mac = createHmac("sha1", key.secret).update(`${term}${local}@${domain}`).digest("hex");
  return `${term}${mac.slice(0, 6)}`;
}

/** `KDDDDM…M[-ref]`. */
export function signCs1({ key, lastDay, local, domain, ref }: Terms): string {
  const term = `${key.number}${base32Number(lastDay)}`;
  const tail = ref === undefined ? "" : `-${ref}`;
  return `${term}${mac80(key, "cs1", domain, `${term}${tail}=${local}@${domain}`)}${tail}`;
}

/** `<cs1.KDDDD.NONCE.MAC@domain>`, bound to the address that replies go to. */
export function signMessageId({ key, lastDay, local, domain }: Terms, nonce: string): string {
  const term = `${key.number}${base32Number(lastDay)}`;
  const mac = mac80(key, "message-id", domain, `${term}.${nonce}=${local}@${domain}`);
  return `<cs1.${term}.${nonce}.${mac}@${domain}>`;
}

export function base32Number(value: number): string {
  return [15, 10, 5, 0].map((shift) => ALPHABET.charAt((value >>> shift) & 31)).join("");
}

/** Another digit in place of each of the last three, so that it is certainly none of its key's. */
export function spoil(mac: string): string {
  return mac.slice(0, -3) + mac.slice(-3).replace(/./g, (digit) => (digit === "a" ? "b" : "a"));
}

function mac80(key: SharedKey, purpose: string, domain: string, text: string): string {
  const derived = hkdfSync("sha256", key.secret, "", `countersign ${purpose}\0${domain}`, 32);
  const mac = createHmac("sha256", Buffer.from(derived)).update(text).digest().subarray(0, 10);
  const bits = [...mac].map((octet) => octet.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET.charAt(Number.parseInt(five, 2))).join("");
}
