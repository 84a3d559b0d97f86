// What the domain's object remembers, on a real SQLite (Node's). Only what surrounds it stands in for the object's
// storage; in workerd test/worker/readiness.test.ts goes the same ways.

import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, test } from "vitest";
import { Ledger, type LedgerStorage } from "../../src/store/ledger.ts";
import type { Sightings } from "../../src/store/sightings.ts";
import { DAY, NOW } from "../core/fixtures.ts";

const HOUR = 3_600_000;
const NOTHING: Sightings = { minted: [], answerable: [], proven: [], unproven: [] };

let database: DatabaseSync;
let kept: Map<string, unknown>;
let databaseSize = 0;
let ledger: Ledger;

beforeEach(() => {
  database = new DatabaseSync(":memory:");
  kept = new Map();
  databaseSize = 0;
  ledger = new Ledger({
    kv: {
      get: (key: string) => kept.get(key),
      put: (key: string, value: unknown) => kept.set(key, value),
      delete: (key: string) => kept.delete(key),
    },
    sql: {
      get databaseSize() {
        return databaseSize;
      },
      exec(query: string, ...bindings: (string | number)[]) {
        const statements = query.split(";").filter((statement) => statement.trim() !== "");
        const rows = statements.map((statement) => {
          const prepared = database.prepare(statement);
          const named = Object.fromEntries(bindings.map((value, at) => [`?${at + 1}`, value]));
          return statement.includes("?1") ? prepared.all(named) : prepared.all(...bindings);
        });
        return rows.at(-1) ?? [];
      },
    },
    transactionSync: (closure: () => void) => closure(),
  } as LedgerStorage);
  ledger.open();
});

const note = (sightings: Partial<Sightings>, now: number, lifetimeDays = 7) =>
  ledger.note({ ...NOTHING, ...sightings }, lifetimeDays, now);
const messages = () =>
  database
    .prepare("SELECT id FROM messages ORDER BY at")
    .all()
    .map((row) => row["id"]);

describe("signing", () => {
  test("goes on from what was seen, told by any isolate", () => {
    note({ minted: [["alice", NOW]] }, NOW);
    note({ proven: [["alice", NOW + 5 * DAY]] }, NOW + 5 * DAY);
    expect(ledger.signing).toEqual({ since: NOW, last: NOW + 5 * DAY, gapDays: 7 });
  });

  test("counts from when it was seen, not from when that was told", () => {
    note({ minted: [["alice", NOW]] }, NOW);
    // A stranger's bounce takes along what has waited for days.
    note({ minted: [["bob", NOW + HOUR]], unproven: [["carol", NOW + 6 * DAY]] }, NOW + 6 * DAY);
    expect(ledger.signing).toEqual({ since: NOW, last: NOW + HOUR, gapDays: 7 });
    note({ minted: [["bob", NOW + 8 * DAY]] }, NOW + 8 * DAY);
    expect(ledger.signing).toEqual({ since: NOW + 8 * DAY, last: NOW + 8 * DAY, gapDays: 7 });
  });

  test("is no later than now, whatever an isolate's clock says, and nothing takes it back", () => {
    note({ minted: [["alice", NOW + DAY]] }, NOW);
    expect(ledger.signing?.last).toBe(NOW);
    note({ proven: [["alice", NOW - 20 * DAY]] }, NOW + HOUR);
    expect(ledger.signing).toEqual({ since: NOW, last: NOW, gapDays: 7 });
  });

  test("is not shown by Message-IDs alone, nor by bounces without evidence", () => {
    note({ answerable: [["alice", NOW]], unproven: [["bob", NOW]] }, NOW);
    expect(ledger.signing).toBeNull();
  });
});

describe("of minting alone", () => {
  test("no more than one note an hour is written, however many isolates tell", () => {
    expect(note({ minted: [["alice", NOW]] }, NOW)).toBe(true);
    expect(note({ minted: [["bob", NOW + 1]] }, NOW + 1)).toBe(false);
    expect(note({ answerable: [["bob", NOW + 1]] }, NOW + HOUR - 1)).toBe(false);
    expect(note({ answerable: [["bob", NOW + 1]] }, NOW + HOUR)).toBe(true);
    expect(note({ answerable: [["carol", NOW + 1]] }, NOW + HOUR + 1)).toBe(false);
  });

  test("mail writes at once, and takes the minted along", () => {
    note({ minted: [["alice", NOW]] }, NOW);
    expect(note({ minted: [["bob", NOW + 1]], unproven: [["bob", NOW + 1]] }, NOW + 1)).toBe(true);
    expect(ledger.unsignedSenders()).toEqual([]);
  });
});

describe("unsigned senders", () => {
  test("are those with bounces without evidence for whom nothing was ever signed, the latest first", () => {
    note(
      {
        unproven: [
          ["bob", NOW],
          ["carol", NOW + 1],
          ["alice", NOW],
          ["dave", NOW],
        ],
      },
      NOW + 1,
    );
    note({ proven: [["alice", NOW + 2]], answerable: [["dave", NOW + 2]] }, NOW + 2);
    expect(ledger.unsignedSenders()).toEqual(["carol", "bob"]);
    note({ minted: [["carol", NOW + 3]], unproven: [["x", NOW]] }, NOW + 3);
    expect(ledger.unsignedSenders()).toEqual(["bob", "x"]);
  });

  test("are at most ten thousand, and then no one that signs is turned away", () => {
    const invented = Array.from({ length: 10_050 }, (_, n) => [`invented-${n}`, NOW] as const);
    note({ unproven: invented }, NOW);
    note({ unproven: [["one-more", NOW]] }, NOW);
    note({ minted: [["alice", NOW]] }, NOW + HOUR);
    const [row] = database.prepare("SELECT count(*) AS held, max(signed_at) AS signed FROM senders").all();
    expect(row).toMatchObject({ held: 10_001, signed: NOW });
  });
});

describe("consumed messages", () => {
  test("are kept once for each id", () => {
    ledger.record("a", "{}", NOW);
    ledger.record("a", "{}", NOW + 1);
    ledger.record("b", "{}", NOW + 2);
    expect(messages()).toEqual(["a", "b"]);
  });

  test("take the place of the oldest where there is too much", () => {
    for (const [at, id] of ["a", "b", "c"].entries()) ledger.record(id, "{}", NOW + at);
    databaseSize = 256 * 1024 * 1024;
    ledger.record("d", "{}", NOW + 9);
    expect(messages()).toEqual(["b", "c", "d"]);
  });
});

test("what is old enough is forgotten, looked for once a day at most, whatever is written between", () => {
  expect(ledger.forgetDueAt(90 * DAY)).toBeNull();
  ledger.record("a", "{}", NOW);
  note({ unproven: [["bob", NOW + DAY]] }, NOW + DAY);
  ledger.record("b", "{}", NOW + 10 * DAY);
  expect(ledger.forgetDueAt(90 * DAY)).toBe(NOW + 90 * DAY);
  ledger.forget(90 * DAY, NOW + 90 * DAY);
  expect(messages()).toEqual(["b"]);
  expect(ledger.unsignedSenders()).toEqual(["bob"]);
  expect(ledger.forgetDueAt(90 * DAY)).toBe(NOW + 91 * DAY);
  ledger.forget(90 * DAY, NOW + 100 * DAY);
  expect([messages(), ledger.unsignedSenders(), ledger.forgetDueAt(90 * DAY)]).toEqual([[], [], null]);
});

test("a domain that is deleted leaves nothing", () => {
  note({ minted: [["alice", NOW]] }, NOW);
  ledger.record("a", "{}", NOW);
  ledger.clear();
  expect(kept.size).toBe(0);
  ledger.open();
  expect([messages(), ledger.unsignedSenders(), ledger.signing]).toEqual([[], [], null]);
});
