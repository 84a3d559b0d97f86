// The mark on mail that we forward, by which it is known should it come back: a keyed value over the original that it
// was forwarded for, so that one address may forward to another here, and none can be named by a stranger.

import { formatMailbox, type Mailbox } from "./mailbox.ts";
import { isSame, signText } from "./signature.ts";

/** Only X- fields survive forwarding. */
export const HOP_FIELD = "X-Countersign-Hop";

/** The mark of mail forwarded for an original (lower case). */
export function signHop(key: CryptoKey, original: Mailbox): Promise<string> {
  return signText(key, `hop ${formatMailbox(original)}`);
}

/**
 * Whether the message was forwarded for this original before.
 * @param field the message's hop fields, joined by commas
 * @param keys those under which it may have been signed
 */
export async function hasPassed(
  field: string | null,
  keys: readonly CryptoKey[],
  original: Mailbox,
): Promise<boolean> {
  if (field === null) return false;
  // All of them: a stranger can set any number before ours.
  const marks = field.split(",").map((mark) => mark.trim());
  for (const key of keys) {
    const own = await signHop(key, original);
    if (marks.some((mark) => isSame(mark, own))) return true;
  }
  return false;
}
