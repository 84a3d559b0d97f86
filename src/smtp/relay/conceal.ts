// Texts of other servers without what they repeat of ours: a tag or a signed Message-ID in the log would let its reader send
// bounces. Values in, values out.

import { redactTags } from "../../core/tag.ts";

// A text may be cut within either.
const TAG = /(prvs|cs1)((?:=|%3D|=3D)+)(?:[0-9a-z-]{10,}|[0-9a-z-]+$)/gi;
const MESSAGE_ID = /cs1\.[0-9a-z]{5}\.[a-z2-7]{16}\.(?:[a-z2-7]{16}|[a-z2-7]*$)/gi;
/** A token of the API's, which an answer might repeat. */
const TOKEN = /cs_[0-9a-z_]+/gi;

/** Characters of a tag's value that tell nothing yet: its key and its day. */
const LEAST = 5;

/** @param paths reverse-paths and forward-paths that the text may repeat in part, in whatever encoding */
export function conceal(text: string, paths: readonly string[]): string {
  // What stands between the first two `=`: no encoding of an address changes letters and digits.
  const values = paths.map((path) => /(?:prvs|cs1)=([0-9a-z-]+)/i.exec(path)?.[1]);
  let concealed = text.replace(TAG, "$1$2…").replace(MESSAGE_ID, "cs1.…").replace(TOKEN, "cs_…");
  for (const value of values) {
    if (value === undefined) continue;
    concealed = dropBeginning(concealed.replaceAll(new RegExp(value, "gi"), "…"), value);
  }
  return redactTags(concealed);
}

/** The text without the beginning of a value at which it is cut. */
function dropBeginning(text: string, value: string): string {
  const [folded, whole] = [text.toLowerCase(), value.toLowerCase()];
  for (let length = whole.length - 1; length >= LEAST; length--) {
    if (folded.endsWith(whole.slice(0, length))) return `${text.slice(0, -length)}…`;
  }
  return text;
}
