import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase32Number, encodeBase32, encodeBase32Number } from "../../src/core/base32.ts";

const octetsOf = (text: string) => new TextEncoder().encode(text);

test("octets are written as RFC 4648 (10) writes them, in lower case", () => {
  expect(encodeBase32(octetsOf(""))).toBe("");
  expect(encodeBase32(octetsOf("fooba"))).toBe("mzxw6ytb");
  expect(encodeBase32(octetsOf("foobafooba"))).toBe("mzxw6ytbmzxw6ytb");
  expect(encodeBase32(new Uint8Array(5).fill(255))).toBe("77777777");
});

test("a digit that is not whole is left out", () => {
  expect(encodeBase32(octetsOf("f"))).toBe("m");
  expect(encodeBase32(octetsOf("foo"))).toBe("mzxw");
});

test.each([
  [0, 4, "aaaa"],
  [1, 4, "aaab"],
  [20_811, 4, "aukl"],
  [2 ** 20 - 1, 4, "7777"],
  [2 ** 20, 4, "aaaa"],
  [31, 1, "7"],
  [2 ** 30 - 1, 6, "777777"],
])("%i in %i digits is %s", (value, digits, text) => {
  expect(encodeBase32Number(value, digits)).toBe(text);
});

test("a number is read in either case, and is none where a character is no digit", () => {
  expect(decodeBase32Number("aukl")).toBe(20_811);
  expect(decodeBase32Number("AUKL")).toBe(20_811);
  expect(decodeBase32Number("a")).toBe(0);
  expect(decodeBase32Number("777777")).toBe(2 ** 30 - 1);
  for (const text of ["auk1", "0aaa", "a aa", "ä"]) expect(decodeBase32Number(text)).toBeNaN();
});

test("any number below 2^30 is read as it was written", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 30 - 1), (value) => {
      expect(decodeBase32Number(encodeBase32Number(value, 6))).toBe(value);
    }),
  );
});
