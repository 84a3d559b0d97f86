import { describe, expect, test } from "vitest";
import { findNotices, noticeDueAt, noticeFailure } from "../../src/core/notice.ts";
import { DAY, KEY, NOW, snapshotOf } from "./fixtures.ts";

const HOUR = 3_600_000;
const SIGNING = { since: NOW - 30 * DAY, last: NOW - DAY, gapDays: 7 };
/** A domain whose key is young. */
const domain = (settings = {}, key = {}) =>
  snapshotOf({
    settings: { mode: "enforce", ...settings },
    keys: [{ ...KEY, notBefore: NOW - DAY, ...key }],
  });
const typesAt = (now: number, settings = {}, key = {}, signing: typeof SIGNING | null = SIGNING) =>
  findNotices(domain(settings, key), signing, now).map(({ type }) => type);

test("a domain in order has nothing to tell", () => {
  expect(typesAt(NOW)).toEqual([]);
});

describe("a domain that has ceased to sign", () => {
  const silent = SIGNING.last + 7 * DAY + 2 * HOUR;

  test("is told of a lifetime after the last, and what isolates tell late is waited for", () => {
    expect(typesAt(silent - 1)).toEqual([]);
    expect(findNotices(domain(), SIGNING, silent)).toEqual([
      {
        id: `example.com-not-signing-${SIGNING.last}`,
        type: "domain.not-signing",
        at: silent,
        data: { domain: "example.com", mode: "enforce", lastSigned: new Date(SIGNING.last).toISOString() },
      },
    ]);
    expect(noticeDueAt(domain(), SIGNING, NOW)).toBe(silent);
    expect(noticeDueAt(domain(), SIGNING, silent)).toBe(NOW - DAY + 31 * DAY);
  });

  test("is not, where it never signed, or judges nothing", () => {
    expect(typesAt(silent, {}, {}, null)).toEqual([]);
    expect(typesAt(silent, { mode: "off" })).toEqual([]);
    expect(typesAt(silent, { mode: "observe" })).toEqual(["domain.not-signing"]);
  });
});

describe("a rotation", () => {
  test("is overdue a day after its time, and told once for each key", () => {
    const due = NOW - DAY + 30 * DAY + DAY;
    const signing = { ...SIGNING, last: due };
    expect(typesAt(due - 1, {}, {}, signing)).toEqual([]);
    expect(findNotices(domain(), signing, due)).toEqual([
      {
        id: "example.com-overdue-3-0",
        type: "key.overdue",
        at: due,
        data: { domain: "example.com", key: 3, overdueSince: new Date(due).toISOString() },
      },
    ]);
  });

  test("of a key that is never rotated is overdue after two years", () => {
    const late = NOW + 730 * DAY;
    const signing = { ...SIGNING, last: late };
    expect(typesAt(late - 2 * DAY, { rotateDays: 0 }, {}, signing)).toEqual([]);
    expect(typesAt(late, { rotateDays: 0 }, {}, signing)).toEqual(["key.overdue"]);
    expect(typesAt(late, {}, { imported: true }, signing)).toEqual(["key.overdue"]);
  });
});

test("a destination that refuses is told of once a day", () => {
  const failure = {
    original: "a@example.com",
    to: "b@example.net",
    fault: "permanent",
    error: "no",
  } as const;
  const notice = noticeFailure("example.com", failure, NOW);
  expect(notice).toMatchObject({ type: "forward.failed", data: { domain: "example.com", ...failure } });
  expect(noticeFailure("example.com", failure, NOW + HOUR).id).toBe(notice.id);
  expect(noticeFailure("example.com", failure, NOW + DAY).id).not.toBe(notice.id);
});

test("a destination that refuses is told of with all that is known of it", () => {
  const failure = {
    original: "a@example.com",
    to: "b@example.net",
    fault: "configuration",
    error: "no",
  } as const;
  expect(noticeFailure("example.com", failure, NOW)).toEqual({
    id: "example.com-forward-20781-b@example.net",
    type: "forward.failed",
    at: NOW,
    data: { domain: "example.com", ...failure },
  });
});

describe("there is nothing to tell of, and nothing due,", () => {
  test("where the domain has no key and never signed", () => {
    const bare = snapshotOf({ keys: [] });
    expect(findNotices(bare, null, NOW)).toEqual([]);
    expect(noticeDueAt(bare, null, NOW)).toBeNull();
  });

  test("of what is due now, or was: only of what will be", () => {
    const silent = SIGNING.last + 7 * DAY + 2 * HOUR;
    const off = domain({ mode: "off" });
    expect(noticeDueAt(domain(), SIGNING, silent - 1)).toBe(silent);
    expect(noticeDueAt(off, SIGNING, NOW)).toBe(NOW - DAY + 31 * DAY);
    expect(noticeDueAt(off, SIGNING, NOW - DAY + 31 * DAY)).toBeNull();
    expect(noticeDueAt(domain(), null, NOW)).toBe(NOW - DAY + 31 * DAY);
  });
});
