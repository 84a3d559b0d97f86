import { describe, expect, test } from "vitest";
import {
  changeLifetime,
  findKey,
  holdsKey,
  isRetired,
  newestKey,
  SLOTS,
  signingKey,
  signsFrom,
  stateOf,
  windowDays,
} from "../../src/core/keyring.ts";
import { DAY, KEY, NOW } from "./fixtures.ts";

describe("the key that signs", () => {
  test("of those whose time has come it is the latest", () => {
    const older = { ...KEY, number: 1, notBefore: NOW - 2 };
    const newer = { ...KEY, number: 2, notBefore: NOW };
    const pending = { ...KEY, number: 4, notBefore: NOW + 1 };
    expect(signingKey([newer, older, pending], NOW)).toBe(newer);
  });

  test("a key that only validates never signs", () => {
    expect(signingKey([{ ...KEY, notBefore: null }], NOW)).toBeNull();
  });

  test("a retired key does not sign", () => {
    expect(signingKey([{ ...KEY, expires: NOW }], NOW)).toBeNull();
  });
});

test("a retired key is not found, and a ring of none holds none", () => {
  const retired = { ...KEY, expires: NOW };
  expect(findKey([retired], KEY.number, NOW - 1)).toBe(retired);
  expect(findKey([retired], KEY.number, NOW)).toBeNull();
  expect(holdsKey([retired], NOW)).toBe(false);
});

describe("the window", () => {
  test("is the lifetime in force", () => {
    expect(windowDays([{ days: 3, until: null }], [KEY], NOW)).toBe(3);
  });

  test("is at least 7 while an imported key is in the ring", () => {
    const imported = { ...KEY, imported: true };
    expect(windowDays([{ days: 3, until: null }], [imported], NOW)).toBe(7);
    expect(windowDays([{ days: 3, until: null }], [{ ...imported, expires: NOW }], NOW)).toBe(3);
  });

  test("stays as long as a tag minted under a former lifetime can live", () => {
    const lifetimes = changeLifetime([{ days: 30, until: null }], 7, NOW, NOW);
    expect(windowDays(lifetimes, [KEY], NOW)).toBe(30);
    expect(windowDays(lifetimes, [KEY], NOW + 30 * DAY)).toBe(30);
    expect(windowDays(lifetimes, [KEY], NOW + 31 * DAY)).toBe(7);
  });

  test("covers what other locations still mint with the former lifetime, over midnight", () => {
    const everywhere = NOW + DAY;
    const lifetimes = changeLifetime([{ days: 30, until: null }], 7, NOW, everywhere);
    expect(windowDays(lifetimes, [KEY], NOW + 31 * DAY)).toBe(30);
    expect(windowDays(lifetimes, [KEY], NOW + 32 * DAY)).toBe(7);
  });

  test("grows at once", () => {
    expect(windowDays(changeLifetime([{ days: 7, until: null }], 30, NOW, NOW), [KEY], NOW)).toBe(30);
  });
});

test("a lifetime set again to what it is stays one span", () => {
  expect(changeLifetime([{ days: 7, until: null }], 7, NOW, NOW)).toEqual([{ days: 7, until: null }]);
});

test("spans whose tags are all dead are forgotten", () => {
  const lifetimes = [
    { days: 7, until: NOW - 8 * DAY },
    { days: 5, until: null },
  ];
  expect(changeLifetime(lifetimes, 6, NOW, NOW)).toEqual([
    { days: 5, until: NOW },
    { days: 6, until: null },
  ]);
});

test("there are ten slots, since the number of a key is one digit", () => {
  expect(SLOTS).toBe(10);
});

test("of keys whose time came at once the one listed last signs", () => {
  const [one, other] = [
    { ...KEY, number: 1, notBefore: NOW },
    { ...KEY, number: 2, notBefore: NOW },
  ];
  expect(signingKey([one, other], NOW)).toBe(other);
  expect(signingKey([other, one], NOW)).toBe(one);
});

test("the newest key is the one that signs last of all, though its time has not come", () => {
  const pending = { ...KEY, number: 2, notBefore: NOW + 1 };
  const validating = { ...KEY, number: 4, notBefore: null };
  expect(newestKey([pending, KEY, validating], NOW)).toBe(pending);
  expect(newestKey([{ ...pending, expires: NOW }, KEY], NOW)).toBe(KEY);
  expect(newestKey([validating], NOW)).toBeNull();
  expect(newestKey([], NOW)).toBeNull();
});

describe("when the first of the keys that wait will sign", () => {
  const pending = (notBefore: number) => ({ ...KEY, number: 4, notBefore });

  test("is the earliest of their times", () => {
    expect(signsFrom([pending(NOW + 9), KEY, pending(NOW + 5)], NOW)).toBe(NOW + 5);
    expect(signsFrom([pending(NOW + 1)], NOW)).toBe(NOW + 1);
  });

  test("is never where none waits: one signs, or validates only, or is retired", () => {
    expect(signsFrom([], NOW)).toBeNull();
    expect(signsFrom([pending(NOW)], NOW)).toBeNull();
    expect(signsFrom([{ ...KEY, notBefore: null }], NOW)).toBeNull();
    expect(signsFrom([{ ...pending(NOW + 5), expires: NOW }], NOW)).toBeNull();
  });
});

describe("the state of a key", () => {
  const signing = { ...KEY, number: 1, notBefore: NOW };

  test.each([
    ["signing", signing],
    ["validating", { ...KEY, number: 2, notBefore: NOW - 1 }],
    ["validating", { ...KEY, number: 2, notBefore: null }],
    ["pending", { ...KEY, number: 2, notBefore: NOW + 1 }],
    ["retired", { ...KEY, number: 2, expires: NOW }],
    ["retired", { ...KEY, number: 2, notBefore: NOW + 1, expires: NOW - 1 }],
  ])("is %s: %j", (state, key) => {
    expect(stateOf([key, signing].slice(key === signing ? 1 : 0), key, NOW)).toBe(state);
  });
});

test("a key validates up to the instant of its end, and without one for good", () => {
  expect(isRetired({ ...KEY, expires: NOW + 1 }, NOW)).toBe(false);
  expect(isRetired({ ...KEY, expires: NOW }, NOW)).toBe(true);
  expect(isRetired({ ...KEY, expires: null }, NOW)).toBe(false);
  expect(holdsKey([{ ...KEY, expires: NOW }, KEY], NOW)).toBe(true);
  expect(holdsKey([], NOW)).toBe(false);
});

test("a key is found by its number", () => {
  const other = { ...KEY, number: 4 };
  expect(findKey([KEY, other], 4, NOW)).toBe(other);
  expect(findKey([KEY, other], 5, NOW)).toBeNull();
});

test("the window covers a longer lifetime wherever it stands, and none where none is in force", () => {
  const lifetimes = [
    { days: 5, until: null },
    { days: 9, until: NOW },
  ];
  expect(windowDays(lifetimes, [KEY], NOW)).toBe(9);
  expect(windowDays(lifetimes.toReversed(), [KEY], NOW)).toBe(9);
  expect(windowDays(lifetimes, [KEY, { ...KEY, imported: true }], NOW)).toBe(9);
  expect(windowDays([], [KEY], NOW)).toBe(0);
});

test("a former lifetime of the same length is not the one in force", () => {
  const lifetimes = [
    { days: 7, until: NOW },
    { days: 5, until: null },
  ];
  expect(changeLifetime(lifetimes, 7, NOW, NOW + 1)).toEqual([
    { days: 7, until: NOW },
    { days: 5, until: NOW + 1 },
    { days: 7, until: null },
  ]);
});

test("the window is at least 7 for one imported key among others", () => {
  expect(windowDays([{ days: 3, until: null }], [KEY, { ...KEY, imported: true }], NOW)).toBe(7);
});

test("a lifetime set again to what it is leaves former ones as they are", () => {
  const lifetimes = [
    { days: 30, until: NOW },
    { days: 7, until: null },
  ];
  expect(changeLifetime(lifetimes, 7, NOW, NOW + 1)).toEqual(lifetimes);
});
