// The benchmarks' arithmetic: who runs when, and what comes out of it.

import { expect, test } from "vitest";
import { compete, figureOf, rateOf, speedRatio } from "./contest.ts";
import { formatNumber, formatTable } from "./table.ts";

test("each contestant runs once a round, in an order that moves on by one, and the first rounds do not count", async () => {
  const ran: string[] = [];
  const run = (name: string) => async () => void ran.push(name);
  const times = await compete({ a: run("a"), b: run("b"), c: run("c") }, 3, 1);
  expect(ran.join("")).toBe("abcbcacababc");
  expect(Object.values(times).map((values) => values.length)).toEqual([3, 3, 3]);
});

test("a ratio is the median of those within the rounds, not of the medians", () => {
  const times = { one: [1, 10, 4], other: [2, 10, 12] };
  expect(speedRatio(times, "one", "other")).toEqual({ least: 1, median: 2, most: 3 });
  expect(speedRatio(times, "other", "one").median).toBe(0.5);
});

test("a figure has the least, the median and the most", () => {
  expect(figureOf([5, 1, 3])).toEqual({ least: 1, median: 3, most: 5 });
  expect(rateOf([0.5, 2, 1], 100)).toEqual({ least: 50, median: 100, most: 200 });
});

test("a table has a row for each, and no more digits than a figure deserves", () => {
  expect(["0.123", 1.234, 12.34, 123.4, 12_345].map((value) => formatNumber(Number(value)))).toEqual([
    "0.12",
    "1.23",
    "12.3",
    "123",
    "12,300",
  ]);
  const ratio = { least: 0.5, median: 0.75, most: 12.34 };
  const table = formatTable([{ what: "this: that", ours: "3/s", against: "4/s", ratio, aim: "0.7" }]);
  expect(table.split("\n")[2]).toMatch(
    /^\| this: that \| 3\/s +\| 4\/s +\| 0\.75 +\| 0\.50 to 12\.3 +\| 0\.7 +\|$/,
  );
});
