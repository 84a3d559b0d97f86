// What shows that a domain signs, on a real SQLite (Node's). In workerd test/worker/readiness.test.ts goes the same ways.

import { beforeEach, describe, expect, test } from "vitest";
import { Senders } from "../../../src/store/ledger/senders.ts";
import type { Sightings } from "../../../src/store/sightings.ts";
import { DAY, NOW } from "../../core/fixtures.ts";
import { openStorage, type TestStorage } from "../storage.ts";

const HOUR = 3_600_000;
const NOTHING: Sightings = { minted: [], answerable: [], proven: [], unproven: [] };

let storage: TestStorage;
let senders: Senders;

beforeEach(() => {
  storage = openStorage();
  senders = new Senders(storage);
  senders.open();
});

const note = (sightings: Partial<Sightings>, now: number, lifetimeDays = 7) =>
  senders.note({ ...NOTHING, ...sightings }, lifetimeDays, now);

describe("signing", () => {
  test("goes on from what was seen, told by any isolate", () => {
    note({ minted: [["alice", NOW]] }, NOW);
    note({ proven: [["alice", NOW + 5 * DAY]] }, NOW + 5 * DAY);
    expect(senders.signing).toEqual({ since: NOW, last: NOW + 5 * DAY, gapDays: 7 });
  });

  test("counts from when it was seen, not from when that was told", () => {
    note({ minted: [["alice", NOW]] }, NOW);
    // A stranger's bounce takes along what has waited for days.
    note({ minted: [["bob", NOW + HOUR]], unproven: [["carol", NOW + 6 * DAY]] }, NOW + 6 * DAY);
    expect(senders.signing).toEqual({ since: NOW, last: NOW + HOUR, gapDays: 7 });
    note({ minted: [["bob", NOW + 8 * DAY]] }, NOW + 8 * DAY);
    expect(senders.signing).toEqual({ since: NOW + 8 * DAY, last: NOW + 8 * DAY, gapDays: 7 });
  });

  test("is no later than now, whatever an isolate's clock says, and nothing takes it back", () => {
    note({ minted: [["alice", NOW + DAY]] }, NOW);
    expect(senders.signing?.last).toBe(NOW);
    note({ proven: [["alice", NOW - 20 * DAY]] }, NOW + HOUR);
    expect(senders.signing).toEqual({ since: NOW, last: NOW, gapDays: 7 });
  });

  test("is not shown by Message-IDs alone, nor by bounces without evidence", () => {
    note({ answerable: [["alice", NOW]], unproven: [["bob", NOW]] }, NOW);
    expect(senders.signing).toBeNull();
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
    expect(senders.unsignedSenders()).toEqual([]);
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
    expect(senders.unsignedSenders()).toEqual(["carol", "bob"]);
    note({ minted: [["carol", NOW + 3]], unproven: [["x", NOW]] }, NOW + 3);
    expect(senders.unsignedSenders()).toEqual(["bob", "x"]);
  });

  test("are at most ten thousand, and then no one that signs is turned away", () => {
    const invented = Array.from({ length: 10_050 }, (_, n) => [`invented-${n}`, NOW] as const);
    note({ unproven: invented }, NOW);
    note({ unproven: [["one-more", NOW]] }, NOW);
    note({ minted: [["alice", NOW]] }, NOW + HOUR);
    const [row] = storage.query("SELECT count(*) AS held, max(signed_at) AS signed FROM senders");
    expect(row).toMatchObject({ held: 10_001, signed: NOW });
  });
});

test("who was last seen long enough ago is forgotten", () => {
  note({ unproven: [["bob", NOW]] }, NOW);
  note({ minted: [["alice", NOW + DAY]], unproven: [["carol", NOW + DAY]] }, NOW + DAY);
  senders.forget(NOW);
  expect(storage.query("SELECT local_part FROM senders ORDER BY local_part")).toEqual([
    { local_part: "alice" },
    { local_part: "carol" },
  ]);
});

test("a domain that is deleted leaves nothing", () => {
  note({ minted: [["alice", NOW]] }, NOW);
  senders.clear();
  expect(storage.kept.size).toBe(0);
  senders.open();
  expect([storage.query("SELECT * FROM senders"), senders.signing]).toEqual([[], null]);
});
