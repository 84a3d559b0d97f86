// A webhook after the Standard Webhooks specification: where it may point, how a delivery is signed, when it is tried
// again, what an answer to it means. No I/O, no clock, no randomness.

import { isDomain, lowerCase } from "./mailbox.ts";

export type WebhookUrlReading =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "fault"; readonly detail: string };

/** What becomes of a delivery by the status of its answer. `gone`: the receiver wants no more of them. */
export type Meaning = "delivered" | "gone" | "failed";

/** Octets of randomness in a secret that we make; Standard Webhooks asks for 24 to 64. */
export const WEBHOOK_SECRET_OCTETS = 32;

/** Octets in a URL, which goes to storage and back to whoever asks. */
const URL_OCTETS = 2_048;
const SECRET_PREFIX = "whsec_";
const LOCAL_URL = /^http:\/\/127\.0\.0\.1(?::[0-9]+)?(?:[/?]|$)/i;

/**
 * Last labels of names that public DNS does not have: those set aside (RFC 2606, 6761, 6762, 7686, 8375 and 9476), those
 * that ICANN will never delegate, and those that private networks use all the same. A stranger's webhook must reach
 * nothing that answers to them. `example` is left out: it answers nowhere.
 */
const NOT_PUBLIC: ReadonlySet<string> = new Set(
  "alt arpa corp home internal intranet invalid lan local localdomain localhost mail onion private svc test".split(
    " ",
  ),
);

/** Waits before each attempt, in seconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; the first is made at once. */
const WAITS_S = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
/** By how much chance lengthens a wait at the most, so that what failed together does not come back together. */
const JITTER = 0.2;

const UTF8 = new TextEncoder();

/**
 * Reads where a webhook points: `https:` and a DNS name. Nothing is looked up, so a public name may well have a private
 * address; Cloudflare's network does not connect to those.
 * @param allowLocal admits `http://127.0.0.1` too
 * @returns the URL as it is requested; the fault is a sentence that says what to change
 */
export function readWebhookUrl(text: string, allowLocal: boolean): WebhookUrlReading {
  const fault = findTextFault(text, allowLocal);
  if (fault !== null) return { kind: "fault", detail: fault };
  const url = URL.parse(text);
  if (url === null) return { kind: "fault", detail: "It is no valid URL." };
  // Looked at as the parser has it too, though by `http:` no other text was let through.
  const isLocal = url.protocol === "http:" && url.hostname === "127.0.0.1";
  const detail = (isLocal ? null : findHostFault(url.hostname)) ?? findLengthFault(url.href);
  return detail === null ? { kind: "url", url: url.href } : { kind: "fault", detail };
}

/** A new secret as its text, of fresh random octets. */
export function makeWebhookSecret(random: Uint8Array): string {
  return SECRET_PREFIX + encodeBase64(random);
}

/**
 * The `webhook-signature` of a delivery: HMAC-SHA-256 over id, timestamp and body.
 * @param timestampS seconds since 1970, as sent in `webhook-timestamp`
 * @throws where the secret is not `whsec_` and base64; what is thrown does not quote it
 */
export async function signWebhook(
  secret: string,
  id: string,
  timestampS: number,
  body: string,
): Promise<string> {
  const octets = decodeSecret(secret);
  const key = await crypto.subtle.importKey("raw", octets, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const mac = await crypto.subtle.sign("HMAC", key, UTF8.encode(`${id}.${timestampS}.${body}`));
  return `v1,${encodeBase64(new Uint8Array(mac))}`;
}

/**
 * When a delivery is due again; null where it is given up.
 * @param attempts how many were made; before the first it is due at once
 * @param jitter 0 to 1, by chance
 */
export function retryDueAt(attempts: number, now: number, jitter: number): number | null {
  const waitS = WAITS_S[attempts];
  return waitS === undefined ? null : now + Math.round(waitS * 1_000 * (1 + JITTER * jitter));
}

export function judgeAnswer(status: number): Meaning {
  if (status >= 200 && status <= 299) return "delivered";
  return status === 410 ? "gone" : "failed";
}

/** What is wrong with the text itself: all that a URL parser would make good without a word. */
function findTextFault(text: string, allowLocal: boolean): string | null {
  const long = findLengthFault(text);
  if (long !== null) return long;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u0020\u007f\\]/.test(text)) return "It has a space, a control character or a backslash.";
  if (text.includes("#")) return "It has a fragment, which is never sent: leave out # and what follows.";
  const isLocal = allowLocal && LOCAL_URL.test(text);
  const authority = (isLocal ? /^http:\/\/([^/?]+)/i : /^https:\/\/([^/?]+)/i).exec(text)?.[1];
  if (authority === undefined) {
    return `It does not begin with https:// and a name${allowLocal ? ", nor is it at http://127.0.0.1" : ""}.`;
  }
  if (authority.includes("@")) return "It has user information: leave out @ and what is before it.";
  return null;
}

/** What is wrong with the host as the parser reads it: lower case, IDNs in punycode, IPv4 in any spelling dotted. */
function findHostFault(host: string): string | null {
  const labels = host.split(".");
  const last = lowerCase(labels.at(-1) ?? "");
  if (host.startsWith("[") || /^[0-9]+$/.test(last)) {
    return "Its host is an IP address: a DNS name is expected.";
  }
  if (last === "") return "Its host ends with a dot: leave that out.";
  if (!isDomain(host)) return "Its host is no DNS name.";
  if (NOT_PUBLIC.has(last)) return `Its host is no public name: ${last} is not in public DNS.`;
  if (labels.length < 2) return "Its host is no public name: it has no dot.";
  return null;
}

function findLengthFault(text: string): string | null {
  const octets = UTF8.encode(text).length;
  return octets > URL_OCTETS ? `It has ${octets} octets; ${URL_OCTETS} are the limit.` : null;
}

function decodeSecret(secret: string): Uint8Array<ArrayBuffer> {
  try {
    const octets = Uint8Array.from(atob(secret.slice(SECRET_PREFIX.length)), (octet) => octet.charCodeAt(0));
    if (secret.startsWith(SECRET_PREFIX) && octets.length > 0) return octets;
  } catch {
    // It is said below.
  }
  throw new Error(`The webhook's secret is not ${SECRET_PREFIX} and base64.`);
}

function encodeBase64(octets: Uint8Array): string {
  return btoa(String.fromCharCode(...octets));
}
