import { describe, expect, test } from "vitest";
import { changeLifetime, findKey, holdsKey, signingKey, windowDays } from "../../src/core/keyring.ts";
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
