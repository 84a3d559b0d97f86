import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTag, isTagged, readTag, type Tag } from "../../src/core/tag.ts";

const TAG: Tag = { scheme: "prvs", key: 3, residue: "788", mac: "b9ac3e" };

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
    expect(readTag(localPart)).toEqual({ kind: "tagged", scheme: "prvs", tag: TAG, localPart: original });
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

test("format and read are inverse, in both placements", () => {
  const tags = fc.record({
    scheme: fc.constant("prvs" as const),
    key: fc.nat(9),
    residue: fc.stringMatching(/^[0-9]{3}$/),
    mac: fc.stringMatching(/^[0-9a-f]{6}$/),
  });
  const localParts = fc.stringMatching(/^[a-z0-9=+._-]{1,48}$/);
  fc.assert(
    fc.property(tags, localParts, (tag, localPart) => {
      expect(readTag(formatTag(tag, localPart, "prefix"))).toMatchObject({ tag, localPart });
      if (/^prvs=/.test(localPart)) return;
      expect(readTag(formatTag(tag, localPart, "subaddress"))).toMatchObject({ tag, localPart });
    }),
  );
});

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
