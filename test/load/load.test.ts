// The load run, short, with everything that is done to the Worker in it. The long one is `node test/load/load.ts`.

import { beforeAll, expect, test } from "vitest";
import { findLeak } from "./bound.ts";
import { type Report, run } from "./run.ts";

const MESSAGES = 3_000;
const STEPS = 40;
/** In a run of another seed they come in another order, and hit other messages. */
const SEED = 2525;

let report: Report;

beforeAll(async () => {
  report = await run({ messages: MESSAGES, seed: SEED, stepEvery: MESSAGES / STEPS });
}, 300_000);

test("every message ends as it has to, whatever fails meanwhile, and all that is due is recorded and counted once", () => {
  expect(report.account.wrong).toEqual([]);
  expect(report.account.ended).toBeGreaterThanOrEqual(MESSAGES);
  expect(report.account.bouncesDue).toBeGreaterThan(MESSAGES / 5);
  expect(report.account.bouncesRecorded + report.account.unrecorded).toBeGreaterThanOrEqual(
    report.account.bouncesDue,
  );
});

test("everything was done to the Worker that the run is about, and messages were deferred and tried again for it", () => {
  expect(Object.keys(report.mischief.done)).toEqual(
    expect.arrayContaining([
      ...["mode switched", "route switched", "rotated", "key brought", "key retired", "token replaced"],
      ...["domain made", "midnight", "evicted", "odds", "ledgers hang"],
      ...["objects: ledger", "objects: transaction", "objects: kv-put", "objects: audit"],
    ]),
  );
  expect(report.struck).toMatchObject({
    "kv-get": expect.any(Number),
    "domain-object": expect.any(Number),
    "ledger-hangs": expect.any(Number),
  });
  expect(report.account.retries).toBeGreaterThan(0);
  expect(report.account.again).toBeGreaterThan(0);
});

test("memory that grows with the mail is told of, and what levels off is not", () => {
  const growth = (perMessage: number) => ({ samples: 9, first: 1, last: 1, peak: 1, perMessage });
  expect(findLeak(growth(3_000), 100_000)).toContain("3000 octets a message");
  expect(findLeak(growth(100), 100_000)).toBeNull();
  expect(findLeak(growth(3_000), MESSAGES)).toBeNull();
});
