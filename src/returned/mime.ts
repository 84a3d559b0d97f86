// A returned message taken apart, within bounds: its header, what a person would read, its other parts as text. What
// postal-mime will not take is read as one plain text. Never throws, never rejects.

import PostalMime, { type Attachment, type Email } from "postal-mime";
import { lowerCase } from "../core/mailbox.ts";
import type { MailHeaders } from "../core/report.ts";
import { type HeaderBlock, readHeaderBlock } from "./header-block.ts";
import { readHtml } from "./html.ts";

/** What is looked at; 64 KiB tell as much as the whole of a bounce in 878 of 878. */
export const HEAD_OCTETS = 64 * 1024;

/** Lines that are looked at. To postal-mime an empty one costs as much as any other, and 64 KiB of them half a second. */
const LINES_AT_MOST = 4000;
/** Octets of all parts' headers together. Those of real reports have up to 20 KiB; an address field takes quadratic time. */
const HEADER_OCTETS = 32 * 1024;
/** Levels of multiparts. Real reports have three. */
const NESTING_AT_MOST = 10;
/** Parts that are looked at. A report has three, a digest of them some more. */
const PARTS_AT_MOST = 20;

export interface Part {
  /** Its media type, in lower case. */
  readonly type: string;
  readonly text: string;
}

export interface Mail {
  readonly headers: MailHeaders;
  readonly text: string;
  readonly parts: readonly Part[];
}

const utf8 = new TextDecoder();

/** Takes the first 64 KiB of a message apart. */
export async function readMail(octets: Uint8Array): Promise<Mail> {
  const head = cut(octets.subarray(0, HEAD_OCTETS));
  try {
    const email = await PostalMime.parse(head, {
      forceRfc822Attachments: true,
      maxNestingDepth: NESTING_AT_MOST,
      maxHeadersSize: HEADER_OCTETS,
    });
    const mail = mailOf(email);
    if (mail.text.trim() !== "" || mail.parts.length > 0) return mail;
  } catch {
    // Too deep, or a charset that no decoder knows.
  }
  return readPlainMail(utf8.decode(head));
}

function cut(octets: Uint8Array): Uint8Array {
  let end = -1;
  for (let lines = 0; lines < LINES_AT_MOST; lines++) {
    end = octets.indexOf(0x0a, end + 1);
    if (end < 0) return octets;
  }
  return octets.subarray(0, end);
}

function mailOf(email: Email): Mail {
  const block = new Map<string, string[]>();
  for (const { key, value } of email.headers) {
    const values = block.get(key);
    if (values === undefined) block.set(key, [value]);
    else values.push(value);
  }
  return {
    headers: headersOf(block),
    text: email.text ?? readHtml(email.html ?? ""),
    parts: email.attachments.slice(0, PARTS_AT_MOST).flatMap(partOf),
  };
}

function partOf({ mimeType, content }: Attachment): Part[] {
  const type = lowerCase(mimeType);
  if (typeof content === "string" || !/^(?:message|text)\//.test(type)) return [];
  const text = utf8.decode(content);
  return [{ type, text: type === "text/html" ? readHtml(text) : text }];
}

function readPlainMail(text: string): Mail {
  const end = /\r?\n\r?\n/.exec(text);
  const body = end === null ? "" : text.slice(end.index + end[0].length);
  return { headers: headersOf(readHeaderBlock(text)), text: body, parts: [] };
}

function headersOf(block: HeaderBlock): MailHeaders {
  return { get: (name) => block.get(lowerCase(name))?.[0] ?? null };
}
