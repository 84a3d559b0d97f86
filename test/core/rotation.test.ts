import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findKey, type Key, type Lifetime, signingKey, stateOf } from "../../src/core/keyring.ts";
import {
  bringKey,
  bringKeys,
  EVERYWHERE_MS,
  firstKey,
  isWeak,
  type KeysChange,
  type KeysRefusal,
  LATEST_MS,
  nextNumber,
  releaseDueAt,
  retire,
  rotate,
  rotationDueAt,
  settle,
} from "../../src/core/rotation.ts";
import { checkSettings, DEFAULTS } from "../../src/core/settings.ts";
import { DAY, NOW } from "./fixtures.ts";

const LIFETIMES: Lifetime[] = [
  { days: 7, until: null },
  { days: 30, until: null },
];

const keysOf = (change: KeysChange | KeysRefusal): readonly Key[] => {
  if (change.kind !== "keys") throw new Error(change.kind);
  return change.keys;
};

/** Rotates as the domain's object does: the next number, then the ring settled. */
const rotated = (keys: readonly Key[], now: number, lifetimes = LIFETIMES): readonly Key[] => {
  const next = nextNumber(keys);
  if (next.kind !== "number") throw new Error(next.kind);
  return settle(rotate(keys, { number: next.number, wrapped: `w${now}` }, now).keys, lifetimes, now);
};

const FIRST = [firstKey("w", NOW)];
const numbers = (keys: readonly Key[]) => keys.map((key) => key.number);
const states = (keys: readonly Key[], now: number) => keys.map((key) => stateOf(keys, key, now));

test("a domain's first key signs at once", () => {
  expect(signingKey(FIRST, NOW)?.number).toBe(0);
});

test("of the keys brought along at creation the last listed signs, the others validate", () => {
  const listed = [
    { number: 4, wrapped: "a", weak: true },
    { number: 2, wrapped: "b", weak: false },
  ];
  const keys = bringKeys(listed, NOW);
  expect(states(keys, NOW)).toEqual(["validating", "signing"]);
  expect(keys).toMatchObject([
    { imported: true, weak: true, notBefore: null },
    { imported: true, weak: false },
  ]);
});

describe("a rotation", () => {
  test("adds a key that validates at once and signs when every location has it", () => {
    const keys = rotated(FIRST, NOW);
    expect(states(keys, NOW)).toEqual(["signing", "pending"]);
    expect(findKey(keys, 1, NOW)?.notBefore).toBe(NOW + EVERYWHERE_MS);
    expect(states(keys, NOW + EVERYWHERE_MS - 1)).toEqual(["signing", "pending"]);
    expect(states(keys, NOW + EVERYWHERE_MS)).toEqual(["validating", "signing"]);
  });

  test("gives the former key an end: no tag or Message-ID that it can have signed outlives it", () => {
    const keys = rotated(FIRST, NOW);
    const lastSigned = NOW + EVERYWHERE_MS + LATEST_MS;
    const end = (Math.floor(lastSigned / DAY) + 30 + 1) * DAY;
    expect(keys[0]).toMatchObject({ expires: end, freeFrom: end });
    expect(settle(keys, LIFETIMES, end - 1)).toHaveLength(2);
    expect(numbers(settle(keys, LIFETIMES, end))).toEqual([1]);
  });

  test("twice at once loses nothing: both keys are there, and the later signs", () => {
    const keys = rotated(rotated(FIRST, NOW), NOW);
    expect(numbers(keys)).toEqual([0, 1, 2]);
    expect(states(keys, NOW + EVERYWHERE_MS)).toEqual(["validating", "validating", "signing"]);
    expect(keys.map((key) => key.expires === null)).toEqual([false, false, true]);
  });

  test("takes the number that was in use longest ago, and none that is held", () => {
    let keys: readonly Key[] = FIRST;
    for (let n = 1; n < 10; n++) keys = rotated(keys, NOW + n);
    expect(numbers(keys)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const freeFrom = Math.min(...keys.flatMap((key) => key.freeFrom ?? []));
    expect(nextNumber(keys)).toEqual({ kind: "no-free-number", freeFrom });
    const left = settle(keys, LIFETIMES, freeFrom);
    expect(nextNumber(left)).toEqual({ kind: "number", number: 0 });
    expect(nextNumber([{ ...FIRST[0], number: 8 } as Key])).toEqual({ kind: "number", number: 9 });
  });

  test("keeps the former key for what a longer lifetime, set before it stopped signing, may have made", () => {
    const keys = rotated(FIRST, NOW);
    const longer = settle(keys, [...LIFETIMES, { days: 90, until: null }], NOW + 1000);
    expect((longer[0]?.expires ?? 0) - (keys[0]?.expires ?? 0)).toBe(60 * DAY);
    // Set long after, it concerns the key no more.
    expect(settle(keys, [...LIFETIMES, { days: 90, until: null }], NOW + 2 * LATEST_MS)).toBe(keys);
  });

  test("keeps it as well for what a lifetime cut short since has made", () => {
    const cut: Lifetime[] = [
      { days: 90, until: NOW - DAY },
      { days: 7, until: null },
    ];
    expect(((rotated(FIRST, NOW, cut)[0]?.expires ?? 0) - NOW) / DAY).toBeGreaterThan(89);
  });
});

describe("by itself the ring", () => {
  test("rotates when its newest key has signed for as long as it is to", () => {
    expect(rotationDueAt(FIRST, 30, NOW)).toBe(NOW + 30 * DAY);
    expect(rotationDueAt(FIRST, 0, NOW)).toBeNull();
    const keys = rotated(FIRST, NOW + 30 * DAY);
    expect(rotationDueAt(keys, 30, NOW + 30 * DAY)).toBe(NOW + 60 * DAY + EVERYWHERE_MS);
  });

  test("leaves a signing key alone that was brought along", () => {
    expect(rotationDueAt(bringKeys([{ number: 3, wrapped: "x", weak: false }], NOW), 30, NOW)).toBeNull();
  });

  test("waits for a number where all are held", () => {
    let keys: readonly Key[] = FIRST;
    for (let n = 1; n < 10; n++) keys = rotated(keys, NOW + n);
    expect(rotationDueAt(keys, 30, NOW)).toBe(releaseDueAt(keys));
  });

  test.each([1, 7, 8, 16, 30, 89, 90])(
    "with lifetimes of %i days never runs out of numbers at the fastest rotation that settings allow",
    (lifetimeDays) => {
      const lifetimes: Lifetime[] = [{ days: lifetimeDays, until: null }];
      const allows = (rotateDays: number) =>
        checkSettings({ ...DEFAULTS, lifetimeDays, messageIdLifetimeDays: 1, rotateDays }).length === 0;
      let rotateDays = 1;
      while (!allows(rotateDays)) rotateDays += 1;
      for (const hour of [0, 1, 22, 23]) {
        const start = Math.floor(NOW / DAY) * DAY + (hour + 0.99) * (DAY / 24);
        let keys: readonly Key[] = [firstKey("w", start)];
        for (let round = 0; round < 40; round++) {
          const now = rotationDueAt(keys, rotateDays, start) ?? 0;
          keys = rotated(settle(keys, lifetimes, now), now, lifetimes);
        }
        expect(keys.length).toBeLessThanOrEqual(10);
      }
    },
  );
});

describe("an imported key", () => {
  const shared = { number: 7, wrapped: "x", weak: true };

  test("validates at once, and signs only where it is to, when every location has it", () => {
    const validates = keysOf(bringKey(FIRST, { ...shared, sign: false }, NOW));
    expect(states(validates, NOW)).toEqual(["signing", "validating"]);
    expect(validates[1]).toMatchObject({ notBefore: null, imported: true, weak: true });
    const signs = keysOf(bringKey(FIRST, { ...shared, sign: true }, NOW));
    expect(states(signs, NOW)).toEqual(["signing", "pending"]);
    expect(states(signs, NOW + EVERYWHERE_MS)).toEqual(["validating", "signing"]);
  });

  test("is never retired by itself, not even when another signs in its place", () => {
    const imported = keysOf(bringKey(FIRST, { ...shared, sign: true }, NOW));
    const keys = rotated(settle(imported, LIFETIMES, NOW), NOW + DAY);
    expect(findKey(keys, 7, NOW + 5000 * DAY)).toMatchObject({ expires: null });
  });

  test("takes no number that is held", () => {
    expect(bringKey(FIRST, { ...shared, number: 0, sign: false }, NOW)).toEqual({
      kind: "number-held",
      freeFrom: null,
    });
  });

  test("counts as weak below the 20 octets of HMAC-SHA-1", () => {
    expect(isWeak("x".repeat(19))).toBe(true);
    expect(isWeak("x".repeat(20))).toBe(false);
  });
});

describe("a key retired by hand", () => {
  const settled = (change: KeysChange | KeysRefusal, now: number) => settle(keysOf(change), LIFETIMES, now);

  test("validates nothing from then on, and its secret is gone", () => {
    const later = NOW + DAY;
    const keys = settled(retire(rotated(FIRST, NOW), 0, LIFETIMES, later), later);
    expect(keys[0]).toMatchObject({ wrapped: "", expires: later });
    expect(findKey(keys, 0, later)).toBeNull();
    expect(stateOf(keys, keys[0] as Key, later)).toBe("retired");
  });

  test("holds its number while anything signed with it could live, and then is gone", () => {
    const keys = settled(retire(rotated(FIRST, NOW), 0, LIFETIMES, NOW), NOW);
    const freeFrom = keys[0]?.freeFrom ?? 0;
    expect((freeFrom - NOW) / DAY).toBeGreaterThan(30);
    expect(bringKey(keys, { number: 0, wrapped: "x", weak: false, sign: false }, NOW)).toEqual({
      kind: "number-held",
      freeFrom,
    });
    expect(numbers(settle(keys, LIFETIMES, freeFrom - 1))).toEqual([0, 1]);
    expect(numbers(settle(keys, LIFETIMES, freeFrom))).toEqual([1]);
  });

  test("is not the only one that signs or will", () => {
    expect(retire(FIRST, 0, LIFETIMES, NOW)).toEqual({ kind: "only-signing-key" });
    const withValidating = keysOf(
      bringKey(FIRST, { number: 7, wrapped: "x", weak: false, sign: false }, NOW),
    );
    expect(retire(withValidating, 0, LIFETIMES, NOW)).toEqual({ kind: "only-signing-key" });
    expect(numbers(keysOf(retire(withValidating, 7, LIFETIMES, NOW)))).toEqual([0, 7]);
    expect(retire(FIRST, 4, LIFETIMES, NOW)).toEqual({ kind: "no-such-key" });
  });

  test("while it was still pending leaves the former one signing, without an end", () => {
    const keys = settled(retire(rotated(FIRST, NOW), 1, LIFETIMES, NOW + 1), NOW + 1);
    expect(states(keys, NOW + EVERYWHERE_MS)).toEqual(["signing", "retired"]);
    expect(keys[0]).toMatchObject({ expires: null, freeFrom: null });
    // Nothing was signed with it anywhere, so its number is free as soon as every location knows.
    expect(keys[1]?.freeFrom).toBe(NOW + 1 + LATEST_MS);
  });

  test("a second time changes nothing", () => {
    const keys = keysOf(retire(rotated(FIRST, NOW), 0, LIFETIMES, NOW));
    expect(keysOf(retire(keys, 0, LIFETIMES, NOW + DAY))).toBe(keys);
  });
});

test("whatever is asked of a ring, in any order, it always has a key that signs or will, and no number twice", () => {
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom("rotate", "import", "retire", "settle"),
      number: fc.nat(9),
      sign: fc.boolean(),
      laterMs: fc.oneof(fc.nat(EVERYWHERE_MS), fc.nat(40 * DAY)),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (asked) => {
      let keys: readonly Key[] = FIRST;
      let now = NOW;
      for (const { what, number, sign, laterMs } of asked) {
        now += laterMs;
        keys = settle(keys, LIFETIMES, now);
        const next = nextNumber(keys);
        if (what === "rotate" && next.kind === "number") {
          keys = rotate(keys, { number: next.number, wrapped: "w" }, now).keys;
        }
        const change =
          what === "import"
            ? bringKey(keys, { number, wrapped: "x", weak: false, sign }, now)
            : what === "retire"
              ? retire(keys, number, LIFETIMES, now)
              : null;
        if (change?.kind === "keys") keys = change.keys;
        keys = settle(keys, LIFETIMES, now);
        expect(new Set(numbers(keys)).size).toBe(keys.length);
        expect(signingKey(keys, now + EVERYWHERE_MS)).not.toBeNull();
        for (const key of keys) if (key.expires === null) expect(key.freeFrom).toBeNull();
      }
    }),
    { numRuns: 300 },
  );
});
