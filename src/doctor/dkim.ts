// The keys that the domain's signatures are checked with (DKIM, RFC 6376, 3.6.1). Never throws.

import { type DnsCheck, pass, quote, readRecords, readTags, warn } from "./check.ts";
import type { LookUp } from "./resolver.ts";

/** Bits of an RSA key: below these nobody may take it, below those it is weak (RFC 8301, 3.2). */
const BITS_AT_LEAST = 1024;
const BITS_ADVISED = 2048;
const ED25519_OCTETS = 32;

const ID = "dkim";

/** Checks the key of each selector. */
export async function checkDkim(
  domain: string,
  selectors: readonly string[],
  lookUp: LookUp,
): Promise<DnsCheck> {
  if (selectors.length === 0) {
    return warn(ID, "No selector is known: name those that your mail is signed with in dkimSelectors.");
  }
  const found = await Promise.all(
    selectors.map((selector) => checkSelector(`${selector}._domainkey.${domain}`, lookUp)),
  );
  const detail = found.map((check, index) => `${selectors[index]}: ${check.detail}`).join(" ");
  return { id: ID, status: found.every(({ status }) => status === "pass") ? "pass" : "warn", detail };
}

async function checkSelector(name: string, lookUp: LookUp): Promise<DnsCheck> {
  const reading = await readRecords(lookUp, name, "TXT");
  if (reading.kind === "fault") return warn(ID, reading.detail);
  const [record, second] = reading.records;
  if (record === undefined) return warn(ID, `There is no TXT record at ${name}.`);
  if (second !== undefined) return warn(ID, "There are several records: leave one (RFC 6376, 3.6.2.2).");
  const tags = readTags(record);
  const key = tags?.get("p")?.replace(/\s/g, "");
  if (tags === null || key === undefined) return warn(ID, `This is no key record: ${quote(record)}`);
  const fault = findTagFault(tags, key);
  return fault === null ? checkKey(tags.get("k") ?? "rsa", key) : warn(ID, fault);
}

/** What keeps a verifier from taking the record, whatever the key is. */
function findTagFault(tags: ReadonlyMap<string, string>, key: string): string | null {
  const lists = (tag: string, pattern: RegExp, whereMissing: string) =>
    (tags.get(tag) ?? whereMissing).split(":").some((item) => pattern.test(item.trim()));
  if (tags.has("v") && [...tags][0]?.join("=") !== "v=DKIM1") return "v must be DKIM1, and first.";
  if (key === "") return "The key is revoked: sign with another.";
  if (!lists("s", /^(?:\*|email)$/, "*")) return "The key is not for email (s).";
  return lists("t", /^y$/, "") ? "The key is being tested, and counts for nothing: take out t=y." : null;
}

async function checkKey(type: string, key: string): Promise<DnsCheck> {
  const octets = decodeBase64(key);
  if (type === "ed25519" && octets.length === ED25519_OCTETS) return pass(ID, "Ed25519.");
  const bits = type === "rsa" ? await countBits(octets) : null;
  if (bits === null) return warn(ID, `This is no key of the kind ${quote(type)} in base64: ${quote(key)}`);
  if (bits < BITS_AT_LEAST) return warn(ID, `RSA of ${bits} bits is void: make a key of ${BITS_ADVISED}.`);
  return pass(ID, `RSA of ${bits} bits${bits < BITS_ADVISED ? `; ${BITS_ADVISED} are advised` : ""}.`);
}

/** The length of an RSA key's modulus; null where it is no such key. */
async function countBits(octets: Uint8Array<ArrayBuffer>): Promise<number | null> {
  try {
    const kind = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("spki", octets, kind, true, ["verify"]);
    return (key.algorithm as { modulusLength?: number }).modulusLength ?? null;
  } catch {
    return null;
  }
}

/** Nothing where it is no base64. */
function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (octet) => octet.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
