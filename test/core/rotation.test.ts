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
  tendingDueAt,
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
    expect(retire(keys, 0, LIFETIMES, NOW + DAY)).toEqual({ kind: "keys", keys, isNew: false });
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

describe("the number of the next key", () => {
  const held = (number: number, created: number): Key => ({ ...firstKey("w", created), number });

  test("is 0 in an empty ring, and else follows that of the latest key", () => {
    expect(nextNumber([])).toEqual({ kind: "number", number: 0 });
    expect(nextNumber([held(5, NOW), held(7, NOW - 1)])).toEqual({ kind: "number", number: 6 });
    expect(nextNumber([held(5, NOW - 1), held(7, NOW)])).toEqual({ kind: "number", number: 8 });
    expect(nextNumber([held(9, NOW)])).toEqual({ kind: "number", number: 0 });
  });

  test("follows that of the last listed where two are as old", () => {
    expect(nextNumber([held(3, NOW), held(7, NOW)])).toEqual({ kind: "number", number: 8 });
  });

  test("passes over those that are held, up to the latest key's own", () => {
    expect(nextNumber([held(3, NOW), held(4, 0), held(5, 0)])).toEqual({ kind: "number", number: 6 });
    const nine = Array.from({ length: 9 }, (_, number) => held(number, number));
    expect(nextNumber(nine)).toEqual({ kind: "number", number: 9 });
    expect(nextNumber([...nine, held(9, 9)])).toEqual({ kind: "no-free-number", freeFrom: null });
  });
});

test("a domain's first key, and one that follows it, are whole", () => {
  const own = { created: NOW, expires: null, freeFrom: null, imported: false, weak: false };
  expect(firstKey("w", NOW)).toEqual({ ...own, number: 0, wrapped: "w", notBefore: NOW });
  expect(rotate([], { number: 4, wrapped: "x" }, NOW)).toEqual({
    kind: "keys",
    keys: [{ ...own, number: 4, wrapped: "x", notBefore: NOW + EVERYWHERE_MS }],
    isNew: true,
  });
  expect(bringKey([], { number: 4, wrapped: "x", weak: true, sign: true }, NOW)).toEqual({
    kind: "keys",
    keys: [{ ...own, number: 4, wrapped: "x", notBefore: NOW + EVERYWHERE_MS, imported: true, weak: true }],
    isNew: true,
  });
  expect(bringKeys([{ number: 4, wrapped: "x", weak: false }], NOW)).toEqual([
    { ...own, number: 4, wrapped: "x", notBefore: NOW, imported: true },
  ]);
});

test("every location has a write after two and a half minutes, and mints with the former after an hour at the most", () => {
  expect([EVERYWHERE_MS, LATEST_MS]).toEqual([150_000, 3_600_000]);
});

describe("by itself", () => {
  const ring = (over: Partial<Key>[]): Key[] =>
    over.map((key, number) => ({ ...firstKey("w", NOW), number, ...key }));

  test("a ring without a key that signs, or will, is never rotated", () => {
    expect(rotationDueAt([], 30, NOW)).toBeNull();
    expect(rotationDueAt(ring([{ notBefore: null }]), 30, NOW)).toBeNull();
    expect(rotationDueAt(ring([{ expires: NOW }]), 30, NOW)).toBeNull();
  });

  test("a full ring is rotated when a number is free, and not before it is time", () => {
    const full = (freeFrom: number | null) =>
      ring(Array.from({ length: 10 }, (_, n) => ({ created: n, freeFrom: n === 0 ? freeFrom : null })));
    expect(rotationDueAt(full(null), 30, NOW)).toBeNull();
    expect(rotationDueAt(full(NOW + 40 * DAY), 30, NOW)).toBe(NOW + 40 * DAY);
    expect(rotationDueAt(full(NOW + 20 * DAY), 30, NOW)).toBe(NOW + 30 * DAY);
  });

  test("a ring is tended when it is to be rotated or a number is to be freed, whichever is first", () => {
    const freed = (freeFrom: number | null) => ring([{}, { notBefore: null, freeFrom }]);
    expect(tendingDueAt(freed(NOW + 40 * DAY), 30, NOW)).toBe(NOW + 30 * DAY);
    expect(tendingDueAt(freed(NOW + 20 * DAY), 30, NOW)).toBe(NOW + 20 * DAY);
    expect(tendingDueAt(freed(NOW + 20 * DAY), 0, NOW)).toBe(NOW + 20 * DAY);
    expect(tendingDueAt(freed(null), 0, NOW)).toBeNull();
  });

  test("a number is freed with the first key that has an end", () => {
    expect(releaseDueAt(ring([{ freeFrom: NOW + 9 }, { freeFrom: NOW + 5 }, {}]))).toBe(NOW + 5);
    expect(releaseDueAt(ring([{}]))).toBeNull();
  });
});

describe("settled,", () => {
  const [one, two] = [firstKey("w", NOW), { ...firstKey("x", NOW), number: 1 }];
  /** The first instant of the day after the last that a key can have signed for, an hour after `at`. */
  const endAfter = (at: number, days = 30) => (Math.floor((at + LATEST_MS) / DAY) + days + 1) * DAY;

  test("of keys whose time comes at once the last listed succeeds the others", () => {
    const keys = settle([one, two], LIFETIMES, NOW);
    expect(keys.map(({ expires }) => expires)).toEqual([endAfter(NOW), null]);
    expect(keys[1]).toBe(two);
  });

  test("a key is succeeded by the next whose time comes, not by a later one", () => {
    const later = { ...two, notBefore: NOW + 50 * DAY };
    const next = { ...two, number: 2, notBefore: NOW + 20 * DAY };
    const keys = settle([one, later, next], LIFETIMES, NOW);
    expect(keys.map(({ expires }) => expires)).toEqual([
      endAfter(NOW + 20 * DAY),
      null,
      endAfter(NOW + 50 * DAY),
    ]);
  });

  test("no key is succeeded by one that validates only, or is retired, or came before it", () => {
    for (const other of [
      { ...two, notBefore: null },
      { ...two, notBefore: NOW + 1, expires: NOW, freeFrom: NOW + DAY },
      { ...two, notBefore: NOW - 1, expires: NOW + DAY, freeFrom: NOW + DAY },
    ]) {
      expect(settle([one, other], LIFETIMES, NOW)[0]).toBe(one);
    }
  });

  test("a key that validates only is left without an end", () => {
    const validating = { ...one, notBefore: null };
    expect(settle([validating, two], LIFETIMES, NOW)[0]).toBe(validating);
  });

  test("a key that none succeeds any more loses its end", () => {
    const ended = { ...one, expires: NOW + DAY, freeFrom: NOW + DAY };
    expect(settle([ended], LIFETIMES, NOW)).toEqual([one]);
  });

  test("an end is put off, and never brought forward", () => {
    const keys = settle([one, two], LIFETIMES, NOW);
    expect(settle(keys, [{ days: 7, until: null }], NOW)).toBe(keys);
    const [longer] = settle(keys, [{ days: 90, until: null }], NOW);
    expect(longer).toMatchObject({ expires: endAfter(NOW, 90), freeFrom: endAfter(NOW, 90) });
  });

  test("an end is put off up to the last instant at which a location may have signed", () => {
    const keys = settle([one, two], LIFETIMES, NOW);
    const longer: Lifetime[] = [{ days: 90, until: null }];
    expect(settle(keys, longer, NOW + LATEST_MS)[0]?.expires).toBe(endAfter(NOW, 90));
    expect(settle(keys, longer, NOW + LATEST_MS + 1)).toBe(keys);
  });

  test("a former lifetime counts up to its end alone", () => {
    const former: Lifetime[] = [
      { days: 90, until: NOW - 40 * DAY },
      { days: 7, until: null },
    ];
    const [ended] = settle([one, two], former, NOW);
    expect(ended?.expires).toBe((Math.floor((NOW - 40 * DAY) / DAY) + 91) * DAY);
  });

  test("a key that was to have its end long ago gets it all the same", () => {
    expect(settle([one, two], LIFETIMES, NOW + 2 * LATEST_MS)[0]?.expires).toBe(endAfter(NOW));
  });

  test("what a location signs late, after midnight, counts for the next day", () => {
    const late = 20_782 * DAY - LATEST_MS / 2;
    const keys = settle(
      [
        { ...one, notBefore: late },
        { ...two, notBefore: late },
      ],
      LIFETIMES,
      late,
    );
    expect(keys[0]?.expires).toBe((20_782 + 31) * DAY);
  });

  test("an imported key keeps its end where it has one, and gets none", () => {
    const imported = { ...one, imported: true };
    expect(settle([imported, two], LIFETIMES, NOW)[0]).toBe(imported);
    const retired = { ...imported, expires: NOW - 1, freeFrom: NOW + DAY };
    expect(settle([retired, two], LIFETIMES, NOW)[0]).toBe(retired);
  });

  test("a ring in which nothing changed is the same, and one that lost a key is not", () => {
    const ring = [two];
    expect(settle(ring, LIFETIMES, NOW)).toBe(ring);
    const free = { ...one, expires: NOW, freeFrom: NOW };
    expect(settle([two, free], LIFETIMES, NOW)).toEqual([two]);
    expect(settle([two, { ...free, freeFrom: NOW + 1 }], LIFETIMES, NOW)).toHaveLength(2);
  });
});

describe("retired by hand,", () => {
  const [one, two] = [firstKey("w", NOW), { ...firstKey("x", NOW), number: 1 }];
  const retiredAs = (keys: readonly Key[], number: number, now = NOW) =>
    keysOf(retire(keys, number, LIFETIMES, now)).find((key) => key.number === number);
  const lived = (Math.floor((NOW + LATEST_MS) / DAY) + 31) * DAY;

  test("a key that may have signed holds its number as long as what it signed can live", () => {
    expect(retire([one, two], 0, LIFETIMES, NOW)).toEqual({
      kind: "keys",
      keys: [{ ...one, wrapped: "", expires: NOW, freeFrom: lived }, two],
      isNew: false,
    });
  });

  test("a key whose number was to be held for longer holds it for longer", () => {
    const long = { ...one, expires: NOW + 90 * DAY, freeFrom: NOW + 90 * DAY };
    expect(retiredAs([long, two], 0)?.freeFrom).toBe(NOW + 90 * DAY);
  });

  test("a key that waits to sign frees its number in an hour, unless another signer has it", () => {
    const pending = { ...two, notBefore: NOW + 1 };
    expect(retiredAs([one, pending], 1)?.freeFrom).toBe(NOW + LATEST_MS);
    expect(retiredAs([one, { ...pending, imported: true }], 1)?.freeFrom).toBe(lived);
    expect(retiredAs([one, { ...pending, notBefore: NOW }], 1)?.freeFrom).toBe(lived);
    expect(retiredAs([one, { ...pending, notBefore: null }], 1)?.freeFrom).toBe(lived);
  });

  test("the only key that signs or will stays: one that validates or is retired is no other", () => {
    for (const other of [
      { ...two, notBefore: null },
      { ...two, expires: NOW, freeFrom: NOW + DAY },
    ]) {
      expect(retire([one, other], 0, LIFETIMES, NOW)).toEqual({ kind: "only-signing-key" });
    }
    expect(retire([one, { ...two, notBefore: NOW + 1 }], 0, LIFETIMES, NOW).kind).toBe("keys");
    expect(retire([{ ...two, notBefore: null }], 1, LIFETIMES, NOW).kind).toBe("keys");
  });
});
