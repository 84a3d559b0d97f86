import { describe, expect, test } from "vitest";
import { mint, readRepliesTo, readSignable } from "../../src/core/mint.ts";
import { KEY, NOW, openPlain, snapshotOf } from "./fixtures.ts";

const USER = { localPart: "user", domain: "example.com" };

describe("an address to sign", () => {
  test("is read in lower case", () => {
    expect(readSignable("address", "User@Example.COM")).toEqual({ kind: "signable", mailbox: USER });
  });

  test("has at most 48 octets before the @, so that its tag fits", () => {
    expect(readSignable("address", `${"a".repeat(48)}@example.com`).kind).toBe("signable");
    expect(readSignable("address", `${"a".repeat(49)}@example.com`)).toMatchObject({
      fault: { field: "address", detail: expect.stringContaining("48") },
    });
  });

  test.each([
    "prvs=3788b9ac3e=user",
    "cs1=x=user",
    "btv1==x==user",
    "msprvs1=x=user",
    "user+prvs=3788b9ac3e",
  ])("bears no tag yet: %s", (localPart) => {
    expect(readSignable("address", `${localPart}@example.com`).kind).toBe("fault");
  });

  test("is short enough for a path of 256 octets once it is tagged", () => {
    const domain = `${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example`;
    const longest = 254 - 16 - domain.length - 1;
    expect(readSignable("address", `${"a".repeat(longest)}@${domain}`).kind).toBe("signable");
    expect(readSignable("address", `${"a".repeat(longest + 1)}@${domain}`).kind).toBe("fault");
  });
});

test("where replies go may be tagged or longer: it is not signed", () => {
  expect(readRepliesTo("from", `${"A".repeat(64)}@example.com`)).toMatchObject({ kind: "signable" });
  expect(readRepliesTo("from", "nowhere")).toMatchObject({ fault: { field: "from" } });
});

test("it mints what Exim mints", async () => {
  const finding = await mint(USER, snapshotOf(), null, openPlain, NOW);
  expect(finding).toEqual({
    kind: "minted",
    minted: {
      address: "user@example.com",
      reversePath: "prvs=3788b9ac3e=user@example.com",
      messageId: null,
      scheme: "prvs",
      key: 3,
      expires: Date.UTC(2026, 11, 2),
      ref: null,
    },
  });
});

test("in sub-address placement the same tag follows the local-part", async () => {
  const snapshot = snapshotOf({ settings: { placement: "subaddress" } });
  const finding = await mint(USER, snapshot, null, openPlain, NOW);
  expect(finding.kind === "minted" && finding.minted.reversePath).toBe("user+prvs=3788b9ac3e@example.com");
});

test("without a key that signs nothing is minted", async () => {
  const pending = snapshotOf({ keys: [{ ...KEY, notBefore: NOW + 1 }] });
  expect(await mint(USER, pending, null, openPlain, NOW)).toEqual({
    kind: "not-signing",
    domain: "example.com",
  });
  const replies = { to: USER, snapshot: pending, nonce: new Uint8Array(10) };
  expect((await mint(USER, snapshotOf(), replies, openPlain, NOW)).kind).toBe("not-signing");
});
