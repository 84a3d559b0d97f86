import { describe, expect, test } from "vitest";
import { checkSettings, DEFAULTS, type Settings } from "../../src/core/settings.ts";

test("a domain without settings of its own observes, as Exim would sign", () => {
  expect(DEFAULTS).toEqual({
    mode: "observe",
    scheme: "prvs",
    placement: "prefix",
    lifetimeDays: 7,
    messageIdLifetimeDays: 30,
    rotateDays: 30,
    exempt: [],
    bounceSenders: "null-only",
    autoReplies: "evidence",
    maxBouncesPerRef: null,
    dkimSelectors: [],
  });
  expect(checkSettings(DEFAULTS)).toEqual([]);
});

describe("a rotation", () => {
  const faults = (settings: Partial<Settings>) => checkSettings({ ...DEFAULTS, ...settings });

  test.each([
    [1, 1],
    [7, 1],
    [8, 2],
    [16, 2],
    [17, 3],
    [30, 4],
    [90, 11],
  ])(
    "with lifetimes of %i days comes every %i days at the most, by the longer of the two",
    (longest, least) => {
      for (const lifetimes of [
        { lifetimeDays: longest, messageIdLifetimeDays: 1 },
        { lifetimeDays: 1, messageIdLifetimeDays: longest },
      ]) {
        expect(faults({ ...lifetimes, rotateDays: least })).toEqual([]);
        expect(faults({ ...lifetimes, rotateDays: least - 0.5 })).toHaveLength(1);
      }
    },
  );

  test("may be left out whatever the lifetimes are", () => {
    expect(faults({ lifetimeDays: 90, rotateDays: 0 })).toEqual([]);
  });

  test("that is too fast is told how fast it may be", () => {
    expect(faults({ lifetimeDays: 90, rotateDays: 10 })).toEqual([
      {
        field: "rotateDays",
        detail:
          "With lifetimes of up to 90 days, ten key slots allow a rotation every 11 days at the most, or 0 for never.",
      },
    ]);
  });
});
