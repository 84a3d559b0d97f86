// Signed Message-IDs in a reply's headers: found as a second reader finds them, in encoded words too, and no more of them tried
// than is said.

import fc from "fast-check";
import { expect } from "vitest";
import type { OpenKey } from "../../../src/core/keyring.ts";
import { readMessageIds, type SignedMessageId, validateMessageIds } from "../../../src/core/message-id.ts";
import { NOW, openPlain, snapshotOf } from "../../core/fixtures.ts";
import { domain } from "../addresses.ts";
import { cutAt, cuts, mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Reply {
  readonly inReplyTo: string | null;
  readonly references: string | null;
  /** A signed Message-ID, where it is cut into encoded words, and which encoding each gets. */
  readonly wrapped: {
    readonly id: string;
    readonly cuts: readonly number[];
    readonly encodings: readonly string[];
  };
}

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const isMadeOf = (text: string, characters: string) => [...text].every((one) => characters.includes(one));
const fold = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Every text in angle brackets of that form, in its order. */
function find(header: string): SignedMessageId[] {
  return header
    .split("<")
    .slice(1)
    .flatMap((piece) => {
      const end = piece.indexOf(">");
      if (end < 0) return [];
      const [left = "", host = "", ...more] = fold(piece.slice(0, end)).split("@");
      const [type, head = "", nonce = "", mac = "", ref, ...others] = left.split(".");
      const [key, day] = [head.slice(0, 1), head.slice(1)];
      const isForm =
        more.length === 0 &&
        others.length === 0 &&
        type === "cs1" &&
        key !== "" &&
        isMadeOf(key, "0123456789") &&
        day.length === 4 &&
        nonce.length === 16 &&
        mac.length === 16 &&
        isMadeOf(day + nonce + mac, BASE32) &&
        (ref === undefined ||
          (ref.length >= 1 && ref.length <= 24 && isMadeOf(ref, `${LETTERS}0123456789-`))) &&
        host.length >= 1 &&
        host.length <= 253 &&
        isMadeOf(host, `${LETTERS}0123456789.-`);
      if (!isForm) return [];
      const expiryDay = [...day].reduce((sum, digit) => sum * 32 + BASE32.indexOf(digit), 0);
      return [{ key: Number(key), expiryDay, nonce, mac, ref: ref ?? null, domain: host }];
    });
}

function expectIds(inReplyTo: string, references: string): SignedMessageId[] {
  const all = [...find(inReplyTo.slice(0, 16_384)), ...find(references.slice(-16_384)).reverse()];
  const unique = new Map(all.map((id) => [JSON.stringify(id), id]));
  return [...unique.values()].slice(0, 8);
}

function encodeWord(text: string, encoding: string): string {
  const quoted = text.replace(
    /[^A-Za-z0-9]/g,
    (one) => `=${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
  return encoding.toLowerCase() === "q"
    ? `=?utf-8?${encoding}?${quoted}?=`
    : `=?us-ascii?${encoding}?${btoa(text)}?=`;
}

async function check({ inReplyTo, references, wrapped }: Reply): Promise<void> {
  const found = readMessageIds(inReplyTo, references);
  expect(found.length).toBeLessThanOrEqual(8);
  if (!`${inReplyTo}${references}`.includes("=?")) {
    expect(found).toEqual(expectIds(inReplyTo ?? "", references ?? ""));
  }
  let opened = 0;
  const open: OpenKey = (...asked) => {
    opened++;
    return openPlain(...asked);
  };
  const original = { localPart: "user", domain: "example.com" };
  const finding = await validateMessageIds(found, original, snapshotOf(), open, NOW);
  // Nobody here has the key.
  expect(finding.kind).not.toBe("valid");
  expect(opened).toBeLessThanOrEqual(8);

  const words = cutAt(wrapped.id, wrapped.cuts).filter((piece) => piece !== "");
  const encoded = words
    .map((piece, at) => encodeWord(piece, wrapped.encodings[at % wrapped.encodings.length] ?? "q"))
    .join(" ");
  if (encoded.length > 2_048) return;
  const [own] = find(wrapped.id);
  expect(own).toBeDefined();
  expect(readMessageIds(encoded, null)).toEqual([own]);
  expect(readMessageIds(null, encoded)).toEqual([own]);
}

const base32 = (digits: number) => fc.stringMatching(new RegExp(`^[a-z2-7]{${digits}}$`));
const signedId = fc
  .tuple(
    fc.nat(9),
    fc.oneof(base32(4), fc.constant("aukl")),
    base32(16),
    base32(16),
    fc.option(fc.stringMatching(/^[a-z0-9-]{1,24}$/)),
    fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/),
  )
  .map(
    ([key, day, nonce, mac, ref, host]) =>
      `<cs1.${key}${day}.${nonce}.${mac}${ref === null ? "" : `.${ref}`}@${host}>`,
  );
const anyId = fc.oneof(
  signedId,
  fc.tuple(fc.stringMatching(/^[a-z0-9.]{1,20}$/), domain).map(([left, host]) => `<${left}@${host}>`),
);
const header = mutated(
  fc.array(anyId, { maxLength: 12 }).map((ids) => ids.join(" ")),
  [
    "<cs1.",
    ">",
    "@example.com>",
    ".",
    "cs1",
    "CS1.",
    "=?utf-8?q?=3C?=",
    "=?",
    "?=",
    "=?us-ascii?b?PGNzMS4=?=",
    "\r\n ",
  ],
);

const inputs: fc.Arbitrary<Reply> = fc.record({
  inReplyTo: fc.option(header),
  references: fc.option(header),
  wrapped: fc.record({
    id: signedId,
    cuts,
    encodings: fc.array(fc.constantFrom("q", "Q", "b", "B"), { minLength: 1, maxLength: 4 }),
  }),
});

export const messageId = target({
  name: "message-id",
  inputs: seeded("message-id", inputs),
  check,
  runs: 800,
});
