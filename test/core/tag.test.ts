import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Cs1Tag,
  formatTag,
  isTagged,
  overheadOctets,
  readTag,
  redactTags,
  redactWords,
  type Tag,
  WHOLE_REF,
} from "../../src/core/tag.ts";

const TAG: Tag = { scheme: "prvs", key: 3, residue: "788", mac: "b9ac3e" };

const MAC = "abcdefghij234567";
const CS1: Cs1Tag = { scheme: "cs1", key: 3, expiryDay: 20_811, mac: MAC, ref: null };

describe("reading", () => {
  test.each([
    ["prvs=3788b9ac3e=user", "user"],
    ["PRVS=3788B9AC3E=User", "User"],
    // The prefix form ends at the second `=`; the rest may hold more of them.
    ["prvs=3788b9ac3e=bounces+alice=example.net", "bounces+alice=example.net"],
    ["prvs=3788b9ac3e=SRS0=abcd=YZ=example.org=bob", "SRS0=abcd=YZ=example.org=bob"],
    ["user+prvs=3788b9ac3e", "user"],
    ["user+detail+prvs=3788b9ac3e", "user+detail"],
    // The last one counts, and one level only.
    ["user+prvs=0123abcdef+PrVs=3788b9ac3e", "user+prvs=0123abcdef"],
    ["prvs=3788b9ac3e=user+prvs=0123abcdef", "user+prvs=0123abcdef"],
    ["prvs=3788b9ac3e=prvs=0123abcdef=user", "prvs=0123abcdef=user"],
  ])("%s bears a tag", (localPart, original) => {
    expect(readTag(localPart)).toEqual({ kind: "tagged", tag: TAG, localPart: original });
  });

  test.each([
    [`cs1=3aukl${MAC}=user`, null, "user"],
    [`CS1=3AUKL${MAC.toUpperCase()}=User`, null, "User"],
    [`cs1=3aukl${MAC}-order-7=bounces+alice=example.net`, "order-7", "bounces+alice=example.net"],
    [`cs1=3aukl${MAC}-ORDER-7=user`, "order-7", "user"],
    [`cs1=3aukl${MAC}-${"r".repeat(24)}=user`, "r".repeat(24), "user"],
    [`user+cs1=3aukl${MAC}-a--b`, "a--b", "user"],
    // The last one counts, whichever it is, and one level only.
    [`user+prvs=3788b9ac3e+cs1=3aukl${MAC}`, null, "user+prvs=3788b9ac3e"],
    [`cs1=3aukl${MAC}=user+prvs=3788b9ac3e`, null, "user+prvs=3788b9ac3e"],
  ])("%s bears a cs1 tag", (localPart, ref, original) => {
    expect(readTag(localPart)).toEqual({ kind: "tagged", tag: { ...CS1, ref }, localPart: original });
  });

  test.each([
    [`cs1=3aukl${MAC.slice(1)}=user`, "user"],
    [`cs1=3auk1${MAC}=user`, "user"],
    [`cs1=aaukl${MAC}=user`, "user"],
    [`cs1=3aukl${MAC}-=user`, "user"],
    [`cs1=3aukl${MAC}--r=user`, "user"],
    [`cs1=3aukl${MAC}-r-=user`, "user"],
    [`cs1=3aukl${MAC}-r_r=user`, "user"],
    [`cs1=3aukl${MAC}-${"r".repeat(25)}=user`, "user"],
    [`cs1=3aukl${MAC}.order=user`, "user"],
    [`user+cs1=3aukl${MAC}=order`, "user"],
    [`cs1=3aukl${MAC}`, `cs1=3aukl${MAC}`],
  ])("%s is a malformed cs1", (localPart, original) => {
    expect(readTag(localPart)).toEqual({ kind: "malformed", scheme: "cs1", localPart: original });
  });

  test.each([
    ["prvs=3788b9ac3=user", "user"],
    ["prvs=user=3788b9ac3e", "3788b9ac3e"],
    ["prvs=3788b9ac3g=user", "user"],
    ["prvs=378８b9ac3e=user", "user"],
    ["prvs==user", "user"],
    ["prvs=prvs=3788b9ac3e=user", "3788b9ac3e=user"],
    ["user+prvs=3788b9ac3e+detail", "user"],
    ["user+prvs=", "user"],
    // Nothing to cut it from: the local-part stays whole.
    ["prvs=user/3788b9ac3e", "prvs=user/3788b9ac3e"],
    ["prvs=3788b9ac3e=", "prvs=3788b9ac3e="],
    ["prvs=", "prvs="],
  ])("%s is malformed", (localPart, original) => {
    expect(readTag(localPart)).toEqual({ kind: "malformed", scheme: "prvs", localPart: original });
  });

  test.each([
    "user",
    "",
    "+prvs=3788b9ac3e",
    "xprvs=3788b9ac3e=user",
    "SRS0=a=b=c=d",
    "btv1==3788b9ac3e==user",
  ])("%j bears none", (localPart) => {
    expect(readTag(localPart)).toEqual({ kind: "untagged", localPart });
  });
});

const prvsTags = fc.record({
  scheme: fc.constant("prvs" as const),
  key: fc.nat(9),
  residue: fc.stringMatching(/^[0-9]{3}$/),
  mac: fc.stringMatching(/^[0-9a-f]{6}$/),
});
const cs1Tags = fc.record({
  scheme: fc.constant("cs1" as const),
  key: fc.nat(9),
  expiryDay: fc.nat(2 ** 20 - 1),
  mac: fc.stringMatching(/^[a-z2-7]{16}$/),
  ref: fc.option(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/)),
});

test("format and read are inverse, in both schemes and placements, and the overhead is as said", () => {
  const localParts = fc.stringMatching(/^[a-z0-9=+._-]{1,48}$/);
  fc.assert(
    fc.property(fc.oneof(prvsTags, cs1Tags), localParts, (tag, localPart) => {
      const overhead = overheadOctets(tag.scheme, tag.scheme === "cs1" ? tag.ref : null);
      const prefixed = formatTag(tag, localPart, "prefix");
      expect(readTag(prefixed)).toEqual({ kind: "tagged", tag, localPart });
      expect(prefixed).toHaveLength(localPart.length + overhead);
      const detailed = formatTag(tag, localPart, "subaddress");
      expect(detailed).toHaveLength(localPart.length + overhead);
      if (/^(prvs|cs1)=/.test(localPart)) return;
      expect(readTag(detailed)).toEqual({ kind: "tagged", tag, localPart });
    }),
    { numRuns: 500 },
  );
});

test.each(["r", "7", "order-7", "a--b", "r".repeat(24)])("%s can be a ref", (text) => {
  expect(WHOLE_REF.test(text)).toBe(true);
});

test.each(["", "-r", "r-", "-", "R", "r_r", "r.r", "r=r", "r r", "é", "r\n", "r".repeat(25)])(
  "%j can't be a ref",
  (text) => {
    expect(WHOLE_REF.test(text)).toBe(false);
  },
);

test("any string is read without an exception", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 320 }), (text) => {
      expect(["untagged", "malformed", "tagged"]).toContain(readTag(text).kind);
    }),
  );
});

test.each([
  "prvs=3788b9ac3e=user",
  "CS1=x=user",
  "btv1==x==user",
  "msprvs1=x=user",
  "user+prvs=x",
  "user+cs1=x",
])("%s counts as tagged already", (localPart) => {
  expect(isTagged(localPart)).toBe(true);
});

test.each(["user", "user=tag", "SRS0=abcd=YZ=example.org=bob", "user+tag", "prvs"])(
  "%s does not",
  (localPart) => {
    expect(isTagged(localPart)).toBe(false);
  },
);

describe("a value that only contains one is malformed:", () => {
  test.each([
    "prvs=x3788b9ac3e=user",
    "prvs=33788b9ac3e=user",
    "prvs=3788b9ac3e0=user",
    "prvs=3788b9ac3ex=user",
    `cs1=x3aukl${MAC}=user`,
    `cs1=33aukl${MAC}=user`,
    `cs1=3aukl${MAC}a=user`,
    `cs1=3aukl${MAC}.=user`,
    `user+cs1=x3aukl${MAC}`,
    "user+prvs=x3788b9ac3e",
    "user+prvs=3788b9ac3e\n",
    "user+prvs=3788b9ac3e0",
  ])("%j", (localPart) => {
    expect(readTag(localPart).kind).toBe("malformed");
  });
});

test.each(["user+cs1=x\ny", "us\ner+prvs=x", "\n+prvs=x"])(
  "a tag behind a + is seen over line ends, so that none is passed on as part of a local-part: %j",
  (localPart) => {
    const at = localPart.indexOf("+");
    expect(readTag(localPart)).toMatchObject({ kind: "malformed", localPart: localPart.slice(0, at) });
  },
);

test.each([
  ["user", "user"],
  ["prvs=3788b9ac3e=user", "prvs=…=user"],
  ["PRVS=3788B9AC3E=User", "PRVS=…=User"],
  [`cs1=3aukl${MAC}-order-7=user`, "cs1=…=user"],
  [`user+cs1=3aukl${MAC}`, "user+cs1=…"],
  ["prvs=3788b9ac3e=user+prvs=0123abcdef", "prvs=…=user+prvs=…"],
  ["prvs=3788b9ac3e=prvs=0123abcdef=user@example.com", "prvs=…=prvs=…=user@example.com"],
  ["user+prvs=3788b9ac3e@example.com", "user+prvs=…@example.com"],
  ["prvs=3788b9ac3e+detail", "prvs=…+detail"],
  ["xprvs=3788b9ac3e=user", "xprvs=3788b9ac3e=user"],
  ["prvs==user", "prvs=…=user"],
])("of %s a log keeps %s", (localPart, redacted) => {
  expect(redactTags(localPart)).toBe(redacted);
});

test.each(["xprvs=3788b9ac3e=user", "user+btv1=x", "user+xcs1=x", "user=prvs=x"])(
  "%s counts as a local-part without a tag",
  (localPart) => {
    expect(isTagged(localPart)).toBe(false);
  },
);

test("a tag adds so many octets", () => {
  expect(overheadOctets("prvs", null)).toBe(16);
  expect(overheadOctets("cs1", null)).toBe(26);
  expect(overheadOctets("cs1", "order-7")).toBe(34);
});

test("a tag is written as it is read", () => {
  expect(formatTag(TAG, "user", "prefix")).toBe("prvs=3788b9ac3e=user");
  expect(formatTag(TAG, "user", "subaddress")).toBe("user+prvs=3788b9ac3e");
  expect(formatTag({ ...CS1, ref: "order-7" }, "user", "prefix")).toBe(`cs1=3aukl${MAC}-order-7=user`);
  expect(formatTag(CS1, "user", "subaddress")).toBe(`user+cs1=3aukl${MAC}`);
});

test.each([
  ["550 <prvs=3788b9ac3e=user@example.com>: no", "550 <prvs=…=user@example.com>: no"],
  ["RCPT%20prvs%3D3788b9ac3e%3Duser", "RCPT%20prvs%3D…%3Duser"],
  ["to=3Dprvs=3D3788b9ac3e=3Duser", "to=3Dprvs=3D…=3Duser"],
  ["user+CS1=0aukl2345-order-7@example.com", "user+CS1=…@example.com"],
  [
    "in reply to <cs1.0aukl.ndqp56mnfjy4s5cd.rpgwgj2co4gaftxq.order-7@example.com>",
    "in reply to <cs1.…@example.com>",
  ],
  ["550 5.1.1 no such user as alice@example.com", "550 5.1.1 no such user as alice@example.com"],
])("words of others keep all but what could be sent to: %s", (words, left) => {
  expect(redactWords(words)).toBe(left);
});
