import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatMailbox,
  isDomain,
  isLocalPart,
  LOCAL_PART_OCTETS,
  lowerCase,
  MAILBOX_OCTETS,
  readMailbox,
  splitPath,
} from "../../src/core/mailbox.ts";

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

test.each([
  ["user", "It has no @: local-part@domain is expected."],
  ["üser@example.com", "It has characters outside printable ASCII."],
  ["user@example.com\u007f", "It has characters outside printable ASCII."],
  ['"us er"@example.com', "A quoted local-part can't be routed."],
  ['user"@example.com', "Its local-part is no dot-separated run of atoms."],
  ["user@[192.0.2.1]", "An address literal in place of a domain can't be signed."],
  ["user@192.0.2.1]", "Its domain is no domain name."],
  [`${"a".repeat(65)}@example.com`, "Its local-part has 65 octets; 64 are the limit."],
  ["user name@example.com", "Its local-part is no dot-separated run of atoms."],
  [`${"a".repeat(64)}@exam_ple.com`, "Its domain is no domain name."],
  ["user@exam~ple.com", "Its domain is no domain name."],
  [
    `${"a".repeat(60)}@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example.com`,
    "It has 255 octets; 254 are the limit.",
  ],
])("of %j it says: %s", (text, detail) => {
  expect(readMailbox(text)).toEqual({ kind: "fault", detail });
});

test("a mailbox has at most 254 octets", () => {
  const text = `${"a".repeat(59)}@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example.com`;
  expect(text).toHaveLength(254);
  expect(readMailbox(text).kind).toBe("mailbox");
  expect([LOCAL_PART_OCTETS, MAILBOX_OCTETS]).toEqual([64, 254]);
});

test.each(["user", "first.last", "a.b.c", "us~er", "a".repeat(64)])("%s is a local-part", (text) => {
  expect(isLocalPart(text)).toBe(true);
});

test.each(["", ".user", "user.", "first..last", "us er", "user@", '"user"', "user\n", "ü", "a".repeat(65)])(
  "%j is no local-part",
  (text) => {
    expect(isLocalPart(text)).toBe(false);
  },
);

test.each(["a", "0", "a-b", "a--b.c", "A.B", `${"a".repeat(63)}.com`, "192.0.2.1"])(
  "%s is a domain",
  (text) => {
    expect(isDomain(text)).toBe(true);
  },
);

test.each([
  "",
  ".com",
  "example.com.",
  "a..b",
  "-a.com",
  "a-.com",
  "example.-a",
  "example.a-",
  "a_b.com",
  "a b.com",
  "[192.0.2.1]",
  " example.com",
  "example.com\n",
  `${"a".repeat(64)}.com`,
  `com.${"a".repeat(64)}`,
])("%j is no domain", (text) => {
  expect(isDomain(text)).toBe(false);
});

test("a path without @ can't be cut, one that begins or ends with it can", () => {
  expect(splitPath("user")).toBeNull();
  expect(splitPath("")).toBeNull();
  expect(splitPath("@example.com")).toEqual({ localPart: "", domain: "example.com" });
  expect(splitPath("user@")).toEqual({ localPart: "user", domain: "" });
  expect(splitPath("a@b@c")).toEqual({ localPart: "a@b", domain: "c" });
});
