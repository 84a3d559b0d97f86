// Addresses as the grammar of RFC 5321 makes them, and the parts that tags are made of.

import fc from "fast-check";

export const atom = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}$/);
export const label = fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,10}[A-Za-z0-9])?$/);

export const localPart = fc.oneof(
  fc.array(atom, { minLength: 1, maxLength: 3 }).map((atoms) => atoms.join(".")),
  fc.constantFrom(
    "user",
    "postmaster",
    "a+b",
    "SRS0=abcd=YZ=example.org=bob",
    "a=b",
    "x".repeat(64),
    '"a b"',
  ),
);

export const domain = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join(".")),
  fc.constantFrom(
    "example.com",
    "EXAMPLE.com",
    "xn--bcher-kva.example",
    "[192.0.2.1]",
    `${"a".repeat(63)}.example`,
  ),
);

export const address = fc.tuple(localPart, domain).map((parts) => parts.join("@"));

const keyNumber = fc.nat(9).map(String);
const base32 = (digits: number) => fc.stringMatching(new RegExp(`^[a-z2-7]{${digits}}$`));

/** A ref, or what nearly is one. */
export const ref = fc.oneof(
  fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?$/),
  fc.constantFrom("-a", "a-", "", "A-1", "a".repeat(25), "a".repeat(24)),
);

/** What stands between the `=` of a tag. */
export const tagValue = fc.oneof(
  fc
    .tuple(keyNumber, fc.stringMatching(/^[0-9]{3}$/), fc.stringMatching(/^[0-9a-f]{6}$/))
    .map((parts) => parts.join("")),
  fc
    .tuple(keyNumber, base32(4), base32(16), fc.option(ref))
    .map(([key, day, mac, name]) => `${key}${day}${mac}${name === null ? "" : `-${name}`}`),
);

export const tagType = fc.constantFrom("prvs", "cs1", "PRVS", "Cs1", "btv1", "msprvs1");

/** A local-part with a tag in either placement, or in both. */
export const tagged: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(tagType, tagValue, localPart).map(([type, value, local]) => `${type}=${value}=${local}`),
  fc.tuple(tagType, tagValue, localPart).map(([type, value, local]) => `${local}+${type}=${value}`),
  fc
    .tuple(tagType, tagValue, tagType, tagValue, localPart)
    .map(([one, value, two, other, local]) => `${one}=${value}=${local}+${two}=${other}`),
);

export const TAG_WORDS = ["prvs=", "cs1=", "+prvs=", "+cs1=", "==", "-", "prvs", "0", "9", "a", "=user"];
