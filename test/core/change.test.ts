import { describe, expect, test } from "vitest";
import {
  changeRoute,
  changeSettings,
  ROUTES_AT_MOST,
  replaceRoutes,
  type SettingsChange,
} from "../../src/core/change.ts";
import type { Route } from "../../src/core/route.ts";
import { DEFAULTS } from "../../src/core/settings.ts";
import type { Snapshot } from "../../src/core/snapshot.ts";
import { KEY, snapshotOf } from "./fixtures.ts";

const change = (over: Partial<SettingsChange> = {}): SettingsChange => ({
  kind: "put",
  settings: {},
  keys: null,
  force: false,
  ...over,
});
const KEYS = [{ number: 3, secret: "secret" }];
const ROUTE: Route = { action: "consume" };

/** What comes of a change in a domain that is not ready to enforce. */
const changed = (former: Snapshot | null, asked: SettingsChange, missing = ["It does not sign."]) =>
  changeSettings(former, asked, () => missing);

describe("settings", () => {
  test("a new domain has the defaults", () => {
    expect(changed(null, change())).toEqual({ kind: "settings", settings: DEFAULTS, forced: [] });
  });

  test("PUT replaces all of them, PATCH what it names", () => {
    const former = snapshotOf({ settings: { lifetimeDays: 14, exempt: ["dmarc"] } });
    const settings = { placement: "subaddress" } as const;
    expect(changed(former, change({ settings }))).toEqual({
      kind: "settings",
      forced: [],
      settings: { ...DEFAULTS, ...settings },
    });
    expect(changed(former, change({ kind: "patch", settings }))).toEqual({
      kind: "settings",
      forced: [],
      settings: { ...former.settings, ...settings },
    });
  });

  test("there is nothing to PATCH in a domain that is not configured", () => {
    expect(changed(null, change({ kind: "patch" })).kind).toBe("unconfigured");
  });

  test("a rotation faster than ten slots allow is refused, by its field", () => {
    const fast = changed(null, change({ settings: { rotateDays: 3 } }));
    expect(fast).toMatchObject({ kind: "unusable", faults: [{ field: "rotateDays" }] });
    expect(changed(null, change({ settings: { rotateDays: 4 } })).kind).toBe("settings");
    expect(changed(null, change({ settings: { rotateDays: 0 } })).kind).toBe("settings");
  });
});

describe("keys brought along", () => {
  test("switch rotation off at creation", () => {
    expect(changed(null, change({ keys: KEYS }))).toMatchObject({ settings: { rotateDays: 0 } });
  });

  test("are no part of a later PUT, which has the default: a key brought along that signs is left alone", () => {
    const former = snapshotOf({ settings: { rotateDays: 0 }, keys: [{ ...KEY, imported: true }] });
    expect(changed(former, change())).toMatchObject({ settings: { rotateDays: 30 } });
  });

  test("switch it off whatever was asked for with them; it can be switched on later", () => {
    const asked = { settings: { rotateDays: 30 } };
    expect(changed(null, change({ ...asked, keys: KEYS }))).toMatchObject({
      settings: { rotateDays: 0 },
    });
    const former = snapshotOf({ keys: [{ ...KEY, imported: true }] });
    expect(changed(former, change(asked))).toMatchObject({ settings: { rotateDays: 30 } });
  });

  test("are a conflict once the domain is there, judged after the values", () => {
    expect(changed(snapshotOf(), change({ keys: KEYS })).kind).toBe("keys-fixed");
    const both = change({ keys: KEYS, settings: { rotateDays: 1 } });
    expect(changed(snapshotOf(), both).kind).toBe("unusable");
  });
});

describe("enforcing", () => {
  const enforce = { settings: { mode: "enforce" } } as const;

  test("needs force, by PUT and PATCH, for a new domain too", () => {
    expect(changed(null, change(enforce))).toEqual({ kind: "not-ready", missing: ["It does not sign."] });
    expect(changed(snapshotOf(), change({ ...enforce, kind: "patch" })).kind).toBe("not-ready");
    expect(changed(snapshotOf(), change({ ...enforce, force: true })).kind).toBe("settings");
    expect(changed(snapshotOf(), change({ ...enforce, kind: "patch" }), []).kind).toBe("settings");
  });

  test("is not asked again of a domain that does", () => {
    expect(changed(snapshotOf(enforce), change({ ...enforce, kind: "patch" })).kind).toBe("settings");
  });
});

describe("routes", () => {
  test("one is set, or removed where it is there", () => {
    const set = changeRoute(new Map(), "alice", ROUTE);
    expect(set).toEqual({ kind: "routes", routes: new Map([["alice", ROUTE]]), isNew: true });
    expect(changeRoute(new Map([["alice", ROUTE]]), "alice", ROUTE)).toMatchObject({ isNew: false });
    expect(changeRoute(new Map([["alice", ROUTE]]), "alice", null)).toEqual({
      kind: "routes",
      routes: new Map(),
      isNew: false,
    });
    expect(changeRoute(new Map(), "alice", null).kind).toBe("no-such-route");
  });

  test("there are at most ten thousand", () => {
    const many = Array.from({ length: ROUTES_AT_MOST }, (_, n): [string, Route] => [`r${n}`, ROUTE]);
    expect(replaceRoutes(many).kind).toBe("routes");
    expect(replaceRoutes([...many, ["one-more", ROUTE]])).toEqual({
      kind: "unusable",
      faults: [{ field: "routes", detail: "10000 routes are the limit." }],
    });
    expect(changeRoute(new Map(many), "one-more", ROUTE).kind).toBe("unusable");
    expect(changeRoute(new Map(many), "r0", ROUTE).kind).toBe("routes");
  });

  test("together they have at most as much as can be published", () => {
    const large: Route = {
      action: "forward",
      to: Array.from({ length: 20 }, (_, n) => `${"a".repeat(200)}@${n}.example`),
    };
    const many = (count: number) =>
      Array.from({ length: count }, (_, n): [string, Route] => [`r${n}`, large]);
    expect(replaceRoutes(many(1_800)).kind).toBe("routes");
    expect(replaceRoutes(many(2_000))).toMatchObject({
      kind: "unusable",
      faults: [{ field: "routes", detail: expect.stringContaining("8388608 are the limit") }],
    });
    expect(changeRoute(new Map(many(2_000)), "r0", null).kind).toBe("routes");
  });
});

test("routes of 8388608 octets are not too many, one more is", () => {
  const octets = (reason: string) => JSON.stringify([["r", { action: "reject", reason }]]).length;
  const rejecting = (length: number): Route => ({ action: "reject", reason: "x".repeat(length) });
  const longest = 8_388_608 - octets("");
  expect(replaceRoutes([["r", rejecting(longest)]])).toMatchObject({ kind: "routes", isNew: false });
  expect(replaceRoutes([["r", rejecting(longest + 1)]])).toEqual({
    kind: "unusable",
    faults: [{ field: "routes", detail: "Together they have 8388609 octets; 8388608 are the limit." }],
  });
});
