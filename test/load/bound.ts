// How much memory may grow with the mail.

import type { Growth } from "./memory.ts";

/**
 * Octets of the resident set for each message. Three runs of 100,000 had 1,546 to 1,820, one of 80,000 without mischief 466; one
 * of 60,000 in which the Worker kept 1 KiB of each message had 4,901.
 */
const PER_MESSAGE_AT_MOST = 2_400;
/** With fewer messages all of it is warming up. */
const TELLING_FROM = 50_000;

/** What is wrong with it; null where nothing is, or too little was sent to tell. */
export function findLeak(growth: Growth | null, messages: number): string | null {
  if (growth === null || messages < TELLING_FROM || growth.perMessage <= PER_MESSAGE_AT_MOST) return null;
  return `workerd's memory grew by ${Math.round(growth.perMessage)} octets a message`;
}
