// The message that came back: what its own header tells, wherever the report carries it. Never throws.

import { decodeWords } from "postal-mime";
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
/** What was posted to a list or newsgroup went to its subscribers, whatever its `To:` says. Newsletters have none of these. */
const LIST_FIELDS = ["list-post", "x-beenthere", "newsgroups"];
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

/** A Message-ID in its angle brackets; null where it has none. Python's mail package writes a long one as encoded words. */
export function readMessageId(words: string | null | undefined): string | null {
  return /<[^\s<>\p{C}]{1,996}>/u.exec(decodeWords((words ?? "").slice(0, HEADER_CHARACTERS)))?.[0] ?? null;
}

/** The last Message-ID field of a text, whatever it is about. */
export function findLastMessageId(text: string): string | null {
  return readMessageId([...text.matchAll(/^message-id:(.*(?:\r?\n[ \t].*)?)/gim)].at(-1)?.[1]);
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
