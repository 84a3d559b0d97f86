// The fields of a delivery status (RFC 3464, 2) as groups: one for the message, one for each recipient. Takes them from
// a part of their own or out of any other text, quoted or not, with the empty lines misplaced. Never throws.

import { lowerCase } from "../core/mailbox.ts";
import { FINDINGS_AT_MOST } from "./returned.ts";

/** Fields by their name in lower case; the first of a name counts. */
export type FieldGroup = ReadonlyMap<string, string>;

const QUOTE = /^(?:[>|] ?)+/;
const FIELD =
  /^\s{0,8}((?:final|original|x-actual)-recipient|action|status|diagnostic-code|reporting-mta|(?:x-)?original-message-id)\s{0,8}:(.*)$/i;
/** nullmailer does not indent the further lines of an SMTP reply. */
const CONTINUATION = /^(?:[ \t]|[245]\d\d[ -])/;
const FIELD_CHARACTERS = 4096;
/** These start the next recipient where the group has one already. */
const STARTS = new Set(["final-recipient", "original-recipient", "action"]);

/** Reads the groups of fields. A group that tells no recipient is kept: the message's own, or one that was torn apart. */
export function readFieldGroups(text: string): readonly FieldGroup[] {
  const groups: Map<string, string>[] = [];
  let group = new Map<string, string>();
  let last: string | null = null;
  const close = () => {
    if (group.size > 0) groups.push(group);
    group = new Map();
    last = null;
  };
  for (const quoted of text.split(/\r?\n/)) {
    if (groups.length > FINDINGS_AT_MOST) break;
    const line = quoted.replace(QUOTE, "");
    const [, written, value = ""] = FIELD.exec(line) ?? [];
    if (written !== undefined) {
      const name = lowerCase(written);
      if (group.has(name) && STARTS.has(name)) close();
      last = group.has(name) ? null : name;
      if (last !== null) group.set(name, value.trim().slice(0, FIELD_CHARACTERS));
    } else if (line.trim() === "") close();
    else if (last !== null && CONTINUATION.test(line)) {
      group.set(last, `${group.get(last)} ${line.trim()}`.slice(0, FIELD_CHARACTERS));
    } else last = null;
  }
  close();
  return mendTorn(groups);
}

/** An empty line within a recipient's group tears it in two; the second half has no recipient but tells a status. */
function mendTorn(groups: readonly Map<string, string>[]): readonly FieldGroup[] {
  const mended: Map<string, string>[] = [];
  for (const group of groups) {
    const before = mended.at(-1);
    if (before !== undefined && hasRecipient(before) && !hasRecipient(group) && !before.has("action")) {
      for (const [name, value] of group) if (!before.has(name)) before.set(name, value);
    } else mended.push(group);
  }
  return mended;
}

export function hasRecipient(group: FieldGroup): boolean {
  return group.has("final-recipient") || group.has("original-recipient") || group.has("x-actual-recipient");
}
