// A message's identity: the same for each invocation of the handler with it, so that whatever is kept of it is kept once.

import { encodeBase32 } from "./base32.ts";
import type { MailHeaders } from "./report.ts";

/** 80 bits: of a billion messages no two are likely to share one. */
const OCTETS = 10;

/** 16 base32 digits of SHA-256 over the envelope, Message-ID, Date and size; lengths keep the parts apart. */
export async function digestMessage(message: {
  readonly reversePath: string;
  readonly forwardPath: string;
  readonly headers: MailHeaders;
  readonly sizeOctets: number;
}): Promise<string> {
  const { reversePath, forwardPath, headers, sizeOctets } = message;
  const parts = [reversePath, forwardPath, headers.get("message-id"), headers.get("date"), `${sizeOctets}`];
  const text = parts.map((part) => (part === null ? "-" : `${part.length}:${part}`)).join("");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return encodeBase32(new Uint8Array(digest).subarray(0, OCTETS));
}
