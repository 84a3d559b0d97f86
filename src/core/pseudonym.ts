// Addresses as a log may keep them: the local-part replaced by a keyed value, the same for the same address, so that
// lines can be joined and searched and nobody is named.

import { formatMailbox, lowerCase, splitPath } from "./mailbox.ts";
import { signText } from "./signature.ts";

/** The address with a keyed value in place of its local-part; any other text as a whole. */
export async function pseudonymOf(key: CryptoKey, address: string): Promise<string> {
  const localPart = await signText(key, `address ${lowerCase(address)}`);
  return formatMailbox({ localPart, domain: splitPath(address)?.domain ?? "" });
}

/** The text with every address in it replaced. */
export async function replaceAddresses(key: CryptoKey, text: string): Promise<string> {
  const found = new Set(text.match(/[^\s<>(),:;]+@[a-z0-9.-]+/gi));
  let replaced = text;
  for (const address of found) replaced = replaced.replaceAll(address, await pseudonymOf(key, address));
  return replaced;
}
