import fc from "fast-check";
import { expect, test } from "vitest";
import { DAY_MS, dayOf, daysSince, daysUntil, earliest, residueOf, startOfDay } from "../../src/core/day.ts";

test("a day begins at midnight UTC", () => {
  expect(dayOf(Date.UTC(2026, 10, 24, 23, 59, 59, 999))).toBe(20_781);
  expect(dayOf(Date.UTC(2026, 10, 25))).toBe(20_782);
  expect(startOfDay(20_782)).toBe(Date.UTC(2026, 10, 25));
});

test("residues wrap from 999 to 000 on 2027-07-01", () => {
  expect(residueOf(dayOf(Date.UTC(2027, 5, 30)))).toBe("999");
  expect(residueOf(dayOf(Date.UTC(2027, 6, 1)))).toBe("000");
});

test("days ahead are counted over the wrap", () => {
  expect(daysUntil("000", 20_993)).toBe(7);
  expect(daysUntil("999", 20_999)).toBe(0);
  expect(daysUntil("999", 21_000)).toBe(999);
  expect(daysSince("999", 21_000)).toBe(1);
});

test("a day's residue is as far ahead as the day, for any day within 1000", () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(999), (today, ahead) => {
      expect(daysUntil(residueOf(today + ahead), today)).toBe(ahead);
      expect(daysSince(residueOf(today - 1 - ahead), today)).toBe(ahead + 1);
    }),
  );
});

test("an instant lies in the day that it falls on", () => {
  fc.assert(
    fc.property(fc.nat(4_000_000_000_000), (at) => {
      const start = startOfDay(dayOf(at));
      expect(at - start).toBeGreaterThanOrEqual(0);
      expect(at - start).toBeLessThan(DAY_MS);
    }),
  );
});

test.each([
  [[], null],
  [[null], null],
  [[null, null], null],
  [[3], 3],
  [[null, 3], 3],
  [[3, null], 3],
  [[3, 1, 2], 1],
  [[1, null, 3], 1],
  [[2, 0], 0],
])("of %j the earliest is %j", (instants, first) => {
  expect(earliest(instants)).toBe(first);
});
