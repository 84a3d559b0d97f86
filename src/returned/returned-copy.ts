// The message that came back: what its own header tells, wherever the report carries it. Never throws.

import { type HeaderBlock, readHeaderBlock } from "./header-block.ts";
import type { Part } from "./mime.ts";
import { findAddresses } from "./recipient.ts";

/** What is known of the message that came back. */
export interface Copy {
  readonly messageId: string | null;
  /** Where it went, so far as it names one address alone. */
  readonly recipient: string | null;
  /** Whoever wrote it; no recipient of a failure. */
  readonly senders: ReadonlySet<string>;
}

const COPY = /^(?:message\/(?:rfc822|global|global-headers|rfc822-headers|partial)|text\/rfc822-headers?)$/;
/** Where a server or client wrote the envelope's recipient comes before what the author wrote. */
const RECIPIENT_FIELDS = ["x-envelope-to", "envelope-to", "x-rcpt-to", "to"];
/** A list's or newsgroup's copy went to its subscribers, whatever its `To:` says. */
const LIST_FIELDS = ["list-id", "list-post", "newsgroups"];
const SENDER_FIELDS = ["from", "sender", "return-path", "reply-to"];
const HEADER_CHARACTERS = 4096;

/** Reads the header of the copy: a part of its own, else what stands below the report in the text. */
export function readCopy(parts: readonly Part[], quoted: string): Copy {
  const texts = [...parts.filter(({ type }) => isCopy(type)).map(({ text }) => text), quoted];
  const blocks = texts.map(readHeaderBlock).filter((block) => block.size > 0);
  return {
    messageId: first(blocks.map(messageIdOf)),
    recipient: first(blocks.map(recipientOf)),
    senders: new Set(blocks.flatMap((block) => SENDER_FIELDS.flatMap((name) => addressesOf(block, name)))),
  };
}

/** Whether a part of that type is the message that came back, or its header. */
export function isCopy(type: string): boolean {
  return COPY.test(type);
}

/** A Message-ID in its angle brackets; null where it has none. */
export function readMessageId(words: string | null | undefined): string | null {
  return /<[^\s<>\p{C}]{1,996}>/u.exec((words ?? "").slice(0, HEADER_CHARACTERS))?.[0] ?? null;
}

function messageIdOf(block: HeaderBlock): string | null {
  return readMessageId(block.get("message-id")?.[0]);
}

function recipientOf(block: HeaderBlock): string | null {
  if (LIST_FIELDS.some((name) => block.has(name))) return null;
  for (const name of RECIPIENT_FIELDS) {
    const [address, ...more] = addressesOf(block, name);
    if (address !== undefined) return more.length === 0 ? address : null;
  }
  return null;
}

function addressesOf(block: HeaderBlock, name: string): readonly string[] {
  return findAddresses((block.get(name) ?? []).join(", ").slice(0, HEADER_CHARACTERS));
}

function first<T>(values: readonly (T | null)[]): T | null {
  return values.find((value) => value !== null) ?? null;
}
