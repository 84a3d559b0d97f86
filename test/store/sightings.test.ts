// How an isolate gathers what it saw and when it tells the domain's object; the clock is moved by hand.

import { beforeEach, expect, test } from "vitest";
import {
  type SightingKind,
  type SightingMemory,
  type Sightings,
  takeSighting,
} from "../../src/store/sightings.ts";
import { NOW } from "../core/fixtures.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const NOTHING: Sightings = { minted: [], answerable: [], proven: [], unproven: [] };

let memory: SightingMemory = new Map();
let told: Sightings[] = [];
let answer: () => boolean = () => true;

beforeEach(() => {
  memory = new Map();
  told = [];
  answer = () => true;
});

const see = async (kind: SightingKind, localPart: string, afterMs = 0, domain = "example.com") => {
  const tell = async (_domain: string, sightings: Sightings) => {
    told.push(sightings);
    return answer();
  };
  await takeSighting(memory, tell, kind, { domain, localPart }, NOW + afterMs);
};

test("the first of each kind is told at once", async () => {
  await see("minted", "alice");
  await see("unproven", "bob");
  expect(told).toEqual([
    { ...NOTHING, minted: [["alice", NOW]] },
    { ...NOTHING, unproven: [["bob", NOW]] },
  ]);
});

test("of minting no more is told for an hour, and then all that waited", async () => {
  for (let n = 0; n < 100; n++) await see("minted", `robot-${n % 10}`, n);
  expect(told).toHaveLength(1);
  await see("minted", "robot-3", HOUR);
  expect(told[1]?.minted.map(([name]) => name).toSorted()).toEqual(
    Array.from({ length: 9 }, (_, n) => `robot-${n + 1}`),
  );
});

test("an original is news again after an hour, so that signing shows on and on", async () => {
  await see("minted", "alice");
  await see("minted", "alice", HOUR - 1);
  await see("minted", "alice", HOUR);
  expect(told).toHaveLength(2);
});

test("bounces without evidence are told once a minute, each original once, and take the minted along", async () => {
  await see("unproven", "bob");
  await see("minted", "alice");
  await see("minted", "carol", 1);
  for (let n = 0; n < 50; n++) await see("unproven", "bob", 2 * MINUTE + n);
  expect(told).toHaveLength(2);
  await see("unproven", "dave", 3 * MINUTE);
  // Each with the time at which it was seen, not told.
  expect(told[2]).toEqual({
    ...NOTHING,
    minted: [["carol", NOW + 1]],
    unproven: [["dave", NOW + 3 * MINUTE]],
  });
});

test("minting takes nothing along that mail has brought", async () => {
  await see("unproven", "bob");
  await see("unproven", "dave");
  await see("proven", "carol");
  await see("proven", "erin");
  await see("minted", "alice");
  expect(told[2]).toEqual({ ...NOTHING, minted: [["alice", NOW]] });
});

test("what was not written waits on", async () => {
  answer = () => false;
  await see("minted", "alice");
  answer = () => true;
  await see("unproven", "bob", MINUTE);
  expect(told[1]).toEqual({ ...NOTHING, minted: [["alice", NOW]], unproven: [["bob", NOW + MINUTE]] });
});

test("telling that fails harms nobody, and is tried again a minute later", async () => {
  answer = () => {
    throw new Error("Network connection lost.");
  };
  await see("minted", "alice");
  await see("minted", "bob", MINUTE - 1);
  expect(told).toHaveLength(1);
  answer = () => true;
  await see("minted", "bob", MINUTE);
  expect(told[1]?.minted.map(([name]) => name)).toEqual(["alice", "bob"]);
});

test("floods do not fill the memory", async () => {
  answer = () => false;
  for (let n = 0; n < 2_000; n++) await see("unproven", `invented-${n}`);
  for (let n = 0; n < 3_000; n++) await see("unproven", "x", 0, `d${n}.example`);
  expect(memory.size).toBe(2_000);
  for (const { waiting } of memory.values()) expect(waiting.unproven.size).toBeLessThanOrEqual(500);
});
