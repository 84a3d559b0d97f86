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

describe("settings", () => {
  test("a new domain has the defaults", () => {
    expect(changeSettings(null, change())).toEqual({ kind: "settings", settings: DEFAULTS });
  });

  test("PUT replaces all of them, PATCH what it names", () => {
    const former = snapshotOf({ settings: { lifetimeDays: 14, exempt: ["dmarc"] } });
    const settings = { placement: "subaddress" } as const;
    expect(changeSettings(former, change({ settings }))).toEqual({
      kind: "settings",
      settings: { ...DEFAULTS, ...settings },
    });
    expect(changeSettings(former, change({ kind: "patch", settings }))).toEqual({
      kind: "settings",
      settings: { ...former.settings, ...settings },
    });
  });

  test("there is nothing to PATCH in a domain that is not configured", () => {
    expect(changeSettings(null, change({ kind: "patch" })).kind).toBe("unconfigured");
  });

  test("a rotation faster than ten slots allow is refused, by its field", () => {
    const fast = changeSettings(null, change({ settings: { rotateDays: 3 } }));
    expect(fast).toMatchObject({ kind: "unusable", faults: [{ field: "rotateDays" }] });
    expect(changeSettings(null, change({ settings: { rotateDays: 4 } })).kind).toBe("settings");
    expect(changeSettings(null, change({ settings: { rotateDays: 0 } })).kind).toBe("settings");
  });
});

describe("keys brought along", () => {
  test("switch rotation off, at creation and for a later PUT", () => {
    expect(changeSettings(null, change({ keys: KEYS }))).toMatchObject({ settings: { rotateDays: 0 } });
    const former = snapshotOf({ keys: [{ ...KEY, imported: true }] });
    expect(changeSettings(former, change())).toMatchObject({ settings: { rotateDays: 0 } });
  });

  test("switch it off whatever was asked for with them; it can be switched on later", () => {
    const asked = { settings: { rotateDays: 30 } };
    expect(changeSettings(null, change({ ...asked, keys: KEYS }))).toMatchObject({
      settings: { rotateDays: 0 },
    });
    const former = snapshotOf({ keys: [{ ...KEY, imported: true }] });
    expect(changeSettings(former, change(asked))).toMatchObject({ settings: { rotateDays: 30 } });
  });

  test("are a conflict once the domain is there, judged after the values", () => {
    expect(changeSettings(snapshotOf(), change({ keys: KEYS })).kind).toBe("keys-fixed");
    const both = change({ keys: KEYS, settings: { rotateDays: 1 } });
    expect(changeSettings(snapshotOf(), both).kind).toBe("unusable");
  });
});

describe("enforcing", () => {
  const enforce = { settings: { mode: "enforce" } } as const;

  test("needs force, by PUT and PATCH, for a new domain too", () => {
    expect(changeSettings(null, change(enforce)).kind).toBe("not-ready");
    expect(changeSettings(snapshotOf(), change({ ...enforce, kind: "patch" })).kind).toBe("not-ready");
    expect(changeSettings(snapshotOf(), change({ ...enforce, force: true })).kind).toBe("settings");
  });

  test("is not asked again of a domain that does", () => {
    expect(changeSettings(snapshotOf(enforce), change({ ...enforce, kind: "patch" })).kind).toBe("settings");
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
    expect(replaceRoutes([...many, ["one-more", ROUTE]]).kind).toBe("unusable");
    expect(changeRoute(new Map(many), "one-more", ROUTE).kind).toBe("unusable");
    expect(changeRoute(new Map(many), "r0", ROUTE).kind).toBe("routes");
  });
});
