// Recipients as reports write them: in a typed field (RFC 3464, 2.3.1 and 2.3.2; RFC 6533), in a header, in a sentence.
// Lenient, since gateways are; bounded and linear. Nothing here throws.

import { lowerCase } from "../core/mailbox.ts";

/** Characters of a recipient; RFC 5321 allows 254 octets, gateways write more. */
const RECIPIENT_CHARACTERS = 320;

/** What stands in no address unless quoted, and so ends one. */
const DELIMITERS = `\\s"<>()\\[\\],;:@\\\\\\p{C}`;
/** It starts where a word does, so that a text without any `@` is walked through once. */
const LOCAL_PART = `(?<![^${DELIMITERS}])(?:"[^"\\p{C}]{1,64}"|[^${DELIMITERS}]{1,128})`;
const DOMAIN = `(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{M}\\p{N}._-]{0,252}[\\p{L}\\p{N}])?|\\[[\\w.:]{3,60}\\])`;
/** An address as it stands in a sentence. */
export const ADDRESS = `${LOCAL_PART}@${DOMAIN}`;
const ADDRESSES = new RegExp(ADDRESS, "gu");
/** What a field gives as an address, though its domain could be none: it came back for that. */
const ODD_ADDRESS = /^[^\s"<>()@\p{C}]{1,128}@[^\s"<>()@,;\p{C}]{1,190}$/u;
const WHOLE_ADDRESS = new RegExp(`^${ADDRESS}$`, "u");

/** What stands before an address without a space between; Exchange writes `SMTP=bob@example.org`. */
const MARKS = /^(?:smtp=|['`*=.|-]+)(?=[^@])/i;

/** Reads `type; address`, with or without the type; null for types without an `@` (X.400, a local name). */
export function readTypedRecipient(field: string | null | undefined): string | null {
  const [, type = "", value = ""] =
    /^\s*(?:([\w-]{1,20})\s*;)?(.*)$/s.exec((field ?? "").slice(0, 1024)) ?? [];
  return readRecipient(lowerCase(type) === "utf-8" ? decodeUtf8Xtext(value) : value);
}

/** Reads one address with whatever stands around it: angle brackets, comments, a name, spaces, a source route. */
export function readRecipient(words: string): string | null {
  const path = /<([^<>]{1,320})>/.exec(words)?.[1] ?? words;
  const bare = path
    .replace(/^\s*@[^:"]{1,255}:/, "")
    .replace(/\s*@\s*/g, "@")
    .trim();
  const isWhole = bare.length <= RECIPIENT_CHARACTERS && (WHOLE_ADDRESS.test(bare) || ODD_ADDRESS.test(bare));
  if (isWhole) return withLowerCaseDomain(bare);
  return findAddresses(bare.replace(/\([^()]*\)/g, " "))[0] ?? null;
}

/** The addresses in a text, in their order, each once. */
export function findAddresses(text: string): readonly string[] {
  const found = new Set<string>();
  for (const [address] of text.matchAll(ADDRESSES)) {
    const bare = address.replace(MARKS, "");
    if (address.length <= RECIPIENT_CHARACTERS) found.add(withLowerCaseDomain(bare));
  }
  return [...found];
}

/** Whether its domain is more than a host's short name. */
export function isFullyQualified(address: string): boolean {
  return /@(?:\[|[^@]*\.)[^@]*$/.test(address);
}

/** `\x{41}` is a character, by RFC 6533, section 3. */
function decodeUtf8Xtext(text: string): string {
  return text.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (escaped, digits: string) => {
    const point = Number.parseInt(digits, 16);
    return point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ? escaped : String.fromCodePoint(point);
  });
}

function withLowerCaseDomain(address: string): string {
  const at = address.lastIndexOf("@");
  return address.slice(0, at) + lowerCase(address.slice(at));
}
