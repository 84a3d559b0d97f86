// A message on its way through: envelope and headers read, its identity known, its first octets read once and only on demand.

import { digestMessage, digestWhole } from "../core/digest.ts";
import type { Mail } from "../core/judge.ts";
import { isDomain, splitPath } from "../core/mailbox.ts";
import { HEAD_OCTETS } from "../returned/read-returned.ts";
import { readHead } from "./head.ts";
import type { IncomingMessage } from "./message.ts";

export interface Arrival {
  readonly message: IncomingMessage;
  /** Null where the forward-path can't be of any domain. */
  readonly mail: Mail | null;
  /** The same each time the platform hands over this message. */
  readonly id: string;
  /** When it came, in milliseconds since 1970. */
  readonly now: number;
  /** Its first octets, read once; the handler must not have returned before. */
  readonly head: () => Promise<Uint8Array<ArrayBuffer>>;
  /** Its identity, by its body too. */
  readonly wholeId: () => Promise<string>;
}

/** Takes a message in at an instant, in milliseconds since 1970. */
export async function takeIn(message: IncomingMessage, now: number): Promise<Arrival> {
  const id = await digestMessage({
    reversePath: message.from,
    forwardPath: message.to,
    headers: message.headers,
    sizeOctets: message.rawSize,
  });
  return { message, mail: readMail(message), id, now, ...readOnce(message, id) };
}

function readOnce(message: IncomingMessage, id: string): Pick<Arrival, "head" | "wholeId"> {
  let read: ReturnType<Arrival["head"]> | null = null;
  const head = () => {
    read ??= readHead(message, HEAD_OCTETS);
    return read;
  };
  return { head, wholeId: async () => digestWhole(id, await head(), message.rawSize > HEAD_OCTETS) };
}

function readMail(message: IncomingMessage): Mail | null {
  const forwardPath = splitPath(message.to.replace(/^<(.*)>$/s, "$1"));
  if (forwardPath === null || !isDomain(forwardPath.domain)) return null;
  return { reversePath: message.from, forwardPath, headers: message.headers };
}
