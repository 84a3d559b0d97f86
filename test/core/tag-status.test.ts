import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitPath } from "../../src/core/mailbox.ts";
import { findSigner, mint, type Order } from "../../src/core/mint.ts";
import type { Settings } from "../../src/core/settings.ts";
import type { Snapshot } from "../../src/core/snapshot.ts";
import { TAG_STATUSES, validateTag } from "../../src/core/tag-status.ts";
import { DAY, KEY, NOW, openPlain, orderOf, signerOf, snapshotOf } from "./fixtures.ts";

/** Signed by Exim over user@example.com with key number 3, on NOW's day. */
const SIGNED = "prvs=3788b9ac3e=user@example.com";

const USER = { localPart: "user", domain: "example.com" };

const find = (path: string, snapshot: Snapshot = snapshotOf(), now = NOW) =>
  validateTag(splitPath(path) ?? { localPart: path, domain: "" }, snapshot, openPlain, now);

describe("each status is found", () => {
  test("valid", async () => {
    expect(await find(SIGNED)).toEqual({
      status: "valid",
      original: { localPart: "user", domain: "example.com" },
      scheme: "prvs",
      key: 3,
      expires: Date.UTC(2026, 11, 2),
      ref: null,
      liftable: false,
    });
  });

  test("valid until the last instant of the expiry day, and expired from then on", async () => {
    const expires = Date.UTC(2026, 11, 2);
    expect((await find(SIGNED, snapshotOf(), expires - 1)).status).toBe("valid");
    expect(await find(SIGNED, snapshotOf(), expires)).toMatchObject({ status: "expired", expires });
  });

  test("missing", async () => {
    expect(await find("User@example.com")).toMatchObject({
      status: "missing",
      original: { localPart: "user", domain: "example.com" },
      scheme: null,
      key: null,
      expires: null,
    });
  });

  test("malformed", async () => {
    expect(await find("prvs=3788b9ac3=User@example.com")).toMatchObject({
      status: "malformed",
      original: { localPart: "user" },
      scheme: "prvs",
      key: null,
    });
  });

  test("not-signing, before unknown-key", async () => {
    expect(await find(SIGNED, snapshotOf({ keys: [] }))).toMatchObject({ status: "not-signing", key: 3 });
    const retired = { ...KEY, expires: NOW };
    expect((await find(SIGNED, snapshotOf({ keys: [retired] }))).status).toBe("not-signing");
  });

  test("unknown-key, for retired ones too", async () => {
    const other = { ...KEY, number: 4 };
    expect((await find(SIGNED, snapshotOf({ keys: [other] }))).status).toBe("unknown-key");
    const retired = { ...KEY, expires: NOW };
    expect((await find(SIGNED, snapshotOf({ keys: [other, retired] }))).status).toBe("unknown-key");
  });

  test("bad-signature, before expired, and without a word on its day", async () => {
    const finding = await find("prvs=3788b9ac3f=user@example.com", snapshotOf(), NOW + 400 * DAY);
    expect(finding).toMatchObject({ status: "bad-signature", key: 3, expires: null });
  });
});

test("a tag dead for 300 days does not rise again, as it does where residues are compared", async () => {
  expect((await find(SIGNED, snapshotOf(), NOW + 300 * DAY)).status).toBe("expired");
});

test("a tag lives over the wrap from day 999 to 000", async () => {
  const day = Date.UTC(2027, 5, 28);
  const snapshot = snapshotOf();
  const finding = await mint(orderOf(USER), await findSigner(snapshot, openPlain, day), null);
  const path = finding.kind === "minted" ? finding.minted.reversePath : "";
  for (let ahead = 0; ahead <= 7; ahead++) {
    expect((await find(path, snapshot, day + ahead * DAY)).status).toBe("valid");
  }
  expect((await find(path, snapshot, day + 8 * DAY)).status).toBe("expired");
});

const minted = async (terms: Partial<Order>, settings: Partial<Settings> = {}) => {
  const finding = await mint(orderOf(USER, terms), await signerOf({ settings }), null);
  return finding.kind === "minted" ? finding.minted.reversePath : "";
};

describe.each<[string, Partial<Order>, Partial<Settings>]>([
  ["prvs", { scheme: "prvs" }, {}],
  ["prvs behind a +", { scheme: "prvs" }, { placement: "subaddress" }],
  ["cs1", { scheme: "cs1" }, {}],
  ["cs1 with a ref", { ref: "order-7" }, {}],
  ["cs1 with a ref behind a +", { ref: "order-7" }, { placement: "subaddress" }],
])("%s", (_, terms, settings) => {
  test("is valid in any case, and gives back original and ref", async () => {
    const path = await minted(terms, settings);
    for (const seen of [path, path.toUpperCase()]) {
      const finding = await find(seen);
      expect(finding).toMatchObject({ status: "valid", original: USER, key: 3, ref: terms.ref ?? null });
      expect(finding.expires).toBe(Date.UTC(2026, 11, 2));
    }
  });

  test("no change of a single character of tag or address validates", async () => {
    const path = await minted(terms, settings);
    const characters = "abcdefghijklmnopqrstuvwxyz0123456789=+-._@";
    await fc.assert(
      fc.asyncProperty(fc.nat(path.length - 1), fc.constantFrom(...characters), async (at, character) => {
        fc.pre(path[at] !== character);
        const changed = path.slice(0, at) + character + path.slice(at + 1);
        expect((await find(changed)).status).not.toBe("valid");
      }),
      { numRuns: 1000 },
    );
  });

  test("no change of a single character of the key validates", async () => {
    const path = await minted(terms, settings);
    for (let at = 0; at < KEY.wrapped.length; at++) {
      const wrapped = `${KEY.wrapped.slice(0, at)}~${KEY.wrapped.slice(at + 1)}`;
      const finding = await find(path, snapshotOf({ keys: [{ ...KEY, wrapped }] }));
      expect(finding).toMatchObject({ status: "bad-signature", expires: null, ref: null, liftable: true });
    }
  });

  test("no other domain validates it, though its key were the same", async () => {
    const path = (await minted(terms, settings)).replace("example.com", "example.org");
    expect((await find(path, snapshotOf({ domain: "example.org" }))).status).toBe("bad-signature");
  });
});

describe("an expired tag", () => {
  test("of cs1 is dead for good; the object is asked all the same, as for a wrong MAC", async () => {
    const path = await minted({ ref: "order-7" });
    expect(await find(path, snapshotOf(), Date.UTC(2026, 11, 2))).toMatchObject({
      status: "expired",
      expires: Date.UTC(2026, 11, 2),
      ref: "order-7",
      liftable: true,
    });
    expect((await find(path, snapshotOf(), Date.UTC(2026, 11, 2) - 1)).status).toBe("valid");
    expect((await find(path, snapshotOf(), NOW + 1000 * DAY)).status).toBe("expired");
  });

  test("of prvs may be lifted by a longer lifetime; where none can be set that long it looks the same", async () => {
    const long = await minted({}, { lifetimeDays: 90 });
    expect(await find(long)).toMatchObject({ status: "expired", liftable: true });
    expect(await find(SIGNED, snapshotOf(), NOW + 20 * DAY)).toMatchObject({ liftable: true });
  });
});

test("any forward-path has a status, never an exception", async () => {
  const paths = fc.oneof(
    fc.string({ unit: "binary", maxLength: 320 }),
    fc.string({ unit: "binary", maxLength: 290 }).map((text) => `prvs=3788b9ac3e=${text}`),
    fc.string({ unit: "binary", maxLength: 290 }).map((text) => `${text}+prvs=3788b9ac3e`),
    fc.string({ unit: "binary", maxLength: 290 }).map((text) => `cs1=3aukl${"a".repeat(16)}-${text}`),
    fc.string({ unit: "binary", maxLength: 290 }).map((text) => `cs1=3aukl${"a".repeat(16)}=${text}`),
  );
  await fc.assert(
    fc.asyncProperty(paths, async (localPart) => {
      const finding = await validateTag({ localPart, domain: "example.com" }, snapshotOf(), openPlain, NOW);
      expect(finding.status).not.toBe("valid");
    }),
  );
});

test("the statuses are counted by these names, the first that applies first", () => {
  expect(TAG_STATUSES).toEqual([
    "missing",
    "malformed",
    "not-signing",
    "unknown-key",
    "bad-signature",
    "expired",
    "valid",
  ]);
});

test("each finding is whole", async () => {
  const none = { original: USER, scheme: null, key: null, expires: null, ref: null, liftable: false };
  expect(await find("user@example.com")).toEqual({ ...none, status: "missing" });
  expect(await find("cs1=x=User@Example.com")).toEqual({ ...none, status: "malformed", scheme: "cs1" });
  const unproven = { ...none, scheme: "prvs", key: 3, liftable: true };
  expect(await find(SIGNED, snapshotOf({ keys: [] }))).toEqual({ ...unproven, status: "not-signing" });
  const other = snapshotOf({ keys: [{ ...KEY, number: 4 }] });
  expect(await find(SIGNED, other)).toEqual({ ...unproven, status: "unknown-key" });
});

test("a prvs tag of more days than the window is expired, and asked about however many they are", async () => {
  const ahead = (days: number) => find(SIGNED, snapshotOf(), NOW - (days - 7) * DAY);
  expect(await ahead(7)).toMatchObject({ status: "valid", expires: Date.UTC(2026, 11, 2) });
  expect(await ahead(8)).toMatchObject({ status: "expired", liftable: true });
  expect(await ahead(90)).toMatchObject({ status: "expired", liftable: true });
  expect(await ahead(91)).toMatchObject({ status: "expired", liftable: true });
});
