// What of a domain needs attention, and in what order.

import { describe, expect, test } from "vitest";
import type { DayCounts } from "../../src/core/stats.ts";
import { compareConcerns, findConcerns, type Summary } from "../../src/core/summary.ts";

const WELL: Summary = {
  mode: "enforce",
  readiness: { ready: true, checks: [{ id: "signing", status: "pass", detail: "Mail has been signed." }] },
  days: [],
  webhook: null,
};
const FAILING: Summary["readiness"] = {
  ready: false,
  checks: [{ id: "signing", status: "fail", detail: "Nothing has been signed." }],
};
const WEBHOOK = { lastSuccess: 2, lastFailure: 1, pending: 1, disabled: false };

const day = (deferred: number) => ({ disposition: { deferred } }) as unknown as DayCounts;
const said = (summary: Partial<Summary>) =>
  findConcerns({ ...WELL, ...summary }).map(({ level, about }) => `${level} ${about}`);

describe("a domain", () => {
  test("where all is well needs nothing", () => {
    expect(said({ webhook: WEBHOOK, days: [day(0), day(0)] })).toEqual([]);
  });

  test("that enforces and does not sign refuses its own bounces: that is grave", () => {
    expect(findConcerns({ ...WELL, readiness: FAILING })).toEqual([
      { level: "grave", about: "readiness", text: "It enforces. Nothing has been signed." },
    ]);
    expect(said({ mode: "observe", readiness: FAILING })).toEqual([]);
  });

  test("whose receiver answered 410 tells nobody: that is grave", () => {
    expect(said({ webhook: { ...WEBHOOK, disabled: true } })).toEqual(["grave webhook"]);
  });

  test.each([
    [{ ...WEBHOOK, lastFailure: 3 }, ["mend webhook"]],
    [{ ...WEBHOOK, lastSuccess: null }, ["mend webhook"]],
    [{ ...WEBHOOK, lastFailure: 3, pending: 0 }, []],
    [{ ...WEBHOOK, lastFailure: null }, []],
  ])("with the webhook %j says %j", (webhook, expected) => {
    expect(said({ webhook })).toEqual(expected);
  });

  test("whose mail was put off since yesterday says so, and not of the day before", () => {
    expect(said({ days: [day(0), day(2), day(1)] })).toEqual(["mend counts"]);
    expect(said({ days: [day(5), day(0), day(0)] })).toEqual([]);
  });

  test("that is ready, or judges nothing, has a next step", () => {
    expect(said({ mode: "observe" })).toEqual(["note readiness"]);
    expect(said({ mode: "off" })).toEqual(["note readiness"]);
  });

  test("has the gravest first", () => {
    const checks = [...FAILING.checks, { id: "keys", status: "warn", detail: "" } as const];
    const webhook = { ...WEBHOOK, disabled: true };
    expect(said({ readiness: { ready: false, checks }, webhook, days: [day(1)] })).toEqual([
      "grave readiness",
      "grave webhook",
      "mend counts",
      "mend readiness",
    ]);
  });
});

test("domains stand in the order of their gravest concern, then of how many they have", () => {
  const grave = findConcerns({ ...WELL, readiness: FAILING });
  const mend = findConcerns({ ...WELL, days: [day(1)] });
  const note = findConcerns({ ...WELL, mode: "off" });
  const both = [...mend, ...note];
  expect([[], note, mend, both, grave].toSorted(compareConcerns)).toEqual([grave, both, mend, note, []]);
});
