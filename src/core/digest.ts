// A message's identity: the same for each invocation of the handler with it, so that whatever is kept of it is kept once.

import { encodeBase32 } from "./base32.ts";
import type { MailHeaders } from "./report.ts";

/** 80 bits: of a billion messages no two are likely to share one. */
const OCTETS = 10;
const [CR, LF] = [0x0d, 0x0a];

/** 40 bits more, where the body is read. */
const BODY_OCTETS = 5;

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
  return digest(new TextEncoder().encode(text), OCTETS);
}

/**
 * The identity of a message whose first octets are read. Robots leave the Message-ID out, and whoever has one message
 * can send others under its Message-ID: those differ in their bodies. Header fields are added on the way, so they count only
 * where nothing else is among these octets: a body could be hidden behind any number of them.
 * @param isCut whether the message has more octets
 */
export async function digestWhole(
  id: string,
  head: Uint8Array<ArrayBuffer>,
  isCut: boolean,
): Promise<string> {
  const body = findBody(head);
  const told = isCut && body === head.length ? 0 : body;
  return `${id}-${await digest(head.subarray(told), BODY_OCTETS)}`;
}

/** Where the body begins: behind the first empty line. */
function findBody(head: Uint8Array): number {
  for (let at = head.indexOf(LF); at >= 0; at = head.indexOf(LF, at + 1)) {
    const next = head[at + 1] === CR ? at + 2 : at + 1;
    if (head[next] === LF) return next + 1;
  }
  return head.length;
}

async function digest(octets: BufferSource, length: number): Promise<string> {
  const sha256 = await crypto.subtle.digest("SHA-256", octets);
  return encodeBase32(new Uint8Array(sha256).subarray(0, length));
}
