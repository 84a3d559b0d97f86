// What came last is remembered, and no more than twice as many as are asked for.

import { expect, test } from "vitest";
import { Recent } from "../../src/store/recent.ts";

test("the last so many are remembered, in whatever state the memory is", () => {
  const recent = new Recent<number>(10);
  for (let at = 0; at < 95; at++) {
    recent.set(`m${at}`, at);
    for (let back = 0; back < Math.min(10, at + 1); back++)
      expect(recent.get(`m${at - back}`)).toBe(at - back);
  }
});

test("what was before twice as many is forgotten", () => {
  const recent = new Recent<number>(10);
  for (let at = 0; at < 95; at++) recent.set(`m${at}`, at);
  const known = Array.from({ length: 95 }, (_, at) => recent.get(`m${at}`)).filter(
    (value) => value !== undefined,
  );
  expect(known.length).toBeLessThanOrEqual(20);
  expect(recent.get("m0")).toBeUndefined();
});

test("the later of two values of one name is the one that is remembered, across generations too", () => {
  const recent = new Recent<number>(2);
  recent.set("a", 1);
  recent.set("b", 1);
  recent.set("c", 1);
  recent.set("a", 2);
  expect([recent.get("a"), recent.get("b"), recent.get("c")]).toEqual([2, 1, 1]);
  expect(recent.get("d")).toBeUndefined();
});
