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
