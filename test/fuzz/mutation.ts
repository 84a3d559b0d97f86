// Texts that were in order, and no longer are: bits flipped, parts cut out, doubled, put elsewhere, characters that nobody
// expects put in. What is made shrinks: to fewer changes first, then to a shorter text.

import fc from "fast-check";

/** Octets that parsers fall over. */
export const ODD_OCTETS = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  "\t",
  " ",
  "\x7f",
  "\x80",
  "\xff",
  '"',
  "\\",
  "<",
  ">",
  "@",
  ",",
  ";",
  ":",
  "=",
  "+",
  ".",
  "%",
  "(",
  ")",
  "/",
];

/** The same, where texts are Unicode: separators, what folds to ASCII, halves of pairs, what shows nothing or runs backwards. */
export const ODD_CHARACTERS = [
  ...ODD_OCTETS,
  "\u2028",
  "\u0085",
  "\ufeff",
  "\u200b",
  "\u202e",
  "\u212a",
  "\u017f",
  "\u0130",
  "\ud800",
  "\udc00",
  "😀",
  "é",
];

/** Lengths at which something ends. */
const LENGTHS = [1, 2, 63, 64, 65, 253, 254, 255, 256, 320, 998, 1000, 1024, 2048, 4096, 16_384];

/** A change that spoils a text; how it does depends on the text's length. */
export type Edit =
  | { readonly kind: "insert"; readonly at: number; readonly text: string }
  | { readonly kind: "cut"; readonly at: number; readonly length: number }
  | { readonly kind: "double"; readonly at: number; readonly length: number; readonly times: number }
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "end"; readonly at: number }
  | { readonly kind: "case"; readonly at: number; readonly length: number }
  | { readonly kind: "fill"; readonly at: number; readonly text: string; readonly to: number };

/** Changes to a text that may have such words in it. */
export function edits(
  words: readonly string[],
  odd: readonly string[] = ODD_CHARACTERS,
  lengths: readonly number[] = LENGTHS,
): fc.Arbitrary<Edit[]> {
  const at = fc.nat(0xffff);
  const length = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }) },
    { weight: 1, arbitrary: fc.nat(400) },
  );
  const text = fc.constantFrom(...odd, ...words);
  const kind = <const Kind extends string>(name: Kind) => fc.constant(name);
  const times = fc.constantFrom(1, 2, 9);
  const to = fc.constantFrom(...lengths);
  const edit: fc.Arbitrary<Edit> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: kind("insert"), at, text }) },
    { weight: 3, arbitrary: fc.record({ kind: kind("cut"), at, length }) },
    { weight: 2, arbitrary: fc.record({ kind: kind("double"), at, length, times }) },
    { weight: 3, arbitrary: fc.record({ kind: kind("flip"), at, bit: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ kind: kind("end"), at }) },
    { weight: 1, arbitrary: fc.record({ kind: kind("case"), at, length }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: kind("fill"), at, text: fc.oneof(text, fc.constant("a")), to }),
    },
  );
  return fc.array(edit, { minLength: 1, maxLength: 5 });
}

/**
 * Texts of this kind, each of which may be spoiled or joined with another.
 * @param words that mean something to whoever reads it
 */
export function mutated(
  texts: fc.Arbitrary<string>,
  words: readonly string[],
  odd: readonly string[] = ODD_CHARACTERS,
  lengths: readonly number[] = LENGTHS,
): fc.Arbitrary<string> {
  const spoiled = fc.tuple(texts, edits(words, odd, lengths)).map(([text, changes]) => spoil(text, changes));
  const place = fc.nat(0xffff);
  const spliced = fc
    .tuple(texts, texts, place, place)
    .map(
      ([one, other, end, start]) =>
        one.slice(0, end % (one.length + 1)) + other.slice(start % (other.length + 1)),
    );
  return fc.oneof(
    { weight: 4, arbitrary: spoiled },
    { weight: 2, arbitrary: texts },
    { weight: 1, arbitrary: spliced },
  );
}

export function spoil(text: string, changes: readonly Edit[]): string {
  return changes.reduce(apply, text);
}

function apply(text: string, edit: Edit): string {
  const at = edit.at % (text.length + 1);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  switch (edit.kind) {
    case "insert":
      return before + edit.text + after;
    case "cut":
      return before + after.slice(edit.length);
    case "double":
      return before + after.slice(0, edit.length).repeat(edit.times) + after;
    case "flip":
      return before + String.fromCharCode((after.charCodeAt(0) || 0) ^ (1 << edit.bit)) + after.slice(1);
    case "end":
      return before;
    case "case":
      return before + swapCase(after.slice(0, edit.length)) + after.slice(edit.length);
    case "fill":
      return (
        before + edit.text.repeat(Math.ceil(Math.max(0, edit.to - text.length) / edit.text.length)) + after
      );
  }
}

/** Of letters in ASCII alone, as mailers fold. */
function swapCase(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) ^ 0x20));
}

/** Where to cut a text: it may be cut into octets, or not at all. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc.array(fc.nat(0xffff), { maxLength: 12 }),
  fc.constant([-1]),
);

/** The text in pieces; of `[-1]` each is a character. */
export function cutAt(text: string, at: readonly number[]): string[] {
  if (at[0] === -1) return text.split("");
  const places = at.map((place) => place % (text.length + 1)).sort((one, other) => one - other);
  return [0, ...places].map((from, index) => text.slice(from, places[index]));
}
