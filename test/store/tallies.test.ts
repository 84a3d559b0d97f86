// What an isolate adds up and tells: with a clock and a domain's object of its own, which fails on demand.

import { beforeEach, describe, expect, test } from "vitest";
import type { Counted, Tally } from "../../src/core/record.ts";
import { countMessage, emptyTallies, type TallyMemory } from "../../src/store/tallies.ts";

let memory: TallyMemory;
let now: number;
let told: Tally[];
let failing: boolean;
let waits: { until: number; go: () => void }[];
let ids: number;
/** How long the object takes to answer. */
let slowMs: number;

beforeEach(() => {
  memory = emptyTallies();
  now = 0;
  told = [];
  failing = false;
  waits = [];
  ids = 0;
  slowMs = 0;
});

const telling = {
  async tell(_domain: string, tally: Tally): Promise<void> {
    told.push(tally);
    if (slowMs > 0) await telling.pause(slowMs);
    if (failing) throw new Error("Network connection lost.");
  },
  pause: (ms: number) =>
    new Promise<void>((go) => {
      waits.push({ until: now + ms, go });
    }),
  makeId: () => `tally-${++ids}`,
  now: () => now,
};

/** Lets time go by, and all that waits for it go on. */
async function pass(ms: number): Promise<void> {
  const end = now + ms;
  for (;;) {
    // What was set off has to come to its next pause.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    const next = waits.sort((one, other) => one.until - other.until)[0];
    if (next === undefined || next.until > end) break;
    waits.shift();
    now = Math.max(now, next.until);
    next.go();
  }
  now = end;
}

let serial = 0;
const message = (change: Partial<Counted> = {}): Counted => ({
  id: `m${++serial}`,
  status: "missing",
  disposition: "forwarded",
  rejection: null,
  failures: [],
  ...change,
});
const refused = (): Counted => {
  const id = `r${++serial}`;
  const rest = { recipient: "a@example.com", original: "a@example.com", from: null, messageId: null };
  const rejection = { id, receivedAt: "", status: "missing", disposition: "rejected", ...rest } as const;
  return message({ id, disposition: "rejected", rejection });
};
const count = (counted: Counted, isRecorded = false) =>
  countMessage(memory, telling, "example.com", counted, isRecorded);
const sums = () =>
  told.flatMap(({ counts }) =>
    counts.map(({ status, disposition, messages }) => `${status} ${disposition} ${messages}`),
  );

test("a thousand messages in a second are one call, with twenty samples", async () => {
  const waited = Array.from({ length: 1_000 }, () => count(refused()));
  expect(waited.filter((telling) => telling !== null)).toHaveLength(1);
  await pass(1_999);
  expect(told).toEqual([]);
  await pass(1);
  expect(told).toHaveLength(1);
  expect(sums()).toEqual(["missing rejected 1000"]);
  expect(told[0]?.samples).toHaveLength(20);
});

test.each([0, 50, 900])(
  "a flood is told every two seconds, after a minute every fifteen, by an object that takes %d ms",
  async (ms) => {
    slowMs = ms;
    for (let at = 0; at < 600; at += 1) {
      count(refused());
      await pass(100);
    }
    expect(told.length).toBeLessThanOrEqual(30);
    told = [];
    for (let at = 0; at < 3_000; at += 1) {
      count(refused());
      await pass(100);
    }
    expect(told.length).toBeLessThanOrEqual(300 / 15 + 3);
    await pass(60_000);
    told = [];
    count(refused());
    await pass(2_000);
    expect(told).toHaveLength(1);
  },
);

test("what comes while it is told is told after", async () => {
  count(message());
  await pass(2_000);
  expect(count(message())).not.toBeNull();
  await pass(2_000);
  expect(sums()).toEqual(["missing forwarded 1", "missing forwarded 1"]);
});

describe("one message counts once", () => {
  test("however often it is handed over", async () => {
    const once = message();
    for (let at = 0; at < 3; at += 1) {
      count(once);
      await pass(10_000);
    }
    expect(sums()).toEqual(["missing forwarded 1"]);
  });

  test("where it was deferred first, as what became of it", async () => {
    const deferred = message({ disposition: "deferred" });
    count(deferred);
    await pass(5_000);
    count(deferred);
    await pass(5_000);
    count({ ...deferred, disposition: "forwarded" });
    await pass(5_000);
    expect(sums()).toEqual(["missing deferred 1", "missing deferred -1", "missing forwarded 1"]);
  });

  test("where it is recorded by itself, not here; that it had been deferred is taken back", async () => {
    expect(count(message(), true)).toBeNull();
    const deferred = message({ disposition: "deferred" });
    count(deferred);
    count({ ...deferred, disposition: "consumed" }, true);
    await pass(5_000);
    expect(sums()).toEqual(["missing deferred 0"]);
  });

  test("where it was deferred yesterday, taken back there", async () => {
    const deferred = message({ disposition: "deferred" });
    count(deferred);
    await pass(86_400_000);
    count({ ...deferred, status: "valid", disposition: "forwarded" });
    await pass(5_000);
    expect(told.flatMap(({ counts }) => counts)).toEqual([
      { day: 0, status: "missing", disposition: "deferred", messages: 1 },
      { day: 0, status: "missing", disposition: "deferred", messages: -1 },
      { day: 1, status: "valid", disposition: "forwarded", messages: 1 },
    ]);
  });

  test("where it is deferred after it was done, as done", async () => {
    const done = message();
    count(done);
    count({ ...done, disposition: "deferred" });
    await pass(5_000);
    expect(sums()).toEqual(["missing forwarded 1"]);
  });
});

describe("what can't be told", () => {
  test("is told again by the same id, and nothing of it twice", async () => {
    failing = true;
    count(message());
    await pass(3_000);
    failing = false;
    await pass(30_000);
    expect(told.map(({ id }) => id)).toEqual(["tally-1", "tally-1"]);
  });

  test("waits for the next message where it fails for long", async () => {
    failing = true;
    count(message());
    await pass(60_000);
    failing = false;
    told = [];
    count(message());
    await pass(2_000);
    expect(told.map(({ id }) => id)).toEqual(["tally-1", "tally-2"]);
  });
});

test("what can't be told for long is joined: all of it counts, and memory does not grow", async () => {
  failing = true;
  for (let at = 0; at < 20; at += 1) {
    for (let one = 0; one < 50; one += 1) count(refused());
    await pass(10_000);
  }
  failing = false;
  told = [];
  count(refused());
  await pass(10_000);
  expect(told).toHaveLength(3);
  const counts = told.flatMap((tally) => tally.counts.map(({ messages }) => messages));
  expect(counts.reduce((sum, messages) => sum + messages)).toBe(20 * 50 + 1);
  for (const { samples } of told) expect(samples.length).toBeLessThanOrEqual(20);
});

test("a request that is gone while it gathered is made up for by another", async () => {
  count(message());
  waits = [];
  await pass(30_000);
  expect(count(message())).toBeNull();
  await pass(10_000);
  expect(count(message())).not.toBeNull();
  await pass(2_000);
  expect(sums()).toEqual(["missing forwarded 3"]);
});

test("destinations that have to be mended are told once each", async () => {
  const failure = {
    original: "a@example.com",
    to: "b@example.net",
    fault: "permanent",
    error: "no",
  } as const;
  for (let at = 0; at < 50; at += 1) count(message({ failures: [failure] }));
  await pass(2_000);
  expect(told[0]?.failures).toEqual([failure]);
});
