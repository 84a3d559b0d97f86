// Mailboxes, read as a second reader of the grammar reads them that knows no regular expressions.

import fc from "fast-check";
import { expect } from "vitest";
import {
  formatMailbox,
  isDomain,
  isLocalPart,
  lowerCase,
  readMailbox,
  splitPath,
} from "../../../src/core/mailbox.ts";
import { readSignable } from "../../../src/core/mint.ts";
import { address, domain, localPart, tagged } from "../addresses.ts";
import { mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ALNUM = `${LETTERS}0123456789`;
const ATEXT = `${ALNUM}!#$%&'*+-/=?^_\`{|}~`;

const isMadeOf = (text: string, characters: string) => [...text].every((one) => characters.includes(one));

/** RFC 5321, 4.1.2: a Dot-string. */
function isDotString(text: string): boolean {
  return text.length <= 64 && text.split(".").every((part) => part !== "" && isMadeOf(part, ATEXT));
}

/** RFC 5321, 4.1.2, with the bounds of RFC 1035. */
function isName(text: string): boolean {
  const isLabel = (part: string) =>
    part.length > 0 &&
    part.length <= 63 &&
    isMadeOf(part, `${ALNUM}-`) &&
    !part.startsWith("-") &&
    !part.endsWith("-");
  return text.length <= 253 && text.split(".").every(isLabel);
}

function check(text: string): void {
  const at = text.lastIndexOf("@");
  const [local, host] = at < 0 ? ["", ""] : [text.slice(0, at), text.slice(at + 1)];
  expect(isLocalPart(local)).toBe(isDotString(local));
  expect(isDomain(host)).toBe(isName(host));
  expect(splitPath(text)).toEqual(at < 0 ? null : { localPart: local, domain: host });
  const reading = readMailbox(text);
  expect(reading.kind === "mailbox").toBe(
    at >= 0 && isDotString(local) && isName(host) && text.length <= 254,
  );
  if (reading.kind === "fault") {
    // It goes into answers: one line that never repeats what was given.
    expect(reading.detail).toMatch(/^[ -~]{1,200}$/);
    return;
  }
  expect(formatMailbox(reading.mailbox)).toBe(text);
  expect(readMailbox(lowerCase(text)).kind).toBe("mailbox");
  const signable = readSignable("address", text);
  if (signable.kind === "fault") expect(signable.fault.field).toBe("address");
  else expect(formatMailbox(signable.mailbox)).toBe(text.toLowerCase());
}

const texts = fc.oneof(
  address,
  fc.tuple(tagged, domain).map((parts) => parts.join("@")),
  fc.tuple(localPart, localPart, domain).map((parts) => parts.join("@")),
);

export const mailbox = target({
  name: "mailbox",
  inputs: mutated(seeded("mailbox", texts), ["@", "..", ".", "-", "@example.com", '"', "[::1]"]),
  check,
  runs: 3_000,
});
