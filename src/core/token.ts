// Tokens: what the bearer of one may do, and its text. No I/O, no clock, no randomness.
//
//     cs_<id>_<secret><mac>
//
// id 20 hex digits, of which the first 12 are the instant of its making, so that ids sort by age; secret 160 random bits
// and mac 80 bits in base32. The MAC, under a key of the deployment's, covers id and secret: whoever invents a token is
// told apart without looking anything up. It is the digest of the whole text that is kept, never the text.

import { encodeBase32 } from "./base32.ts";
import { isSame, signText } from "./signature.ts";

/** What a token is for. `admin` includes the rest. */
export type Scope = "sign" | "validate" | "read" | "admin";

export const SCOPES = ["sign", "validate", "read", "admin"] as const satisfies readonly Scope[];

/** Stands for all domains. */
export const ALL_DOMAINS = "*";

/** What someone may do, and where. */
export interface Grant {
  readonly scopes: readonly Scope[];
  /** Domain names in lower case, or `*` alone. */
  readonly domains: readonly string[];
}

/** A token as it is kept. */
export interface Token extends Grant {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** Of its text. */
  readonly digest: string;
  /** Tells which of the deployment's keys made its MAC. */
  readonly macKey: string;
}

/** Which KEYRING_SECRET a token's MAC is under: once that is gone, so is the token. */
export type MadeUnder = "current" | "previous" | "gone";

/** Octets that each token's secret has. */
export const TOKEN_SECRET_OCTETS = 20;

/** A multiple of five, as base32 wants it. */
const DIGEST_OCTETS = 30;
/** Raised with the form of a published token, so that code of another age refuses it instead of misreading it. */
const FORMAT = 1;

const TEXT = /^cs_([0-9a-f]{20})_([a-z2-7]{32})([a-z2-7]{16})$/;

/** Whether the grant holds for the scope. */
export function permits({ scopes }: Grant, scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes("admin");
}

/** Whether the grant holds for the domain (lower case), configured or not. */
export function reaches({ domains }: Grant, domain: string): boolean {
  return domains.includes(domain) || domains.includes(ALL_DOMAINS);
}

/** Whether all that the inner grant allows the outer one allows too. */
export function isWithin(inner: Grant, outer: Grant): boolean {
  return (
    inner.scopes.every((scope) => permits(outer, scope)) &&
    inner.domains.every((domain) => reaches(outer, domain))
  );
}

/** The domains that the grant names; null where it reaches all. */
export function reachOf({ domains }: Grant): readonly string[] | null {
  return domains.includes(ALL_DOMAINS) ? null : domains;
}

/** The id of a token made at this instant; eight hex digits of chance keep apart those made at once. */
export function tokenId(now: number, chance: Uint8Array): string {
  const tail = [...chance.subarray(0, 4)].map((octet) => octet.toString(16).padStart(2, "0"));
  return now.toString(16).padStart(12, "0") + tail.join("");
}

/** The text of a new token; the secret is fresh random octets. */
export async function formatToken(id: string, secret: Uint8Array, macKey: CryptoKey): Promise<string> {
  const signed = `${id}_${encodeBase32(secret)}`;
  return `cs_${signed}${await signText(macKey, signed)}`;
}

/** The id of a token that was made here, known by its MAC; null of any other text. Looks nothing up. */
export async function readToken(text: string, macKeys: readonly CryptoKey[]): Promise<string | null> {
  const [, id = "", secret = "", mac = ""] = TEXT.exec(text) ?? [];
  if (id === "") return null;
  for (const macKey of macKeys) {
    if (isSame(await signText(macKey, `${id}_${secret}`), mac)) return id;
  }
  return null;
}

/** What is kept of a token's text, and compared: 240 bits of SHA-256. */
export async function digestToken(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return encodeBase32(new Uint8Array(digest).subarray(0, DIGEST_OCTETS));
}

/** A name for a MAC key by which it can be told from others, and not found out. */
export async function nameMacKey(macKey: CryptoKey): Promise<string> {
  return signText(macKey, "name");
}

/** The token as KV holds it. */
export function encodeToken(token: Token): string {
  return JSON.stringify({ format: FORMAT, ...token });
}

/** Reads what `encodeToken` wrote. Throws where it was written in another form. */
export function decodeToken(text: string): Token & { readonly revision: number } {
  const { format, ...token } = JSON.parse(text) as Token & { format: number };
  if (format !== FORMAT) throw new Error(`This token has format ${format}; ${FORMAT} is what is read here.`);
  // A token never changes: it is made, and it is revoked.
  return { ...token, revision: token.created };
}
