// How a message is put into DATA, by known answers and against a reader of its own: what arrives is what was sent, and nobody
// can see its end anywhere else.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Transparency } from "../../src/smtp/transparency.ts";

function encode(chunks: readonly Uint8Array[]): string {
  const transparency = new Transparency();
  const encoded = chunks.map((chunk) => transparency.encode(chunk));
  return Buffer.concat([...encoded, transparency.end()]).toString("latin1");
}

const encodeText = (text: string) => encode([Buffer.from(text, "latin1")]);

/** What a receiver makes of it (RFC 5321, 4.5.2), up to the line that is a dot alone; the rest is what it takes for commands. */
function receive(sent: string): { message: string; rest: string } {
  const lines = sent.split("\r\n");
  const end = lines.indexOf(".");
  const message = lines.slice(0, end).map((line) => `${line.replace(/^\./, "")}\r\n`);
  return { message: message.join(""), rest: lines.slice(end + 1).join("\r\n") };
}

/** Every line end as CRLF, the last line's too. */
function normalise(text: string): string {
  const lines = text.replace(/\r\n|\r|\n/g, "\r\n");
  return lines === "" || lines.endsWith("\r\n") ? lines : `${lines}\r\n`;
}

/** Messages that are mostly what is special here. */
const messages = fc
  .array(fc.constantFrom("\r", "\n", ".", "\r\n", "\r\n.\r\n", "a", "\xff", "\0", "line"), { maxLength: 40 })
  .map((parts) => parts.join(""));

describe("a message in DATA", () => {
  test.each([
    ["that is empty is the dot alone", "", ".\r\n"],
    ["whose last line has no end gets one", "a", "a\r\n.\r\n"],
    ["whose last line has an end gets no other", "a\r\n", "a\r\n.\r\n"],
    ["has CRLF for an LF", "a\nb\n", "a\r\nb\r\n.\r\n"],
    ["has CRLF for a CR", "a\rb\r", "a\r\nb\r\n.\r\n"],
    ["keeps empty lines", "\r\n\n\r\r\n", "\r\n\r\n\r\n\r\n.\r\n"],
    ["has two dots for one that begins a line", ".a\r\n.\r\n", "..a\r\n..\r\n.\r\n"],
    ["has them after a bare LF and a bare CR too", "a\n.\nb\r.\r", "a\r\n..\r\nb\r\n..\r\n.\r\n"],
    ["keeps a dot within a line", "a.b.\r\n", "a.b.\r\n.\r\n"],
    ["keeps octets outside ASCII", "\xe4\xff\0", "\xe4\xff\0\r\n.\r\n"],
  ])("%s", (_, message, sent) => {
    expect(encodeText(message)).toBe(sent);
  });

  test("arrives as it was, with CRLF for every line end", () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(receive(encodeText(message))).toEqual({ message: normalise(message), rest: "" });
      }),
    );
  });

  test("has no bare CR or LF, whatever it is made of", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          messages,
          fc.uint8Array().map((octets) => Buffer.from(octets).toString("latin1")),
        ),
        (message) => {
          expect(encodeText(message)).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
        },
      ),
    );
  });

  test("is the same however it is cut into chunks", () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(60), { maxLength: 8 }), (message, cuts) => {
        const octets = Buffer.from(message, "latin1");
        const at = [0, ...cuts.sort((one, other) => one - other), octets.length];
        const chunks = at
          .slice(1)
          .map((to, index) => octets.subarray(at[index], Math.max(to, at[index] ?? 0)));
        expect(encode(chunks)).toBe(encodeText(message));
      }),
    );
  });

  test("of nothing but line ends and dots has room, octet by octet too", () => {
    for (const message of ["\r".repeat(5000), "\n".repeat(5000), "\r.".repeat(5000), ".".repeat(5000)]) {
      const octets = [...Buffer.from(message)].map((octet) => Buffer.from([octet]));
      expect(receive(encode(octets))).toEqual({ message: normalise(message), rest: "" });
      expect(encodeText(message)).toBe(encode(octets));
    }
  });
});
