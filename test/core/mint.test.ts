import { describe, expect, test } from "vitest";
import { mint, type Order, readSignable } from "../../src/core/mint.ts";
import type { Scheme } from "../../src/core/tag.ts";
import { KEY, NOW, orderOf, signerOf } from "./fixtures.ts";

const USER = { localPart: "user", domain: "example.com" };

describe("an address to sign", () => {
  test("is read in lower case", () => {
    expect(readSignable("address", "User@Example.COM")).toEqual({ kind: "signable", mailbox: USER });
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
});

describe("an address that its tag makes too long", () => {
  const minted = async (localPart: string, terms: Partial<Order>, domain = "example.com") =>
    mint(orderOf({ localPart, domain }, terms), await signerOf({ domain }), null);

  test.each<[number, Partial<Order>]>([
    [48, { scheme: "prvs" }],
    [38, { scheme: "cs1" }],
    [37 - 24, { ref: "r".repeat(24) }],
    [36, { ref: "r" }],
  ])("has more than %i octets before the @ with %j", async (longest, terms) => {
    const fits = await minted("a".repeat(longest), terms);
    expect(fits.kind === "minted" && fits.minted.reversePath.indexOf("@")).toBe(64);
    const field = terms.ref === undefined ? "address" : "ref";
    expect(await minted("a".repeat(longest + 1), terms)).toMatchObject({
      kind: "unusable",
      fault: { field },
    });
  });

  test("is told how many octets a ref may have", async () => {
    expect(await minted("a".repeat(30), { ref: "order-2026" })).toMatchObject({
      fault: { detail: expect.stringContaining("may have 7 octets") },
    });
    expect(await minted("a".repeat(38), { ref: "r" })).toMatchObject({
      fault: { detail: expect.stringContaining("may have 0 octets") },
    });
    expect(await minted("a".repeat(39), { ref: "r" })).toMatchObject({
      fault: { field: "address", detail: expect.stringContaining("no room for a ref") },
    });
  });

  test("has more than 254 in all", async () => {
    const domain = `${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example`;
    const longest = 254 - 16 - domain.length - 1;
    expect((await minted("a".repeat(longest), {}, domain)).kind).toBe("minted");
    expect((await minted("a".repeat(longest + 1), {}, domain)).kind).toBe("unusable");
  });
});

describe("the scheme", () => {
  const schemeOf = async (terms: Partial<Order>, scheme: Scheme) => {
    const finding = await mint(orderOf(USER, terms), await signerOf({ settings: { scheme } }), null);
    return finding.kind === "minted" ? [finding.minted.scheme, finding.minted.ref] : finding;
  };

  test("is the domain's, unless the order names one or has a ref", async () => {
    expect(await schemeOf({}, "prvs")).toEqual(["prvs", null]);
    expect(await schemeOf({}, "cs1")).toEqual(["cs1", null]);
    expect(await schemeOf({ scheme: "prvs" }, "cs1")).toEqual(["prvs", null]);
    expect(await schemeOf({ ref: "order-7" }, "prvs")).toEqual(["cs1", "order-7"]);
  });
});

test("a cs1 address and its Message-ID carry the ref", async () => {
  const signer = await signerOf();
  const replies = { to: USER, signer, nonce: new Uint8Array(10) };
  const finding = await mint(orderOf(USER, { ref: "order-7" }), signer, replies);
  expect(finding).toMatchObject({
    minted: {
      reversePath: expect.stringMatching(/^cs1=3[a-z2-7]{20}-order-7=user@example\.com$/),
      messageId: expect.stringMatching(/\.order-7@example\.com>$/),
      expires: Date.UTC(2026, 11, 2),
      ref: "order-7",
    },
  });
});

test("an address has at most 64 octets before the @", () => {
  expect(readSignable("from", `${"A".repeat(64)}@example.com`)).toMatchObject({ kind: "signable" });
  expect(readSignable("from", `${"A".repeat(65)}@example.com`)).toMatchObject({ fault: { field: "from" } });
});

test("it mints what Exim mints", async () => {
  const finding = await mint(orderOf(USER), await signerOf(), null);
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
  const signer = await signerOf({ settings: { placement: "subaddress" } });
  const finding = await mint(orderOf(USER), signer, null);
  expect(finding.kind === "minted" && finding.minted.reversePath).toBe("user+prvs=3788b9ac3e@example.com");
});

test("without a key that signs nothing is minted", async () => {
  const pending = await signerOf({ keys: [{ ...KEY, notBefore: NOW + 1 }] });
  expect(await mint(orderOf(USER), pending, null)).toEqual({
    kind: "not-signing",
    domain: "example.com",
    signsFrom: NOW + 1,
  });
  const replies = { to: USER, signer: pending, nonce: new Uint8Array(10) };
  expect((await mint(orderOf(USER), await signerOf(), replies)).kind).toBe("not-signing");
});

describe("what is too long says so in full:", () => {
  const detailOf = async (length: number, terms: Partial<Order>, domain = "example.com") => {
    const address = { localPart: "a".repeat(length), domain };
    const finding = await mint(orderOf(address, terms), await signerOf({ domain }), null);
    return finding.kind === "unusable" ? finding.fault.detail : finding.kind;
  };

  test.each<[string, number, Partial<Order>, string]>([
    [
      "a prvs tag",
      49,
      { scheme: "prvs" },
      "Its prvs tag adds 16 octets, and 15 are left: a minted local-part has at most 64, the whole address 254.",
    ],
    [
      "a cs1 tag",
      39,
      { scheme: "cs1" },
      "Its cs1 tag adds 26 octets, and 25 are left: a minted local-part has at most 64, the whole address 254. There is no room for a ref either.",
    ],
    [
      "an address that is too long without one",
      70,
      { scheme: "prvs" },
      "Its prvs tag adds 16 octets, and 0 are left: a minted local-part has at most 64, the whole address 254.",
    ],
    [
      "a ref",
      30,
      { ref: "order-2026" },
      "With this address a ref may have 7 octets: a minted local-part has at most 64, of which the tag takes 27.",
    ],
  ])("%s", async (_, length, terms, detail) => {
    expect(await detailOf(length, terms)).toBe(detail);
  });

  test("an address that the domain makes too long", async () => {
    const domain = `${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example`;
    const longest = 254 - 16 - domain.length - 1;
    expect(await detailOf(longest + 1, {}, domain)).toMatch(
      /^Its prvs tag adds 16 octets, and 15 are left: /,
    );
  });
});

test("an address to sign that can't be, or bears a tag, is a fault of its field", () => {
  expect(readSignable("from", "user")).toEqual({
    kind: "fault",
    fault: { field: "from", detail: "It has no @: local-part@domain is expected." },
  });
  expect(readSignable("from", "PRVS=x=user@example.com")).toEqual({
    kind: "fault",
    fault: { field: "from", detail: "It bears a tag already; give the address without it." },
  });
});

test("a signer is what signs at that instant, and when another will", async () => {
  const pending = { ...KEY, number: 4, notBefore: NOW + 1 };
  const signer = await signerOf({ keys: [KEY, pending], settings: { lifetimeDays: 14 } });
  expect(signer).toMatchObject({
    domain: "example.com",
    today: 20_781,
    settings: { lifetimeDays: 14 },
    key: { number: 3 },
    signsFrom: NOW + 1,
  });
  expect(await signerOf({ keys: [] })).toMatchObject({ key: null, signsFrom: null });
});

describe("a Message-ID for replies to another domain", () => {
  const OTHER = { localPart: "replies", domain: "example.org" };

  test("is that domain's, with its lifetime, while the address has its own", async () => {
    const other = await signerOf({ domain: "example.org", settings: { messageIdLifetimeDays: 1 } });
    const replies = { to: OTHER, signer: other, nonce: new Uint8Array(10) };
    const finding = await mint(orderOf(USER), await signerOf(), replies);
    expect(finding).toMatchObject({
      minted: {
        reversePath: "prvs=3788b9ac3e=user@example.com",
        // Day 20782.
        messageId: expect.stringMatching(/^<cs1\.3aujo\.a{16}\.[a-z2-7]{16}@example\.org>$/),
      },
    });
  });

  test("is not minted, and neither is the address, where that domain does not sign", async () => {
    const other = await signerOf({ domain: "example.org", keys: [] });
    const replies = { to: OTHER, signer: other, nonce: new Uint8Array(10) };
    expect(await mint(orderOf(USER), await signerOf(), replies)).toEqual({
      kind: "not-signing",
      domain: "example.org",
      signsFrom: null,
    });
  });
});
