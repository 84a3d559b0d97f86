import { describe, expect, test } from "vitest";
import { checkReadiness, continueSigning, type Remembered } from "../../src/core/readiness.ts";
import { DAY, KEY, NOW, type Spoiled, snapshotOf } from "./fixtures.ts";

const ROUTES = {
  alice: { action: "forward", to: ["alice@example.net"] },
  postmaster: { action: "forward", to: ["ops@example.net"] },
  abuse: { action: "forward", to: ["ops@example.net"] },
} as const;
const KEPT: Spoiled = {
  routes: ROUTES,
  settings: { rotateDays: 30 },
  keys: [{ ...KEY, notBefore: NOW - DAY }],
};

/** A domain in order, that has signed and observed for eight days; each test spoils one thing. */
const check = (spoiled: Spoiled = {}, remembered: Partial<Remembered> = {}) => {
  const { ready, checks } = checkReadiness(
    snapshotOf({ ...KEPT, ...spoiled }),
    {
      signing: { since: NOW - 8 * DAY, last: NOW - DAY, gapDays: 7 },
      modeSince: NOW - 8 * DAY,
      unsignedSenders: [],
      ...remembered,
    },
    NOW,
  );
  return { ready, ...Object.fromEntries(checks.map(({ id, status }) => [id, status])) };
};

test("a domain in order passes everything", () => {
  expect(check()).toEqual({
    ready: true,
    signing: "pass",
    observing: "pass",
    "unsigned-senders": "pass",
    routes: "pass",
    postmaster: "pass",
    keys: "pass",
    "weak-secret": "pass",
  });
});

describe("signing fails", () => {
  test.each<[string, Remembered["signing"]]>([
    ["where there was none", null],
    ["where it began less than a lifetime ago", { since: NOW - 7 * DAY + 1, last: NOW, gapDays: 7 }],
    [
      "where it paused for longer than a lifetime",
      { since: NOW - 80 * DAY, last: NOW - 7 * DAY - 1, gapDays: 7 },
    ],
    [
      "where longer gaps were let pass by a longer lifetime",
      { since: NOW - 80 * DAY, last: NOW, gapDays: 90 },
    ],
  ])("%s", (_, signing) => {
    expect(check({}, { signing })).toMatchObject({ ready: false, signing: "fail" });
  });

  test("by the lifetime in force", () => {
    const longer = { settings: { lifetimeDays: 14 } };
    expect(check(longer)).toMatchObject({ ready: false, signing: "fail", observing: "fail" });
  });
});

test("signing goes on over a gap of a lifetime, and begins anew after a longer one", () => {
  const signing = { since: NOW - 30 * DAY, last: NOW - 7 * DAY, gapDays: 7 };
  expect(continueSigning(signing, 7, NOW)).toEqual({ ...signing, last: NOW });
  expect(continueSigning(signing, 7, NOW + 1)).toEqual({ since: NOW + 1, last: NOW + 1, gapDays: 7 });
  expect(continueSigning(null, 7, NOW)).toEqual({ since: NOW, last: NOW, gapDays: 7 });
  // A clock that runs back takes nothing back.
  expect(continueSigning(signing, 7, NOW - 10 * DAY)).toEqual(signing);
});

test("a lifetime cut short counts only from the last time on that longer gaps were let pass", () => {
  const long = { since: NOW - 90 * DAY, last: NOW - DAY, gapDays: 90 };
  expect(continueSigning(long, 7, NOW)).toEqual({ since: NOW - DAY, last: NOW, gapDays: 7 });
  expect(continueSigning({ ...long, gapDays: 7 }, 30, NOW)).toEqual({ ...long, last: NOW, gapDays: 30 });
});

describe("observing fails", () => {
  test("for less than a lifetime, and while nothing is judged", () => {
    expect(check({}, { modeSince: NOW - 7 * DAY + 1 })).toMatchObject({ ready: false, observing: "fail" });
    expect(check({ settings: { mode: "off" } })).toMatchObject({ ready: false, observing: "fail" });
  });

  test("never where the domain enforces", () => {
    expect(check({ settings: { mode: "enforce" } }, { modeSince: NOW })).toMatchObject({ observing: "pass" });
  });
});

describe("the others only warn", () => {
  test.each<[string, Spoiled, Partial<Remembered>]>([
    ["unsigned-senders", {}, { unsignedSenders: ["bob"] }],
    ["routes", { routes: {} }, {}],
    ["routes", { routes: { ...ROUTES, "*": { action: "consume" } } }, {}],
    ["postmaster", { routes: { alice: ROUTES.alice } }, {}],
    ["postmaster", { routes: { ...ROUTES, abuse: { action: "reject", reason: "No." } } }, {}],
    ["keys", { keys: [] }, {}],
    ["keys", { keys: [{ ...KEY, notBefore: NOW + 1 }] }, {}],
    ["keys", { keys: [{ ...KEY, notBefore: NOW - 731 * DAY }], settings: { rotateDays: 0 } }, {}],
    ["keys", { keys: [{ ...KEY, notBefore: NOW - 32 * DAY }] }, {}],
    ["keys", { keys: [{ ...KEY, notBefore: NOW - DAY, imported: true }] }, {}],
    ["weak-secret", { keys: [{ ...KEY, notBefore: NOW - DAY, weak: true }] }, {}],
  ])("%s", (id, spoiled, remembered) => {
    expect(check(spoiled, remembered)).toMatchObject({ ready: true, [id]: "warn" });
  });

  test("unsigned-senders names those that have a route first, and not too many", () => {
    const invented = Array.from({ length: 100 }, (_, n) => `invented-${n}`);
    const { checks } = checkReadiness(
      snapshotOf(KEPT),
      { signing: null, modeSince: NOW, unsignedSenders: [...invented, "alice"] },
      NOW,
    );
    const detail = checks.find(({ id }) => id === "unsigned-senders")?.detail;
    expect(detail).toMatch(/: alice, invented-0, .*invented-18, and 81 more\. /);
  });

  test("not of a weak secret that is retired, nor of a key that is not to rotate", () => {
    const retired = { ...KEY, number: 4, weak: true, expires: NOW };
    expect(check({ keys: [{ ...KEY, notBefore: NOW - DAY }, retired] })).toMatchObject({
      "weak-secret": "pass",
    });
    const still = { keys: [{ ...KEY, notBefore: NOW - 700 * DAY }], settings: { rotateDays: 0 } };
    expect(check(still)).toMatchObject({ keys: "pass" });
  });
});
