import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatMailbox, isDomain, lowerCase, readMailbox, splitPath } from "../../src/core/mailbox.ts";

describe("a plain mailbox is read", () => {
  test.each([
    "a@b.c",
    "first.last@example.com",
    "bounces+alice=example.net@lists.example.com",
    "!#$%&'*+/=?^_`{|}~-@example.com",
    `${"a".repeat(64)}@example.com`,
    "user@xn--bcher-kva.example",
    "0@0.0",
  ])("%s", (text) => {
    expect(readMailbox(text)).toEqual({ kind: "mailbox", mailbox: splitPath(text) });
  });
});

describe("what is no plain mailbox is refused, with the reason", () => {
  test.each([
    ["user", "no @"],
    ["@example.com", "local-part"],
    ["user@", "domain"],
    [".user@example.com", "local-part"],
    ["us..er@example.com", "local-part"],
    ["us er@example.com", "local-part"],
    ["a@b@example.com", "local-part"],
    ['"us er"@example.com', "quoted"],
    ["user@[192.0.2.1]", "address literal"],
    ["user@-example.com", "domain"],
    ["user@example..com", "domain"],
    ["user@exam_ple.com", "domain"],
    [`user@${"a".repeat(64)}.com`, "domain"],
    ["üser@example.com", "ASCII"],
    ["user@bücher.example", "ASCII"],
    ["user@example.com\r\nX: y", "ASCII"],
    [`${"a".repeat(65)}@example.com`, "65 octets"],
    [`${"a".repeat(64)}@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example`, "octets"],
  ])("%j: %s", (text, reason) => {
    const reading = readMailbox(text);
    expect(reading.kind === "fault" && reading.detail).toContain(reason);
  });
});

test("lower-casing folds A to Z and nothing else", () => {
  expect(lowerCase("User@Example.COM")).toBe("user@example.com");
  // The Kelvin sign and the dotted capital I, which the language's own folding brings into ASCII.
  expect(lowerCase("\u212Aate \u0130")).toBe("\u212Aate \u0130");
});

test("any path is cut at its last @", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string().filter((text) => !text.includes("@")),
      (localPart, domain) => {
        expect(splitPath(`${localPart}@${domain}`)).toEqual({ localPart, domain });
      },
    ),
  );
});

test("what is read is formatted back to the same text", () => {
  const atom = fc.stringMatching(/^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}$/);
  const label = fc.stringMatching(/^[a-z0-9]{1,20}$/);
  fc.assert(
    fc.property(
      fc.array(atom, { minLength: 1, maxLength: 3 }),
      fc.array(label, { minLength: 1, maxLength: 4 }),
      (atoms, labels) => {
        const text = `${atoms.join(".")}@${labels.join(".")}`;
        const reading = readMailbox(text);
        expect(reading.kind === "mailbox" && formatMailbox(reading.mailbox)).toBe(text);
      },
    ),
  );
});

test("a domain has at most 253 octets", () => {
  const labels = "abcdefghi.".repeat(25);
  expect(isDomain(`${labels}abc`)).toBe(true);
  expect(isDomain(`${labels}abcd`)).toBe(false);
});
