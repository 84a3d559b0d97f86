// Tags in a local-part, read as a second reader reads them that goes character by character.

import fc from "fast-check";
import { expect } from "vitest";
import { formatTag, isTagged, readTag, redactTags, type Tag } from "../../../src/core/tag.ts";
import { localPart, TAG_WORDS, tagged } from "../addresses.ts";
import { mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const LOWER = "abcdefghijklmnopqrstuvwxyz";

/** Of ASCII alone. */
const fold = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const isMadeOf = (text: string, characters: string) => [...text].every((one) => characters.includes(one));

interface Expected {
  readonly kind: "untagged" | "malformed" | "tagged";
  readonly localPart: string;
  readonly tag?: Tag;
}

function expectReading(text: string): Expected {
  const folded = fold(text);
  const type = ["prvs", "cs1"].find((name) => folded.startsWith(`${name}=`));
  if (type !== undefined) {
    const [, value, ...rest] = text.split("=");
    const original = rest.join("=");
    return original === ""
      ? { kind: "malformed", localPart: text }
      : expectValue(type, value ?? "", original);
  }
  for (let at = text.length; at > 0; at--) {
    const behind = ["prvs", "cs1"].find((name) => folded.startsWith(`+${name}=`, at));
    if (behind !== undefined)
      return expectValue(behind, text.slice(at + behind.length + 2), text.slice(0, at));
  }
  return { kind: "untagged", localPart: text };
}

function expectValue(type: string, value: string, original: string): Expected {
  const folded = fold(value);
  const malformed: Expected = { kind: "malformed", localPart: original };
  const key = folded.slice(0, 1);
  if (key === "" || !isMadeOf(key, "0123456789")) return malformed;
  if (type === "prvs") {
    const [residue, mac] = [folded.slice(1, 4), folded.slice(4)];
    const isRight =
      folded.length === 10 && isMadeOf(residue, "0123456789") && isMadeOf(mac, "0123456789abcdef");
    return isRight
      ? { kind: "tagged", localPart: original, tag: { scheme: "prvs", key: Number(key), residue, mac } }
      : malformed;
  }
  const [day, mac, tail] = [folded.slice(1, 5), folded.slice(5, 21), folded.slice(21)];
  if (mac.length < 16 || !isMadeOf(day + mac, BASE32)) return malformed;
  const name = tail.slice(1);
  const isRef =
    tail.startsWith("-") &&
    name.length >= 1 &&
    name.length <= 24 &&
    isMadeOf(name, `${LOWER}0123456789-`) &&
    !name.startsWith("-") &&
    !name.endsWith("-");
  if (tail !== "" && !isRef) return malformed;
  const expiryDay = [...day].reduce((sum, digit) => sum * 32 + BASE32.indexOf(digit), 0);
  return {
    kind: "tagged",
    localPart: original,
    tag: { scheme: "cs1", key: Number(key), expiryDay, mac, ref: isRef ? name : null },
  };
}

function check(text: string): void {
  const reading = readTag(text);
  expect(reading).toMatchObject(expectReading(text));
  if (reading.kind === "untagged") return;
  expect(isTagged(text)).toBe(true);
  // No value stays that would open anything, wherever in the local-part it stands.
  expect(redactTags(text)).not.toMatch(/(?:^|\+)(?:prvs|cs1)=[0-9a-z]/i);
  expect(redactTags(redactTags(text))).toBe(redactTags(text));
  if (reading.kind !== "tagged") return;
  const { tag, localPart: original } = reading;
  const forms = [formatTag(tag, original, "prefix"), formatTag(tag, original, "subaddress")];
  expect(forms.map(fold)).toContain(fold(text));
  expect(readTag(forms[0] ?? "")).toEqual(reading);
}

const texts = fc.oneof(tagged, localPart);

export const tag = target({
  name: "tag",
  inputs: mutated(seeded("tag", texts), TAG_WORDS),
  check,
  runs: 3_000,
});
