import { describe, expect, test } from "vitest";
import {
  type Check,
  checkReadiness,
  continueSigning,
  overdueAt,
  type Remembered,
  senderOf,
} from "../../src/core/readiness.ts";
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

/** All ten numbers held, the last by a key that signs, and none of them ever free by itself. */
const HELD = Array.from({ length: 10 }, (_, number) => ({
  ...KEY,
  number,
  created: number,
  notBefore: number === 9 ? NOW - DAY : null,
}));

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

describe("each check says what was found, and what to do:", () => {
  const detailOf = (id: Check["id"], spoiled: Spoiled = {}, remembered: Partial<Remembered> = {}) =>
    checkReadiness(
      snapshotOf({ ...KEPT, ...spoiled }),
      {
        signing: { since: NOW - 8 * DAY, last: NOW - DAY, gapDays: 7 },
        modeSince: NOW - 8 * DAY,
        unsignedSenders: [],
        ...remembered,
      },
      NOW,
    ).checks.find((check) => check.id === id)?.detail;

  test.each<[Remembered["signing"], string]>([
    [
      { since: NOW - 7 * DAY, last: NOW - 7 * DAY, gapDays: 7 },
      "Mail has been signed since 2026-11-17T12:00:00.000Z, last at 2026-11-17T12:00:00.000Z.",
    ],
    [null, "No mail of this domain has been signed. Mint a reverse-path for each message it sends."],
    [
      { since: NOW - 80 * DAY, last: NOW - 8 * DAY, gapDays: 7 },
      "Nothing has been signed since 2026-11-16T12:00:00.000Z, longer ago than a tag lives (7 days). Mint a reverse-path for each message, and wait for a lifetime from then on.",
    ],
    [
      { since: NOW - 6 * DAY, last: NOW, gapDays: 7 },
      "Mail has been signed since 2026-11-18T12:00:00.000Z. What went out before may still bounce without a tag: wait until 2026-11-25T12:00:00.000Z.",
    ],
  ])("signing, of %j", (signing, detail) => {
    expect(detailOf("signing", {}, { signing })).toBe(detail);
  });

  test.each<[Spoiled["settings"], number, string]>([
    [{}, NOW - 7 * DAY, "The domain has observed since 2026-11-17T12:00:00.000Z."],
    [
      {},
      NOW - 6 * DAY,
      "The domain has observed since 2026-11-18T12:00:00.000Z. Look at what would be refused, and wait until 2026-11-25T12:00:00.000Z.",
    ],
    [{ mode: "enforce" }, NOW, "The domain enforces."],
    [{ mode: "off" }, NOW, "Nothing is judged. Set the mode to observe, and look at what would be refused."],
  ])("observing, with %j since %i", (settings, modeSince, detail) => {
    expect(detailOf("observing", { settings: { ...settings } }, { modeSince })).toBe(detail);
  });

  test("unsigned senders, twenty of them by name", () => {
    const senders = (count: number) => Array.from({ length: count }, (_, n) => `s${n}`);
    const detail = (count: number) => detailOf("unsigned-senders", {}, { unsignedSenders: senders(count) });
    const found = "These draw bounces without evidence, and nothing was ever minted for them:";
    const advice = "Where they are forged, nothing is amiss; where one sends mail of yours, sign it first.";
    expect(detail(0)).toBe("No address draws bounces that has never been signed for.");
    expect(detail(1)).toBe(`${found} s0. ${advice}`);
    expect(detailOf("unsigned-senders", {}, { unsignedSenders: ["bob", "alice"] })).toBe(
      `${found} alice, bob. ${advice}`,
    );
    expect(detail(20)).toBe(`${found} ${senders(20).join(", ")}. ${advice}`);
    expect(detail(21)).toBe(`${found} ${senders(20).join(", ")}, and 1 more. ${advice}`);
  });

  test("routes", () => {
    expect(detailOf("routes")).toBe("Each address that takes mail has a route of its own.");
    expect(detailOf("routes", { routes: {} })).toBe(
      "There is no route: no address of the domain takes mail. Set some.",
    );
    expect(detailOf("routes", { routes: { "*": { action: "consume" } } })).toBe(
      "The route * takes mail for every address that anyone invents. Set a route for each address, and delete it.",
    );
  });

  test("postmaster", () => {
    const others =
      "where others report what goes wrong (RFC 5321, 4.5.1; RFC 2142). Set a route that forwards.";
    expect(detailOf("postmaster")).toBe("postmaster and abuse are forwarded to someone.");
    expect(detailOf("postmaster", { routes: {} })).toBe(`Nobody reads postmaster and abuse, ${others}`);
    const { postmaster, ...rest } = ROUTES;
    expect(detailOf("postmaster", { routes: rest })).toBe(`Nobody reads postmaster, ${others}`);
    expect(detailOf("postmaster", { routes: { postmaster } })).toBe(`Nobody reads abuse, ${others}`);
  });

  test.each<[string, Spoiled]>([
    ["Key 3 signs until about 2026-12-23T12:00:00.000Z.", {}],
    ["Key 3 signs, and is never rotated.", { settings: { rotateDays: 0 } }],
    ["No key signs. Rotate, or bring a key along with sign.", { keys: [] }],
    [
      "No key signs until 2026-11-24T12:00:00.001Z, when the new one does.",
      { keys: [{ ...KEY, notBefore: NOW + 1 }] },
    ],
    [
      "Key 3 signs, and is never rotated.",
      { keys: [{ ...KEY, notBefore: NOW - 730 * DAY }], settings: { rotateDays: 0 } },
    ],
    [
      "Key 3 has signed since 2024-11-24T11:59:59.999Z. The days in prvs tags repeat after 1000, and its old ones would live again: rotate.",
      { keys: [{ ...KEY, notBefore: NOW - 730 * DAY - 1 }], settings: { rotateDays: 0 } },
    ],
    [
      "Key 3 was brought along, so it is not rotated. Rotate once to go over to keys of the domain's own, or set rotateDays to 0.",
      { keys: [{ ...KEY, notBefore: NOW - DAY, imported: true }] },
    ],
    [
      "Key 3 signs, and is never rotated.",
      { keys: [{ ...KEY, notBefore: NOW - DAY, imported: true }], settings: { rotateDays: 0 } },
    ],
    ["Key 3 signs until about 2026-11-23T12:00:00.000Z.", { keys: [{ ...KEY, notBefore: NOW - 31 * DAY }] }],
    [
      "The rotation is overdue: all ten numbers are held, or storage fails. Retire a key.",
      { keys: [{ ...KEY, notBefore: NOW - 31 * DAY - 1 }] },
    ],
    ["The rotation is overdue: all ten numbers are held, or storage fails. Retire a key.", { keys: HELD }],
  ])("keys: %s", (detail, spoiled) => {
    expect(detailOf("keys", spoiled)).toBe(detail);
  });

  test("weak secrets, each by its number", () => {
    const key = { ...KEY, notBefore: NOW - DAY };
    const weak = (...numbers: number[]) => ({
      keys: [key, ...numbers.map((number) => ({ ...KEY, number, notBefore: null, weak: true }))],
    });
    const advice =
      "has fewer than the 20 octets that RFC 2104 (3) advises; it can be guessed from tags that were seen. Rotate, and retire it a lifetime later.";
    expect(detailOf("weak-secret")).toBe("Every secret has at least the 20 octets that RFC 2104 advises.");
    expect(detailOf("weak-secret", weak(5))).toBe(`The secret of key 5 ${advice}`);
    expect(detailOf("weak-secret", weak(5, 7))).toBe(`The secret of key 5, 7 ${advice}`);
  });
});

describe("the key that signs is overdue for rotation", () => {
  const due = (settings: Spoiled["settings"], keys: Spoiled["keys"]) =>
    overdueAt(snapshotOf({ settings: { ...settings }, keys: keys ?? [] }), NOW);
  const key = { ...KEY, notBefore: NOW - DAY };

  test("never where there is none", () => {
    expect(due({}, [])).toBeNull();
    expect(due({}, [{ ...KEY, notBefore: NOW + 1 }])).toBeNull();
  });

  test("a day after its rotation was due, or at once where none can be", () => {
    expect(due({ rotateDays: 30 }, [key])).toBe(NOW + 30 * DAY);
    expect(due({ rotateDays: 30 }, HELD)).toBe(NOW);
  });

  test("two years after it began to sign, where it is not rotated, or not that soon", () => {
    const longest = NOW - DAY + 730 * DAY;
    expect(due({ rotateDays: 0 }, [key])).toBe(longest);
    expect(due({ rotateDays: 30 }, [{ ...key, imported: true }])).toBe(longest);
    expect(due({ rotateDays: 800 }, [key])).toBe(longest);
  });
});

test("a sender is remembered without its detail, and what bears a tag is none", () => {
  const domain = "example.com";
  expect(senderOf({ localPart: "alice", domain })).toEqual({ localPart: "alice", domain });
  expect(senderOf({ localPart: "alice+lists", domain })).toEqual({ localPart: "alice", domain });
  expect(senderOf({ localPart: "prvs=3788b9ac3e=alice", domain })).toBeNull();
});
