// Whether a failure says that the recipient is bad (hard), that this message or its sender is unwelcome (block), or that
// something was in the way (soft): from the status (RFC 3463) and the words. Words beat the status: many servers
// answer 5.7.1 to an unknown user, and 5.1.1 to spam. Nothing here throws.

import { BLOCK_WORDS, HARD_WORDS, SOFT_WORDS, SUSPENDED_WORDS } from "./class-words.ts";
import type { Returned } from "./returned.ts";

/** Statuses of a bad recipient: its address, its host, its mailbox. 5.4.4 is a host without an address. */
const HARD_STATUS = /^5\.(?:1\.(?:[0-4]|6|10)|2\.1|4\.4)$/;
/** A mailbox that is switched off: harder than words for the same, since it was chosen among 5.2's others. */
const DISABLED_STATUS = "5.2.1";
/** Quotas, sizes, systems, networks, expiry. */
const SOFT_STATUS = /^(?:4\.\d+\.\d+|5\.(?:2\.[234]|3\.\d+|4\.\d+))$/;
const BLOCK_STATUS = /^5\.(?:6|7)\.\d+$/;

const STATUS = /(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)/;
const TEMPORARY_REPLY = /(?:^|[\s:<])4[2-5]\d[ -]/;

/** The status in an answer; null where it has none. */
export function findStatus(words: string | null): string | null {
  return STATUS.exec(words ?? "")?.[0] ?? null;
}

/** Classifies a failure. A status in the words says more than `5.0.0`, which some servers report whatever was answered. */
export function classify(given: string | null, words: string): Returned["class"] {
  const status = given?.endsWith(".0.0") ? (findStatus(words) ?? given) : given;
  const temporary = status?.startsWith("4") ?? TEMPORARY_REPLY.test(words);
  if (BLOCK_WORDS.test(words)) return "block";
  if (SOFT_WORDS.test(words) || temporary) return "soft";
  if (status === DISABLED_STATUS) return "hard";
  if (SUSPENDED_WORDS.test(words)) return "soft";
  if (HARD_WORDS.test(words)) return "hard";
  if (status === null) return "undetermined";
  if (HARD_STATUS.test(status)) return "hard";
  if (BLOCK_STATUS.test(status)) return "block";
  return SOFT_STATUS.test(status) ? "soft" : "undetermined";
}
