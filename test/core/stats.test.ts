import { describe, expect, test } from "vitest";
import { addUp, type Count } from "../../src/core/stats.ts";

/** 2026-11-24. */
const DAY = 20_781;
const NO_STATUS = {
  missing: 0,
  malformed: 0,
  "not-signing": 0,
  "unknown-key": 0,
  "bad-signature": 0,
  expired: 0,
  valid: 0,
};
const NO_DISPOSITION = {
  forwarded: 0,
  consumed: 0,
  rejected: 0,
  "would-reject": 0,
  "no-such-address": 0,
  "route-rejected": 0,
  deferred: 0,
};
const count = (day: number, messages = 1): Count => ({
  day,
  status: "missing",
  disposition: "rejected",
  messages,
});

describe("a domain's counts", () => {
  test("are none where nothing was counted", () => {
    expect(addUp([], DAY)).toEqual([]);
  });

  test("are summed by status and by disposition, each day for itself", () => {
    const counts: Count[] = [
      count(DAY, 2),
      { day: DAY, status: "valid", disposition: "forwarded", messages: 3 },
      { day: DAY, status: "missing", disposition: "forwarded", messages: 5 },
      { day: DAY - 1, status: "valid", disposition: "deferred", messages: 7 },
    ];
    expect(addUp(counts, DAY)).toEqual([
      {
        day: "2026-11-23",
        status: { ...NO_STATUS, valid: 7 },
        disposition: { ...NO_DISPOSITION, deferred: 7 },
      },
      {
        day: "2026-11-24",
        status: { ...NO_STATUS, missing: 7, valid: 3 },
        disposition: { ...NO_DISPOSITION, forwarded: 8, rejected: 2 },
      },
    ]);
  });

  test("have a row for every day from the first until today, though it had nothing", () => {
    const days = addUp([count(DAY - 1), count(DAY - 3)], DAY);
    expect(days.map(({ day, disposition }) => [day, disposition.rejected])).toEqual([
      ["2026-11-21", 1],
      ["2026-11-22", 0],
      ["2026-11-23", 1],
      ["2026-11-24", 0],
    ]);
  });

  test("reach beyond today where another's clock is ahead", () => {
    expect(addUp([count(DAY + 1)], DAY).map(({ day }) => day)).toEqual(["2026-11-25"]);
    expect(addUp([count(DAY), count(DAY + 1)], DAY).map(({ day }) => day)).toEqual([
      "2026-11-24",
      "2026-11-25",
    ]);
  });
});
