// Whose mail it is, and which destinations a list has in it.

import { describe, expect, test } from "vitest";
import { createMatcher, readSender } from "../../../src/smtp/relay/sender.ts";

describe("a reverse-path", () => {
  test.each([
    ["", { kind: "null" }],
    ["Alice@Example.COM", { kind: "plain" }],
    ["PRVS=0788cf2ac1=alice@example.com", { kind: "tagged" }],
    ["alice+cs1=x@example.com", { kind: "tagged" }],
    ["msprvs1=x=alice@example.com", { kind: "tagged" }],
    ["prvs-0788cf2ac1=alice@example.com", { kind: "plain" }],
  ])("%s is read", (path, sender) => {
    expect(readSender(path)).toEqual(sender);
  });
});

describe("a list", () => {
  const matches = createMatcher(["dev@example.org", "lists.example.net", "*.example.com"]);

  test.each([
    ["dev@example.org", true],
    ["Dev@Example.org", true],
    ["devs@example.org", false],
    ["anyone@lists.example.net", true],
    ["anyone@a.lists.example.net", false],
    ["anyone@example.net", false],
    ["anyone@a.example.com", true],
    ["anyone@a.b.EXAMPLE.com", true],
    ["anyone@example.com", false],
    ["anyone@notexample.com", false],
    ["postmaster", false],
  ])("has %s in it: %s", (path, isListed) => {
    expect(matches(path)).toBe(isListed);
  });

  test("that is empty has nothing in it", () => {
    expect(createMatcher([])("dev@example.org")).toBe(false);
  });
});
