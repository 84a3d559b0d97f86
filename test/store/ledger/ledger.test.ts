// What the domain's object remembers of its mail, on a real SQLite (Node's). In workerd test/worker/returned.test.ts goes
// the same ways.

import { beforeEach, describe, expect, test } from "vitest";
import { dayOf } from "../../../src/core/day.ts";
import type { Bounce, DomainEvent, MessageRecord, Rejection, Tally } from "../../../src/core/record.ts";
import { addUp, type Count } from "../../../src/core/stats.ts";
import { Ledger } from "../../../src/store/ledger/ledger.ts";
import { DAY, NOW } from "../../core/fixtures.ts";
import { openStorage, type TestStorage } from "../storage.ts";

let storage: TestStorage;
let ledger: Ledger;
let told: DomainEvent[];

beforeEach(() => {
  storage = openStorage();
  ledger = new Ledger(storage);
  ledger.open();
  told = [];
});

const BOUNCE: Bounce = {
  id: "a-1",
  kind: "failed",
  evidence: "tag",
  scheme: "cs1",
  receivedAt: new Date(NOW).toISOString(),
  original: "alice@example.com",
  ref: "order-7",
  recipient: "bob@example.net",
  action: "failed",
  status: "5.1.1",
  class: "hard",
  diagnostic: "550 5.1.1 no such user",
  reportingMta: "mx.example.net",
  messageId: "<1@example.com>",
  source: "dsn",
};

const rejection = (id: string): Rejection => ({
  id,
  receivedAt: new Date(NOW).toISOString(),
  recipient: "alice@example.com",
  original: "alice@example.com",
  status: "missing",
  disposition: "rejected",
  from: null,
  messageId: null,
});

const recordOf = (id: string, change: Partial<MessageRecord> = {}): MessageRecord => ({
  id,
  status: "valid",
  disposition: "consumed",
  rejection: null,
  failures: [],
  receivedAt: NOW,
  bounces: [{ ...BOUNCE, id: `${id}-1` }],
  ...change,
});

/** Of the day that is NOW. */
const count = (
  status: Count["status"],
  disposition: Count["disposition"],
  messages: number,
  day = dayOf(NOW),
): Count => ({ day, status, disposition, messages });

const tally = (id: string, change: Partial<Tally> = {}): Tally => ({
  id,
  counts: [count("missing", "rejected", 3)],
  samples: [],
  failures: [],
  ...change,
});

const record = (id: string, now = NOW, change: Partial<MessageRecord> = {}) =>
  ledger.record(recordOf(id, change), "{}", now, (event) => told.push(event));

/** Messages of the day, by tag status and by disposition. */
const counted = (now = NOW) =>
  ledger.counts(1, now).map(({ status, disposition, messages }) => `${status} ${disposition} ${messages}`);
const idsOf = (items: readonly { id: string }[]) => items.map(({ id }) => id);
const bounces = () => idsOf(ledger.bounces(null, 100).items);
const rejections = () => idsOf(ledger.rejections(null, 100).items);

describe("a message that is recorded by itself", () => {
  test("counts once, is listed once and is told once, however often it is handed over", () => {
    record("a");
    record("a", NOW + 1);
    record("b", NOW + 2, {
      status: "missing",
      disposition: "would-reject",
      rejection: rejection("b"),
      bounces: [],
    });
    expect(counted()).toEqual(["missing would-reject 1", "valid consumed 1"]);
    expect(bounces()).toEqual(["a-1"]);
    expect(rejections()).toEqual(["b"]);
    expect(told).toEqual([{ id: "a-1", type: "bounce.failed", at: NOW, data: BOUNCE }]);
  });

  test("is not counted where it can't be kept", () => {
    const failing = () => {
      throw new Error("disk I/O error");
    };
    expect(() => ledger.record(recordOf("a"), "{}", NOW, failing)).toThrow();
    expect([counted(), bounces()]).toEqual([[], []]);
    record("a");
    expect([counted(), bounces()]).toEqual([["valid consumed 1"], ["a-1"]]);
  });

  test("takes the place of the oldest where there is too much", () => {
    for (const [at, id] of ["a", "b", "c"].entries()) record(id, NOW + at);
    storage.databaseSize = 256 * 1024 * 1024;
    record("d", NOW + 9);
    expect(bounces()).toEqual(["d-1", "c-1"]);
    expect(storage.query("SELECT id FROM messages ORDER BY at")).toEqual([{ id: "c" }, { id: "d" }]);
  });
});

describe("what isolates add up", () => {
  test("counts once for each tally, though its answer was lost", () => {
    ledger.count(tally("one"), NOW);
    ledger.count(tally("one"), NOW);
    ledger.count(tally("two", { counts: [count("missing", "rejected", 1)] }), NOW);
    expect(counted()).toEqual(["missing rejected 4"]);
  });

  test("counts a sample that is known already no second time", () => {
    ledger.count(tally("one", { samples: [rejection("a"), rejection("b")] }), NOW);
    ledger.count(tally("two", { samples: [rejection("b"), rejection("c")] }), NOW);
    expect(counted()).toEqual(["missing rejected 5"]);
    expect(rejections()).toEqual(["c", "b", "a"]);
  });

  test("takes back what was deferred and is done now, down to none", () => {
    ledger.count(tally("one", { counts: [count("valid", "deferred", 1)] }), NOW);
    const forwarded = count("valid", "forwarded", 1);
    ledger.count(tally("two", { counts: [count("valid", "deferred", -1), forwarded] }), NOW);
    expect(counted()).toEqual(["valid forwarded 1"]);
  });

  test("takes it back on the day when it was counted, never below none, and counts nothing on a day to come", () => {
    ledger.count(tally("one", { counts: [count("valid", "deferred", 1)] }), NOW);
    const counts = [
      count("valid", "deferred", -2),
      count("valid", "forwarded", 1, dayOf(NOW) + 1),
      count("missing", "rejected", 1, dayOf(NOW) + 5),
    ];
    ledger.count(tally("two", { counts }), NOW + DAY);
    expect(counted(NOW + DAY)).toEqual(["missing rejected 1", "valid forwarded 1"]);
    ledger.count(tally("three", { counts: [count("valid", "deferred", 1)] }), NOW + DAY);
    expect(ledger.counts(2, NOW + DAY)).toContainEqual(count("valid", "deferred", 1));
  });

  test("keeps a thousand samples in a row, and then two a minute", () => {
    const flood = (from: number, now: number) => {
      for (let at = 0; at < 60; at += 1) {
        const samples = Array.from({ length: 20 }, (_, n) => rejection(`${from}-${at}-${n}`));
        ledger.count(tally(`${from}-${at}`, { samples }), now);
      }
      return storage.query("SELECT count(*) AS held FROM rejections")[0]?.["held"];
    };
    expect(flood(1, NOW)).toBe(1_000);
    // The same object, out of memory and back.
    ledger = new Ledger(storage);
    expect(flood(2, NOW + 60_000)).toBe(1_002);
    expect(flood(3, NOW + 24 * 3_600_000)).toBe(2_002);
  });
});

describe("a page", () => {
  test("goes on where the one before ended, whatever has come since", () => {
    for (const id of ["a", "b", "c", "d"]) record(id);
    const first = ledger.bounces(null, 2);
    expect([idsOf(first.items), first.more]).toEqual([["d-1", "c-1"], true]);
    record("e");
    const second = ledger.bounces(first.items.at(-1)?.number ?? 0, 2);
    expect([idsOf(second.items), second.more]).toEqual([["b-1", "a-1"], false]);
  });

  test("of what came back holds nothing that only the operator is told", () => {
    ledger.notify({ id: "n", type: "key.overdue", at: NOW, data: {} }, (event) => told.push(event));
    record("a");
    expect(bounces()).toEqual(["a-1"]);
    expect(ledger.findEvent("n")).toEqual({ id: "n", type: "key.overdue", at: NOW, data: {} });
  });
});

test("the operator is told of the same thing once", () => {
  const notice = { id: "n", type: "key.overdue", at: NOW, data: {} };
  ledger.notify(notice, (event) => told.push(event));
  ledger.notify({ ...notice, at: NOW + 1 }, (event) => told.push(event));
  expect(told).toEqual([notice]);
});

describe("a ref", () => {
  test("brings so many messages and no more; the same message is one", () => {
    const admit = (message: string, atMost = 2) =>
      ledger.admit("alice@example.com order-7 1", message, atMost, NOW);
    expect([admit("a"), admit("a"), admit("b"), admit("c"), admit("b")]).toEqual([
      true,
      true,
      true,
      false,
      true,
    ]);
    expect(admit("c", 3)).toBe(true);
    expect(ledger.admit("alice@example.com order-8 1", "z", 2, NOW)).toBe(true);
  });

  test("brings one message no oftener than any server tries, and others all the same", () => {
    const admit = (message: string) => ledger.admit("ref", message, 2, NOW);
    const taken = Array.from({ length: 2_500 }, () => admit("a")).filter((admitted) => admitted).length;
    expect(taken).toBe(2_200);
    expect([admit("a"), admit("b"), admit("c")]).toEqual([false, true, false]);
  });

  test("is remembered for as long as a tag can live, however soon records are forgotten", () => {
    ledger.admit("ref", "a", 1, NOW);
    ledger.forget(NOW + 80 * DAY, NOW + 91 * DAY);
    expect(ledger.admit("ref", "b", 1, NOW)).toBe(false);
    ledger.forget(NOW + 80 * DAY, NOW + 92 * DAY);
    expect(ledger.admit("ref", "b", 1, NOW)).toBe(true);
  });
});

describe("stats", () => {
  test("have every day from the first with mail until today", () => {
    record("a", NOW);
    record("b", NOW + 2 * DAY);
    const days = addUp(ledger.counts(30, NOW + 3 * DAY), Math.floor(NOW / DAY) + 3);
    expect(days.map(({ day, disposition }) => [day, disposition.consumed])).toEqual([
      ["2026-11-24", 1],
      ["2026-11-25", 0],
      ["2026-11-26", 1],
      ["2026-11-27", 0],
    ]);
    expect(days[0]?.status).toMatchObject({ valid: 1, missing: 0 });
  });

  test("of a domain without mail are empty, and of one day are today's alone", () => {
    expect(addUp(ledger.counts(30, NOW), Math.floor(NOW / DAY))).toEqual([]);
    record("a", NOW - DAY);
    record("b", NOW);
    expect(ledger.counts(1, NOW)).toHaveLength(1);
    expect(ledger.counts(2, NOW)).toHaveLength(2);
  });

  test("are kept for ninety days", () => {
    record("a", NOW);
    ledger.forget(0, NOW + 89 * DAY);
    expect(ledger.counts(90, NOW + 89 * DAY)).toHaveLength(1);
    ledger.forget(0, NOW + 90 * DAY);
    expect(ledger.counts(1_000, NOW + 90 * DAY)).toEqual([]);
  });
});

test("what was kept long enough is forgotten", () => {
  record("a", NOW);
  ledger.count(tally("one", { samples: [rejection("r")] }), NOW);
  record("b", NOW + DAY, { receivedAt: NOW + DAY });
  const notice = { id: "n", type: "key.overdue", at: NOW, data: {} };
  ledger.notify(notice, () => undefined);
  ledger.forget(NOW, NOW + 10 * DAY);
  expect([bounces(), rejections()]).toEqual([["b-1"], []]);
  expect(ledger.findEvent("a-1")).toBeNull();
  // It would be told again tomorrow.
  expect(ledger.findEvent("n")).toEqual(notice);
  ledger.forget(NOW + 91 * DAY, NOW + 91 * DAY);
  expect(ledger.findEvent("n")).toBeNull();
});

test("a domain that is deleted leaves nothing", () => {
  record("a");
  ledger.count(tally("one", { samples: [rejection("r")] }), NOW);
  ledger.admit("ref", "a", 1, NOW);
  ledger.clear();
  expect(storage.query("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")).toEqual([]);
  ledger.open();
  expect([counted(), bounces(), rejections()]).toEqual([[], [], []]);
});
