// What the relay keeps for retries: for how long, of how many, and whose.

import { describe, expect, test } from "vitest";
import { RetryMemory } from "../../../src/smtp/relay/retry-memory.ts";

const DAY_MS = 86_400_000;
const ATTEMPT = { sender: "alice@example.com", ref: null, recipient: "bob@example.org" };
const KEPT = { reversePath: "prvs=0788cf2ac1=alice@example.com", mintedAt: 1_000 };
const LATER = { reversePath: "prvs=0789aaaaaa=alice@example.com", mintedAt: 5_000 };

function remembering(): RetryMemory {
  const memory = new RetryMemory();
  memory.remember(ATTEMPT, KEPT);
  return memory;
}

describe("what an attempt was made under", () => {
  test("is kept for 24 hours from its minting", () => {
    expect(remembering().recall(ATTEMPT, KEPT.mintedAt + DAY_MS - 1)).toEqual(KEPT);
    expect(remembering().recall(ATTEMPT, KEPT.mintedAt + DAY_MS)).toBeNull();
  });

  test("stays when it is tried again, and makes room a day later", () => {
    const memory = remembering();
    memory.remember(ATTEMPT, LATER);
    expect(memory.recall(ATTEMPT, LATER.mintedAt)).toEqual(KEPT);
    const next = { ...LATER, mintedAt: KEPT.mintedAt + DAY_MS };
    memory.remember(ATTEMPT, next);
    expect(memory.recall(ATTEMPT, next.mintedAt)).toEqual(next);
  });

  test("is the same in whatever case the addresses are named", () => {
    const shouted = { sender: "Alice@EXAMPLE.com", ref: null, recipient: "BOB@example.ORG" };
    expect(remembering().recall(shouted, 2_000)).toEqual(KEPT);
  });

  test.each([
    ["another sender", { ...ATTEMPT, sender: "carol@example.com" }],
    ["another recipient", { ...ATTEMPT, recipient: "carol@example.org" }],
    ["a ref", { ...ATTEMPT, ref: "order-7" }],
  ])("is not that of %s", (_, attempt) => {
    expect(remembering().recall(attempt, 2_000)).toBeNull();
  });
});

test("the oldest makes room where there are too many", () => {
  const memory = new RetryMemory(2);
  const attempts = ["a", "b", "c"].map((name) => ({ ...ATTEMPT, recipient: `${name}@example.org` }));
  for (const attempt of attempts) memory.remember(attempt, KEPT);
  expect(attempts.map((attempt) => memory.recall(attempt, 2_000))).toEqual([null, KEPT, KEPT]);
});
