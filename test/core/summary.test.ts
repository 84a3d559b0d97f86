// What of a domain needs attention, and in what order.

import { describe, expect, test } from "vitest";
import type { DayCounts } from "../../src/core/stats.ts";
import { compareConcerns, findConcerns, LEVELS, type Summary } from "../../src/core/summary.ts";

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

describe("each concern is a sentence:", () => {
  const told = (summary: Partial<Summary>) => findConcerns({ ...WELL, ...summary });
  const warned = (
    id: Summary["readiness"]["checks"][number]["id"],
    status: "warn" | "fail" | "pass" = "warn",
  ) => told({ readiness: { ready: false, checks: [{ id, status, detail: "" }] } });

  test.each([
    ["unsigned-senders", "Some addresses draw bounces and were never signed for."],
    ["routes", "Its routes are missing, or take mail for every address."],
    ["postmaster", "Nobody reads postmaster or abuse."],
    ["keys", "Its keyring needs a look."],
    ["weak-secret", "A key is weak."],
  ] as const)("%s", (id, text) => {
    expect(warned(id)).toEqual([{ level: "mend", about: "readiness", text }]);
    expect(warned(id, "pass")).toEqual([]);
  });

  test("none of what is not looked up for an overview", () => {
    for (const id of ["mx", "spf", "dkim", "dmarc"] as const) expect(warned(id)).toEqual([]);
    expect(warned("observing", "fail")).toEqual([]);
    expect(warned("signing", "warn")).toEqual([]);
  });

  test("webhook, counts and next steps", () => {
    const webhook = { ...WEBHOOK, lastFailure: 3, pending: 4 };
    expect(told({ webhook })).toEqual([
      { level: "mend", about: "webhook", text: "Its webhook fails; 4 wait to be told." },
    ]);
    expect(told({ webhook: { ...webhook, disabled: true } })).toEqual([
      {
        level: "grave",
        about: "webhook",
        text: "The receiver of its webhook answered 410: nothing is told.",
      },
    ]);
    expect(told({ days: [day(2), day(3)] })).toEqual([
      { level: "mend", about: "counts", text: "5 messages were put off since yesterday." },
    ]);
    expect(told({ mode: "off" })).toEqual([
      { level: "note", about: "readiness", text: "Nothing is judged." },
    ]);
    expect(told({ mode: "observe" })).toEqual([
      { level: "note", about: "readiness", text: "It is ready to enforce." },
    ]);
  });

  test("a failure as old as the last success is none", () => {
    expect(told({ webhook: { ...WEBHOOK, lastSuccess: 2, lastFailure: 2 } })).toEqual([]);
    expect(told({ webhook: { ...WEBHOOK, lastSuccess: null, lastFailure: null } })).toEqual([]);
  });

  test("what stands there later comes first where it is graver", () => {
    const readiness: Summary["readiness"] = {
      ready: true,
      checks: [{ id: "keys", status: "warn", detail: "" }],
    };
    const levels = told({ mode: "observe", readiness, webhook: { ...WEBHOOK, disabled: true } });
    expect(levels.map(({ level }) => level)).toEqual(["grave", "mend", "note"]);
    expect(LEVELS).toEqual(["grave", "mend", "note"]);
  });
});

test("of domains with concerns as grave the one with more comes first, and alike ones are equal", () => {
  const mend = findConcerns({ ...WELL, days: [day(1)] });
  const note = findConcerns({ ...WELL, mode: "off" });
  expect(compareConcerns([...mend, ...note], mend)).toBeLessThan(0);
  expect(compareConcerns(mend, [...mend, ...note])).toBeGreaterThan(0);
  expect(compareConcerns(mend, note)).toBeLessThan(0);
  expect(compareConcerns(note, [])).toBeLessThan(0);
  expect(compareConcerns([], note)).toBeGreaterThan(0);
  expect(compareConcerns(mend, mend)).toBe(0);
  expect(compareConcerns([], [])).toBe(0);
});
