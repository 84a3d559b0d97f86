// What the relay changes in a message: it puts the signed Message-ID in, and takes out the ref that the app gave. Values in,
// values out.

import addressparser from "nodemailer/lib/addressparser";
import { readMailbox } from "../../core/mailbox.ts";
import { isTagged } from "../../core/tag.ts";
import { formatField, type Header, valuesOf, without } from "../header.ts";

/** `add`: where there is none. `replace`: always. `keep`: never. */
export type MessageIdMode = "add" | "replace" | "keep";

/** The field with which an app names its message; it goes no further than the relay. */
export const REF_FIELD = "X-Countersign-Ref";

/** What a message asks for. */
export interface Wishes {
  /** As it was given; null where none was. */
  readonly ref: string | null;
  /** Where replies go, if a signed Message-ID is to be put in; else null. */
  readonly messageIdFor: string | null;
}

/** A DKIM signature may cover the Message-ID, there or not (RFC 6376, 5.4), so it is left alone then. */
export function readWishes(header: Header, mode: MessageIdMode): Wishes {
  const [ref = null] = valuesOf(header, REF_FIELD.toLowerCase());
  const has = (name: string) => valuesOf(header, name).length > 0;
  const isWanted = mode === "replace" || (mode === "add" && !has("message-id"));
  return { ref, messageIdFor: isWanted && !has("dkim-signature") ? readFrom(header) : null };
}

/** The header as it goes on. */
export function editHeader(header: Header, messageId: string | null): Header {
  const named = without(header, REF_FIELD.toLowerCase());
  return messageId === null ? named : [...without(named, "message-id"), formatField("Message-ID", messageId)];
}

/** The one address of `From`; null where there is another number of them, or it can't be signed for. */
function readFrom(header: Header): string | null {
  const addresses = addressparser(valuesOf(header, "from").join(","), { flatten: true });
  const [from] = addresses;
  if (from === undefined || addresses.length > 1 || !("address" in from)) return null;
  const reading = readMailbox(from.address ?? "");
  return reading.kind === "mailbox" && !isTagged(reading.mailbox.localPart) ? (from.address ?? null) : null;
}
