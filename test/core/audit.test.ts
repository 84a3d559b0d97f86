// What a write changed, told by the snapshots before and after it, and who may know who made it.

import { describe, expect, test } from "vitest";
import {
  type Actor,
  actorOf,
  type Changes,
  compareSnapshots,
  compareWebhooks,
  isUnchanged,
  SCHEDULE,
  showActor,
} from "../../src/core/audit.ts";
import type { Route } from "../../src/core/route.ts";
import { DEFAULTS, type Settings } from "../../src/core/settings.ts";
import type { Snapshot } from "../../src/core/snapshot.ts";
import { KEY, NOW, type Spoiled, snapshotOf } from "./fixtures.ts";

const NOTHING: Changes = { settings: {}, routes: [], moreRoutes: 0, keys: [], webhook: null };
const compared = (former: Snapshot | null, spoiled: Spoiled = {}) =>
  compareSnapshots(former, snapshotOf(spoiled), NOW);

describe("an actor", () => {
  const grant = (domains: readonly string[]) => ({ scopes: ["read"] as const, domains });
  const domains = (count: number) => Array.from({ length: count }, (_, n) => `d${n}.example`);

  test("is the admin where there is no token, whatever its name", () => {
    expect(actorOf({ ...grant(["*"]), id: null, name: "admin" })).toEqual({
      kind: "admin",
      id: null,
      name: null,
      domains: [],
    });
  });

  test("is the token, with ten domains at the most: of more, * stands for all", () => {
    const token = { id: "t1", name: "news" };
    expect(actorOf({ ...grant(domains(10)), ...token })).toEqual({
      kind: "token",
      ...token,
      domains: domains(10),
    });
    expect(actorOf({ ...grant(domains(11)), ...token })).toEqual({ kind: "token", ...token, domains: ["*"] });
  });

  test("of the alarm is nobody", () => {
    expect(SCHEDULE).toEqual({ kind: "schedule", id: null, name: null, domains: [] });
  });

  describe("is shown by name", () => {
    const token: Actor = { kind: "token", id: "t1", name: "news", domains: ["a.example"] };
    const named = { kind: "token", id: "t1", name: "news" };
    const reader = (id: string | null, ...reached: string[]) => ({ ...grant(reached), id });

    test("to readers that reach all its domains, and to itself", () => {
      expect(showActor(token, reader("t2", "a.example", "b.example"))).toEqual(named);
      expect(showActor(token, reader(null, "*"))).toEqual(named);
      expect(showActor(token, reader("t1"))).toEqual(named);
    });

    test("and to no other: there it is any token", () => {
      const any = { kind: "token", id: null, name: null };
      expect(showActor(token, reader("t2", "b.example"))).toEqual(any);
      expect(showActor({ ...token, domains: ["*"] }, reader("t2", "a.example"))).toEqual(any);
    });

    test("where it is no token, to everyone", () => {
      expect(showActor(SCHEDULE, reader("t2", "b.example"))).toEqual({
        kind: "schedule",
        id: null,
        name: null,
      });
    });
  });
});

describe("a new domain", () => {
  test("has all its settings, routes and keys from nothing", () => {
    const route: Route = { action: "consume" };
    const settings = Object.entries(DEFAULTS).map(([field, to]) => [field, { from: null, to }]);
    expect(compared(null, { routes: { alice: route } })).toEqual({
      settings: Object.fromEntries(settings),
      routes: [{ localPart: "alice", from: null, to: route }],
      moreRoutes: 0,
      keys: [{ number: 3, from: null, to: "signing" }],
      webhook: null,
    });
  });
});

describe("a domain that was there", () => {
  test("and is what it was has no changes, though every value be another object", () => {
    const changes = compared(snapshotOf());
    expect(changes).toEqual(NOTHING);
    expect(isUnchanged(changes)).toBe(true);
  });

  test("has those settings that are others, from what to what", () => {
    const former = snapshotOf({ settings: { exempt: ["dmarc"] } });
    expect(compared(former, { settings: { exempt: ["dmarc", "tls"], lifetimeDays: 14 } })).toEqual({
      ...NOTHING,
      settings: {
        exempt: { from: ["dmarc"], to: ["dmarc", "tls"] },
        lifetimeDays: { from: 7, to: 14 },
      },
    });
  });

  test("has a setting that an earlier version did not write from nothing", () => {
    const { dkimSelectors, ...earlier } = DEFAULTS;
    const former = { ...snapshotOf(), settings: earlier as Settings };
    expect(compared(former).settings).toEqual({ dkimSelectors: { from: null, to: [] } });
  });

  test("has the routes that came, went or changed", () => {
    const forward: Route = { action: "forward", to: ["inbox@example.net"] };
    const consume: Route = { action: "consume" };
    const former = snapshotOf({ routes: { gone: forward, same: forward, other: forward } });
    expect(compared(former, { routes: { same: { ...forward }, other: consume, came: consume } })).toEqual({
      ...NOTHING,
      routes: [
        { localPart: "gone", from: forward, to: null },
        { localPart: "other", from: forward, to: consume },
        { localPart: "came", from: null, to: consume },
      ],
    });
  });

  test("has ten routes listed at the most, and the others counted", () => {
    const former = snapshotOf({ routes: {} });
    const listed = (count: number) => {
      const routes = Object.fromEntries(
        Array.from({ length: count }, (_, n) => [`r${n}`, { action: "consume" } as const]),
      );
      const changes = compared(former, { routes });
      return [changes.routes.length, changes.moreRoutes];
    };
    expect([listed(3), listed(10), listed(11), listed(25)]).toEqual([
      [3, 0],
      [10, 0],
      [10, 1],
      [10, 15],
    ]);
  });

  test("has the states of keys that came, went, or gave signing up to another", () => {
    const first = { ...KEY, number: 1 };
    const second = { ...KEY, number: 2, notBefore: NOW };
    expect(compared(snapshotOf({ keys: [first] }), { keys: [first, second] }).keys).toEqual([
      { number: 1, from: "signing", to: "validating" },
      { number: 2, from: null, to: "signing" },
    ]);
    expect(compared(snapshotOf({ keys: [first, second] }), { keys: [second] }).keys).toEqual([
      { number: 1, from: "validating", to: null },
    ]);
  });
});

test("of a webhook the origin alone is told: what stands behind it may be a secret", () => {
  const [one, other] = ["https://hooks.example.com/T0/secret?x", "https://other.example.com:8443/secret"];
  expect(compareWebhooks(null, one)).toEqual({
    ...NOTHING,
    webhook: { from: null, to: "https://hooks.example.com" },
  });
  expect(compareWebhooks(one, other).webhook).toEqual({
    from: "https://hooks.example.com",
    to: "https://other.example.com:8443",
  });
  expect(compareWebhooks(other, null).webhook).toEqual({ from: "https://other.example.com:8443", to: null });
});

test.each<[string, Partial<Changes>]>([
  [
    "a setting with a route",
    {
      settings: { mode: { from: "off", to: "observe" } },
      routes: [{ localPart: "alice", from: null, to: { action: "consume" } }],
    },
  ],
  ["a setting", { settings: { mode: { from: "off", to: "observe" } } }],
  ["a route", { routes: [{ localPart: "alice", from: null, to: { action: "consume" } }] }],
  ["a key", { keys: [{ number: 3, from: null, to: "pending" }] }],
  [
    "two settings and two keys",
    {
      settings: { mode: { from: "off", to: "observe" }, scheme: { from: "prvs", to: "cs1" } },
      keys: [
        { number: 3, from: null, to: "pending" },
        { number: 4, from: null, to: "pending" },
      ],
    },
  ],
])("%s is a change", (_, changed) => {
  expect(isUnchanged({ ...NOTHING, ...changed })).toBe(false);
});
