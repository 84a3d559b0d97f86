import { describe, expect, test } from "vitest";
import { takePage } from "../../src/core/page.ts";

describe("a page", () => {
  test("has as many items as were asked for, and says whether more follow", () => {
    expect(takePage([1, 2, 3], 2)).toEqual({ items: [1, 2], more: true });
    expect(takePage([1, 2], 2)).toEqual({ items: [1, 2], more: false });
    expect(takePage([], 2)).toEqual({ items: [], more: false });
  });

  test("takes no more from its source than it needs to know that", () => {
    let taken = 0;
    function* source() {
      for (;;) yield ++taken;
    }
    expect(takePage(source(), 5).items).toHaveLength(5);
    expect(taken).toBe(6);
  });

  test("has fewer items where they are large, but never none", () => {
    const MEBI = 1024 * 1024;
    expect(takePage([1, 2, 3, 4, 5], 9, () => MEBI)).toEqual({ items: [1, 2, 3, 4], more: true });
    expect(takePage([1, 2], 9, () => 100 * MEBI)).toEqual({ items: [1], more: true });
    expect(takePage([1], 9, () => 100 * MEBI)).toEqual({ items: [1], more: false });
  });
});
