import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dayOf } from "../../src/core/day.ts";
import { mintMessageId, readMessageIds, validateMessageIds } from "../../src/core/message-id.ts";
import type { Snapshot } from "../../src/core/snapshot.ts";
import { DAY, KEY, NOW, openPlain, snapshotOf } from "./fixtures.ts";

const USER = { localPart: "user", domain: "example.com" };
const NONCE = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

const mintFor = async (repliesTo = USER, ref: string | null = null) =>
  mintMessageId(
    await openPlain(repliesTo.domain, KEY),
    { key: KEY.number, expiryDay: dayOf(NOW) + 30, nonce: NONCE, ref },
    repliesTo,
  );

const find = (header: string, original = USER, snapshot: Snapshot = snapshotOf(), now = NOW) =>
  validateMessageIds(readMessageIds(header, null), original, snapshot, openPlain, now);

test("it has the form that RFC 5322 gives a Message-ID", async () => {
  expect(await mintFor()).toMatch(/^<cs1\.3[a-z2-7]{4}\.[a-z2-7]{16}\.[a-z2-7]{16}@example\.com>$/);
  expect(await mintFor(USER, "order-7")).toMatch(/\.order-7@example\.com>$/);
});

test("its own reply is evidence", async () => {
  expect(await find(await mintFor())).toMatchObject({ kind: "valid" });
  const messageId = await mintFor(USER, "order-7");
  expect(await find(messageId)).toEqual({ kind: "valid", ref: "order-7", messageId });
  expect(await find(messageId.toUpperCase())).toMatchObject({ messageId });
});

test("mailers may fold its case", async () => {
  expect(await find((await mintFor(USER, "order-7")).toUpperCase())).toMatchObject({ kind: "valid" });
});

test("it counts for the address that it is bound to, and no other", async () => {
  const other = { localPart: "other", domain: "example.com" };
  expect(await find(await mintFor(), other)).toEqual({ kind: "unproven" });
});

test("another domain's does not count, though the key were the same", async () => {
  expect(await find(await mintFor({ localPart: "user", domain: "example.org" }))).toEqual({ kind: "none" });
});

test("nor does one whose domain was changed to look like another's", async () => {
  expect(await find((await mintFor()).replace("@example.com", "@example.org"))).toEqual({ kind: "none" });
});

test("it lives through its expiry day", async () => {
  const messageId = await mintFor();
  const expires = (dayOf(NOW) + 31) * DAY;
  expect(await find(messageId, USER, snapshotOf(), expires - 1)).toMatchObject({ kind: "valid" });
  expect(await find(messageId, USER, snapshotOf(), expires)).toEqual({ kind: "none" });
});

test("a key number that the ring does not hold is told, since a newer ring may", async () => {
  const keys = [{ ...KEY, number: 4 }];
  expect(await find(await mintFor(), USER, snapshotOf({ keys }))).toEqual({ kind: "unproven" });
});

test("no change of a single character counts", async () => {
  const messageId = await mintFor(USER, "order-7");
  const inner = messageId.slice(1, messageId.indexOf("@"));
  await fc.assert(
    fc.asyncProperty(
      fc.nat(inner.length - 1),
      fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567."),
      async (at, character) => {
        fc.pre(inner[at] !== character);
        const changed = `<${inner.slice(0, at)}${character}${inner.slice(at + 1)}@example.com>`;
        expect(await find(changed)).not.toMatchObject({ kind: "valid" });
      },
    ),
    { numRuns: 500 },
  );
});

describe("in headers", () => {
  test("In-Reply-To counts before References, References from their end", async () => {
    const ids = await Promise.all(
      [1, 2, 3].map((n) => mintFor({ localPart: `user${n}`, domain: "example.com" })),
    );
    const read = readMessageIds(`${ids[0]}`, `<foreign@example.net>\r\n ${ids[1]}\t${ids[2]}`);
    const texts = await Promise.all(read.map((id) => id.mac));
    expect(texts).toEqual([ids[0], ids[2], ids[1]].map((id) => id?.split(".")[3]?.split("@")[0]));
  });

  test("a thousand of our form cost eight MACs at most, and the genuine one is among them", async () => {
    const genuine = await mintFor();
    const forged = Array.from(
      { length: 1000 },
      (_, n) =>
        `<cs1.3aukl.${"a".repeat(12)}${String(n)
          .padStart(4, "2")
          .replace(/[0189]/g, "z")}.bbbbbbbbbbbbbbbb@example.com>`,
    );
    const read = readMessageIds(genuine, [...forged, genuine].join(" "));
    expect(read.length).toBeLessThanOrEqual(8);
    expect(await validateMessageIds(read, USER, snapshotOf(), openPlain, NOW)).toMatchObject({
      kind: "valid",
    });
  });

  test("long ones are found in encoded words, as Python's mail package writes them", async () => {
    const domain = "newsletter.accounts.example.com";
    const messageId = await mintFor({ localPart: "user", domain }, "order-7");
    expect(messageId.length).toBeGreaterThan(78);
    const word = (text: string) =>
      `=?utf-8?q?${text.replace(/[^A-Za-z0-9-]/g, (c) => `=${c.charCodeAt(0).toString(16).toUpperCase()}`)}?=`;
    const header = `<x@y.example> ${word(messageId.slice(0, 40))}\r\n ${word(messageId.slice(40))}`;
    for (const read of [readMessageIds(header, null), readMessageIds(null, header)]) {
      expect(read).toMatchObject([{ domain, ref: "order-7" }]);
    }
  });

  test("encoded words of every kind are read without an exception", () => {
    const words = fc
      .tuple(
        fc.constantFrom("utf-8", "us-ascii", "iso-2022-jp", "nope", "", "utf-8*en"),
        fc.constantFrom("q", "B", "b", "x"),
        fc.string({ unit: "binary" }),
      )
      .map(([charset, encoding, text]) => `=?${charset}?${encoding}?${text}?=`);
    fc.assert(
      fc.property(fc.array(words), (parts) => {
        expect(readMessageIds(parts.join(" "), parts.join(""))).toEqual([]);
      }),
    );
  });

  test("any header is read without an exception", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
        expect(readMessageIds(one, other)).toEqual([]);
      }),
    );
  });
});

test("it is the known one, bound to the address, the key, the day and the ref", async () => {
  // Computed with OpenSSL's HKDF and HMAC.
  expect(await mintFor()).toBe("<cs1.3aukl.aebagbafaydqqcik.2gstbplclhjefubf@example.com>");
  expect(await mintFor(USER, "order-7")).toBe(
    "<cs1.3aukl.aebagbafaydqqcik.bovozwxo37rew6z3.order-7@example.com>",
  );
});

const ID = "cs1.3aukl.aebagbafaydqqcik.2gstbplclhjefubf@example.com";
const READ = {
  key: 3,
  expiryDay: 20_811,
  nonce: "aebagbafaydqqcik",
  mac: "2gstbplclhjefubf",
  ref: null,
  domain: "example.com",
};
/** One of our form, told from others by its number. */
const numbered = (n: number) =>
  `<cs1.3aukl.aebagbafaydqqcik.${"a".repeat(15)}${"abcdefghijklmnop"[n]}@example.com>`;

describe("one of our form", () => {
  test("is read with all its parts, wherever it stands", () => {
    expect(readMessageIds(`<${ID}>`, null)).toEqual([READ]);
    expect(readMessageIds(null, `Re: <${ID}>x`)).toEqual([READ]);
    expect(readMessageIds(`<${ID.replace("@", ".order-7@")}>`, null)).toEqual([{ ...READ, ref: "order-7" }]);
  });

  test.each([
    ID,
    `<${ID}`,
    `${ID}>`,
    `<x${ID}>`,
    `<${ID.replace("cs1.", "cs2.")}>`,
    `<${ID.replace("3aukl", "aukl")}>`,
    `<${ID.replace("3aukl", "33aukl")}>`,
    `<${ID.replace("3aukl", "xaukl")}>`,
    `<${ID.replace("3aukl", "3auk")}>`,
    `<${ID.replace("3aukl", "3aukll")}>`,
    `<${ID.replace("3aukl", "3auk1")}>`,
    `<${ID.replace("qqcik", "qqci")}>`,
    `<${ID.replace("qqcik", "qqcikk")}>`,
    `<${ID.replace("qqcik", "qqci1")}>`,
    `<${ID.replace("@", "a@")}>`,
    `<${ID.replace("f@", "@")}>`,
    `<${ID.replace("f@", "1@")}>`,
    `<${ID.replace("@", ".@")}>`,
    `<${ID.replace("@", ".r_r@")}>`,
    `<${ID.replace("@", `.${"r".repeat(25)}@`)}>`,
    `<${ID.replace("example.com", "")}>`,
    `<${ID.replace("example.com", "exam_ple.com")}>`,
    `<${ID.replace("example.com", "a".repeat(254))}>`,
  ])("is not %s", (header) => {
    expect(readMessageIds(header, header)).toEqual([]);
  });

  test("has a ref of at most 24 characters, and a domain of at most 253", () => {
    const ref = "r".repeat(24);
    const domain = "a".repeat(253);
    const header = `<${ID.replace("@example.com", `.${ref}@${domain}`)}>`;
    expect(readMessageIds(header, null)).toEqual([{ ...READ, ref, domain }]);
  });

  test("is tried once, however often it is named, and eight of them at the most", () => {
    const ids = Array.from({ length: 10 }, (_, n) => numbered(n));
    expect(readMessageIds(ids.slice(0, 8).join(""), null)).toHaveLength(8);
    expect(readMessageIds(ids.join(""), null)).toHaveLength(8);
    expect(readMessageIds(`<${ID}>`, `<${ID}> <${ID.toUpperCase()}>`)).toEqual([READ]);
    const twice = [...ids.slice(0, 7), ...ids.slice(0, 7)].join("");
    expect(readMessageIds(twice, `<${ID}>`)).toContainEqual(READ);
  });
});

describe("of a long header", () => {
  const id = `<${ID}>`;

  test("the first 16384 characters of In-Reply-To are looked at", () => {
    const before = "x".repeat(16_384 - id.length);
    expect(readMessageIds(before + id, null)).toEqual([READ]);
    expect(readMessageIds(`x${before}${id}`, null)).toEqual([]);
  });

  test("the last 16384 characters of References are looked at", () => {
    const after = "x".repeat(16_384 - id.length);
    expect(readMessageIds(null, id + after)).toEqual([READ]);
    expect(readMessageIds(null, `${id}x${after}`)).toEqual([]);
  });

  test("with encoded words 2048 are, from the same ends", () => {
    const word = "=?utf-8?q?a?=";
    const between = (length: number) => `${word} ${"x".repeat(length - word.length - 1)}`;
    expect(readMessageIds(between(2_048 - id.length) + id, null)).toEqual([READ]);
    expect(readMessageIds(between(2_049 - id.length) + id, null)).toEqual([]);
    expect(readMessageIds(null, id + between(2_048 - id.length))).toEqual([READ]);
    expect(readMessageIds(null, id + between(2_049 - id.length))).toEqual([]);
  });
});

describe("of several", () => {
  test("the genuine one counts, whatever stands before it", async () => {
    const genuine = await mintFor(USER, "order-7");
    const unknown = `<${ID.replace("3aukl", "4aukl")}>`;
    expect(
      await find(`${unknown} ${numbered(1)} <${ID.replace("example.com", "example.org")}> ${genuine}`),
    ).toEqual({
      kind: "valid",
      ref: "order-7",
      messageId: genuine,
    });
  });

  test("one that a newer ring may know keeps them from being none", async () => {
    const foreign = `<${ID.replace("example.com", "example.org")}>`;
    const unknown = `<${ID.replace("3aukl", "4aukl")}>`;
    expect(await find(`${unknown} ${foreign}`)).toEqual({ kind: "unproven" });
    expect(await find(foreign)).toEqual({ kind: "none" });
    expect(await find("")).toEqual({ kind: "none" });
  });
});
