// The one answer that SMTP has for all recipients of a message: whoever is told 250 has nothing to try again, whoever is told 555
// knows what was accepted.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { combine, describe as describeOutcomes, type Outcome } from "../../../src/smtp/front/verdict.ts";

const TAKEN: Outcome = { recipient: "alice@example.com", code: 250, text: "Ok", whereabouts: "forwarded" };
const REFUSED: Outcome = {
  recipient: "bob@example.com",
  code: 555,
  text: "No.",
  whereabouts: "rejected: No.",
};
const PUT_OFF: Outcome = {
  recipient: "carol@example.com",
  code: 451,
  text: "Try again later.",
  whereabouts: "down",
};
const other = (outcome: Outcome, text = outcome.text): Outcome => ({
  ...outcome,
  recipient: "dave@example.com",
  text,
});

describe("the answer", () => {
  test.each<[string, readonly Outcome[], number, string]>([
    ["to one that is accepted", [TAKEN], 250, "2.0.0 Ok"],
    ["to one that is refused", [REFUSED], 555, "5.7.1 No."],
    ["to one that is put off", [PUT_OFF], 451, "4.3.0 Try again later."],
    ["to several that are accepted", [TAKEN, other(TAKEN)], 250, "2.0.0 Ok"],
    ["to several that are refused alike", [REFUSED, other(REFUSED)], 555, "5.7.1 No."],
    [
      "to several that are refused for reasons of their own",
      [REFUSED, other(REFUSED, "Moved.")],
      555,
      "5.7.1 Refused for bob@example.com: No. Refused for dave@example.com: Moved.",
    ],
    [
      "to some that are accepted and some that are refused",
      [TAKEN, REFUSED, other(TAKEN)],
      555,
      "5.7.1 Refused for bob@example.com: No. Accepted for alice@example.com, dave@example.com.",
    ],
    ["to some of which one is put off", [TAKEN, REFUSED, PUT_OFF], 451, "4.3.0 Try again later."],
    ["to nobody", [], 451, "4.3.0 There are no recipients."],
  ])("%s is that", (_, outcomes, code, text) => {
    expect(combine(outcomes)).toEqual({ code, text });
  });

  test("is never better than the worst", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(TAKEN, REFUSED, PUT_OFF), { minLength: 1 }), (outcomes) => {
        const codes = outcomes.map(({ code }) => code);
        const worst = [451, 555, 250].find((code) => codes.some((one) => one === code));
        expect(combine(outcomes).code).toBe(worst);
      }),
    );
  });
});

describe("the printed lines", () => {
  const lines = (outcomes: readonly Outcome[], from = "") =>
    describeOutcomes(from, outcomes, combine(outcomes));

  test("say for each recipient what became of it", () => {
    expect(lines([TAKEN, other(TAKEN)])).toEqual([
      "250 <> to <alice@example.com>: forwarded",
      "250 <> to <dave@example.com>: forwarded",
    ]);
  });

  test("say what the client was told, where it was something else", () => {
    expect(lines([TAKEN, REFUSED]).at(-1)).toBe(
      "555 for all 2 is what the client was told: there is one answer to a message.",
    );
  });

  test("have no tag, and nothing of what came that is not printable ASCII", () => {
    const recipient = "prvs=0123456789=alice@example.com";
    expect(
      lines([{ ...TAKEN, recipient, whereabouts: "a\x1b[2J\r\nb" }], "cs1=0abc-order-7=bob@example.com"),
    ).toEqual(["250 <cs1=…=bob@example.com> to <prvs=…=alice@example.com>: a?[2J??b"]);
  });
});
