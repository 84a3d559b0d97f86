// MACs by known values, computed with OpenSSL's HMAC and HKDF: addresses and Message-IDs in the world hang on them.

import { describe, expect, test } from "vitest";
import {
  deriveDeploymentKey,
  isSame,
  openSlot,
  signMessageId,
  signTag,
  signText,
} from "../../src/core/signature.ts";

const SLOT = await openSlot("secret", "example.com");
const ADDRESS = "user@example.com";

describe("a MAC", () => {
  test("of prvs is the first 24 bits of HMAC-SHA-1 under the secret itself, in hex", async () => {
    expect(await signTag(SLOT, { scheme: "prvs", key: 3, residue: "788" }, ADDRESS)).toBe("b9ac3e");
    const other = await openSlot("secret", "example.org");
    expect(await signTag(other, { scheme: "prvs", key: 3, residue: "788" }, ADDRESS)).toBe("b9ac3e");
  });

  test("of cs1 is the first 80 bits of HMAC-SHA-256 under a key of the domain's own, in base32", async () => {
    const terms = { scheme: "cs1", key: 3, expiryDay: 20_811, ref: null } as const;
    expect(await signTag(SLOT, terms, ADDRESS)).toBe("ztfopeleh3lxy3w3");
    expect(await signTag(SLOT, { ...terms, ref: "order-7" }, ADDRESS)).toBe("4ra2zm2w52qox47e");
    const other = await openSlot("secret", "example.org");
    expect(await signTag(other, terms, ADDRESS)).not.toBe("ztfopeleh3lxy3w3");
  });

  test("of a Message-ID is under a third key, and one of the deployment under one for each purpose", async () => {
    expect(await signMessageId(SLOT, "text")).toBe("rbufiycntr47vn5r");
    const secret = "k".repeat(32);
    expect(await signText(await deriveDeploymentKey(secret, "token"), "name")).toBe("lksmgld6kkgvqx3q");
    expect(await signText(await deriveDeploymentKey(secret, "log"), "address alice@example.com")).toBe(
      "mwpr26i7lqetdgb4",
    );
  });
});

test("no key can be read out again, or used for anything but MACs", async () => {
  const keys = [...Object.values(SLOT), await deriveDeploymentKey("k".repeat(32), "hop")];
  expect(keys).toHaveLength(4);
  for (const key of keys) {
    expect(key).toMatchObject({ type: "secret", extractable: false, usages: ["sign"] });
  }
});

test.each([
  ["", "", true],
  ["a", "a", true],
  ["abc", "abc", true],
  ["abc", "abd", false],
  ["xbc", "abc", false],
  ["abc", "ab", false],
  ["ab", "abc", false],
  ["", "a", false],
  // Two differences that would cancel each other out.
  ["ab", "ba", false],
])("%j and %j are the same: %s", (left, right, expected) => {
  expect(isSame(left, right)).toBe(expected);
});
