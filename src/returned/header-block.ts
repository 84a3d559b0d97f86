// Header fields at the start of a text: those of a returned message, or of one that is no MIME. Bounded; never throws.

import { lowerCase } from "../core/mailbox.ts";

/** Fields by their name in lower case, each with all its values. */
export type HeaderBlock = ReadonlyMap<string, readonly string[]>;

const FIELDS_AT_MOST = 500;
const FIELD = /^[> \t]{0,8}([A-Za-z][\w-]{0,60})[ \t]*:(.*)$/;

/** Reads fields up to the first empty line after one. Lines that are neither field nor continuation are skipped. */
export function readHeaderBlock(text: string): HeaderBlock {
  const block = new Map<string, string[]>();
  let values: string[] | null = null;
  for (const line of text.split(/\r?\n/, FIELDS_AT_MOST)) {
    if (line.trim() === "") {
      if (block.size > 0) break;
      continue;
    }
    const last: number = (values?.length ?? 0) - 1;
    if (/^[ \t]/.test(line) && values !== null) {
      values[last] = `${values[last]} ${line.trim()}`;
      continue;
    }
    const [, name, value = ""] = FIELD.exec(line) ?? [];
    if (name === undefined) continue;
    const key = lowerCase(name);
    values = block.get(key) ?? [];
    values.push(value.trim());
    block.set(key, values);
  }
  return block;
}
