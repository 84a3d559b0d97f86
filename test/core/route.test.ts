import { describe, expect, test } from "vitest";
import { findRoute, type Route, type Routes, withoutDetail } from "../../src/core/route.ts";

const to = (name: string): Route => ({ action: "forward", to: [`${name}@example.net`] });
const routes = (...names: string[]): Routes => new Map(names.map((name) => [name, to(name)]));

test("the exact local-part comes first, then up to its first +, then *", () => {
  const all = routes("alice+lists", "alice", "*");
  expect(findRoute(all, "alice+lists")).toEqual(to("alice+lists"));
  expect(findRoute(all, "alice+lists+x")).toEqual(to("alice"));
  expect(findRoute(all, "alice")).toEqual(to("alice"));
  expect(findRoute(all, "bob")).toEqual(to("*"));
});

test("without * a local-part without a route has none", () => {
  expect(findRoute(routes("alice"), "bob")).toBeNull();
  expect(findRoute(routes("alice"), "")).toBeNull();
});

describe("rewritten addresses", () => {
  test.each(["srs0=hash=tt=example.org=bob", "srs0+hash=tt=example.org=bob", "srs1-x=y", "srs1=x"])(
    "%s never takes the default route, only one of its own name",
    (localPart) => {
      expect(findRoute(routes("*"), localPart)).toBeNull();
      const name = localPart.slice(0, 4);
      expect(findRoute(routes("*", name), localPart)).toEqual(to(name));
    },
  );

  test("srs0 alone, or followed by anything else, is a local-part like another", () => {
    expect(findRoute(routes("*"), "srs0")).toEqual(to("*"));
    expect(findRoute(routes("*"), "srs0x")).toEqual(to("*"));
  });
});

test("a local-part named like a member of every object is no route", () => {
  expect(findRoute(routes("alice"), "constructor")).toBeNull();
  expect(findRoute(routes("__proto__"), "__proto__")).toEqual(to("__proto__"));
});

test.each([
  ["alice", "alice"],
  ["alice+lists", "alice"],
  ["alice+lists+x", "alice"],
  ["alice+", "alice"],
  ["+lists", ""],
  ["", ""],
])("%j without its detail is %j", (localPart, expected) => {
  expect(withoutDetail(localPart)).toBe(expected);
});

test("what only contains a rewritten address is a local-part like another", () => {
  expect(findRoute(routes("*"), "xsrs0=hash=tt=example.org=bob")).toEqual(to("*"));
  expect(findRoute(routes("*"), "srs2=hash=tt=example.org=bob")).toEqual(to("*"));
});
