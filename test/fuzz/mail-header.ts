// Headers as programs write them, and as they shouldn't: octets, one character each.

import fc from "fast-check";

export const LINE_ENDS = ["\r\n", "\n", "\r"] as const;

const name = fc.constantFrom(
  "From",
  "To",
  "Subject",
  "Message-ID",
  "X-Countersign-Ref",
  "x-countersign-ref ",
  "Received",
  "DKIM-Signature",
  "References",
  "X-Odd",
  "Date",
  "message-id",
);
const value = fc.oneof(
  fc.constantFrom(
    "",
    "order-7",
    "Alice <alice@example.com>",
    "<1@example.com>",
    "a, b",
    "alice@example.com, bob@example.org",
    "=?utf-8?q?x?=",
    '"a\\"b" <x@y.example>',
    "group: a@b.c;",
    "\xe4\xff",
    "x".repeat(1000),
  ),
  fc.string({ maxLength: 20 }).map((text) => text.replace(/[^\x20-\x7e]/g, "?")),
);
const fold = fc.constantFrom("", "", " ", "\r\n ", "\n\t", "\r ");

/** A header, with the empty line behind it or without. */
export const header = fc
  .tuple(
    fc.array(
      fc
        .tuple(
          name,
          fc.constantFrom(":", ": ", ":\r\n ", " :"),
          value,
          fold,
          value,
          fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "\r"),
        )
        .map((parts) => parts.join("")),
      { maxLength: 8 },
    ),
    fc.constantFrom("", "From x Mon\r\n", "no field\r\n", " folded\r\n"),
    fc.constantFrom("\r\n", "\n", "\r", ""),
    fc.constantFrom("", "body", "Subject: in the body\r\n\r\nX-Countersign-Ref: x", ".\r\n"),
  )
  .map(([fields, odd, end, body]) => odd + fields.join("") + end + body);

export const HEADER_WORDS = [
  "\r\n\r\n",
  "\n\n",
  "\n\r\n",
  "\r\r",
  "X-Countersign-Ref: a",
  "Message-ID: <a@b>",
  ":",
  "From ",
  "\r\n\t",
  "Subject",
];
