import { expect, test } from "vitest";
import { LATEST_MS } from "../../src/core/rotation.ts";
import type { Route } from "../../src/core/route.ts";
import { DEFAULTS } from "../../src/core/settings.ts";
import { createSnapshot, decodeSnapshot, encodeSnapshot, revise } from "../../src/core/snapshot.ts";
import { importWrappingKey, unwrapSecret, wrapSecret } from "../../src/core/wrapping.ts";
import { KEY, NOW, snapshotOf } from "./fixtures.ts";

test("what is encoded is decoded to the same snapshot", () => {
  const routes = new Map<string, Route>([["__proto__", { action: "consume" }]]);
  const snapshot = { ...snapshotOf(), routes };
  expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
});

test("one that an earlier version wrote has what was added since", () => {
  const { messageIdLifetimes, ...earlier } = snapshotOf();
  const keys = earlier.keys.map(({ freeFrom, weak, ...key }) => key);
  const text = JSON.stringify({ format: 1, ...earlier, keys, routes: [...earlier.routes] });
  expect(decodeSnapshot(text)).toEqual(snapshotOf());
});

test("a snapshot of another form is refused, not misread", () => {
  const text = encodeSnapshot(snapshotOf()).replace('"format":1', '"format":2');
  expect(() => decodeSnapshot(text)).toThrow("format 2");
});

test("revisions grow with every write, though the clock stand still or run back", () => {
  const first = createSnapshot("example.com", DEFAULTS, [KEY], NOW, 0);
  expect(first.revision).toBe(NOW);
  expect(revise(first, {}, NOW).revision).toBe(NOW + 1);
  expect(revise(first, {}, NOW - 1000).revision).toBe(NOW + 1);
  expect(createSnapshot("example.com", DEFAULTS, [KEY], NOW, NOW + 5).revision).toBe(NOW + 6);
});

test("a lifetime cut short stays in the window until every location has the new one", () => {
  const first = createSnapshot("example.com", { ...DEFAULTS, lifetimeDays: 30 }, [KEY], NOW, 0);
  const { lifetimes } = revise(first, { settings: { ...DEFAULTS, lifetimeDays: 7 } }, NOW);
  expect(lifetimes).toEqual([
    { days: 30, until: NOW + LATEST_MS },
    { days: 7, until: null },
  ]);
});

test("a wrapped key unwraps in its own place, under its own secret, and nowhere else", async () => {
  const [current, former] = await Promise.all([
    importWrappingKey("a".repeat(32)),
    importWrappingKey("b".repeat(32)),
  ]);
  const place = { domain: "example.com", slot: 3 };
  const wrapped = await wrapSecret(former, place, "secret", crypto.getRandomValues(new Uint8Array(12)));
  expect(wrapped).not.toContain("secret");
  expect(await unwrapSecret([current, former], place, wrapped)).toBe("secret");
  await expect(unwrapSecret([current], place, wrapped)).rejects.toThrow("does not unwrap");
  await expect(unwrapSecret([former], { ...place, slot: 4 }, wrapped)).rejects.toThrow("does not unwrap");
  await expect(unwrapSecret([former], { ...place, domain: "example.org" }, wrapped)).rejects.toThrow(
    "does not unwrap",
  );
  const tampered = `${wrapped.slice(0, 20)}${wrapped[20] === "A" ? "B" : "A"}${wrapped.slice(21)}`;
  await expect(unwrapSecret([former], place, tampered)).rejects.toThrow("does not unwrap");
});

test("a domain's first snapshot is whole", () => {
  const settings = { ...DEFAULTS, lifetimeDays: 14 };
  expect(createSnapshot("example.com", settings, [KEY], NOW, 0)).toEqual({
    domain: "example.com",
    revision: NOW,
    settings,
    lifetimes: [{ days: 14, until: null }],
    messageIdLifetimes: [{ days: 30, until: null }],
    keys: [KEY],
    routes: new Map(),
  });
});

test("what is not written anew stays what it was", () => {
  const first = snapshotOf({ settings: { lifetimeDays: 14 } });
  expect(revise(first, {}, NOW)).toEqual({ ...first, revision: NOW });
  const routes = new Map<string, Route>([["alice", { action: "consume" }]]);
  expect(revise(first, { routes }, NOW)).toEqual({ ...first, routes, revision: NOW });
});

test("a Message-ID's lifetime changes apart from the tag's", () => {
  const settings = { ...DEFAULTS, messageIdLifetimeDays: 60 };
  expect(revise(snapshotOf(), { settings }, NOW)).toMatchObject({
    lifetimes: [{ days: 7, until: null }],
    messageIdLifetimes: [
      { days: 30, until: NOW + LATEST_MS },
      { days: 60, until: null },
    ],
  });
});

test("the ring is settled by both lifetimes, with the keys that are written", () => {
  const keys = [
    { ...KEY, number: 1, notBefore: NOW - 1 },
    { ...KEY, number: 2, notBefore: NOW },
  ];
  const end = (days: number) => (20_781 + days + 1) * 86_400_000;
  const expiresWith = (settings: { lifetimeDays: number; messageIdLifetimeDays: number }) =>
    revise(snapshotOf({ settings }), { keys }, NOW).keys.map(({ expires }) => expires);
  expect(expiresWith({ lifetimeDays: 7, messageIdLifetimeDays: 60 })).toEqual([end(60), null]);
  expect(expiresWith({ lifetimeDays: 60, messageIdLifetimeDays: 7 })).toEqual([end(60), null]);
});

test("what is published has its format in front, and routes as pairs", () => {
  const snapshot = snapshotOf({ routes: { alice: { action: "consume" } } });
  const text = encodeSnapshot(snapshot);
  expect(JSON.parse(text)).toMatchObject({ format: 1, routes: [["alice", { action: "consume" }]] });
  expect(() => decodeSnapshot(text.replace('"format":1', '"format":7'))).toThrow(
    new Error("This snapshot has format 7; 1 is what is read here."),
  );
});

test("what an earlier version wrote keeps what it has of what was added since", () => {
  const keys = [{ ...KEY, freeFrom: NOW, weak: true }];
  const written = { ...snapshotOf({ keys }), messageIdLifetimes: [{ days: 9, until: NOW }] };
  expect(decodeSnapshot(encodeSnapshot(written))).toEqual(written);
});
