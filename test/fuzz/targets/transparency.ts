// A message in DATA: however it is cut, a strict receiver and one that takes any line end see the same message, and its end in
// the same place.

import fc from "fast-check";
import { expect } from "vitest";
import { Transparency } from "../../../src/smtp/transparency.ts";
import { cutAt, cuts, mutated, ODD_OCTETS } from "../mutation.ts";
import { octetsOf, seeded, target } from "../target.ts";

interface Sent {
  readonly message: string;
  readonly cuts: readonly number[];
}

function encode(pieces: readonly string[]): string {
  const transparency = new Transparency();
  const encoded = pieces.map((piece) => transparency.encode(octetsOf(piece)));
  return Buffer.concat([...encoded, transparency.end()]).toString("latin1");
}

/** Reads lines up to the one that is a dot alone, octet by octet. */
function receive(
  sent: string,
  isLineEnd: (before: string, at: string) => boolean,
): { lines: string[]; rest: string } {
  const lines: string[] = [];
  let line = "";
  for (let at = 0; at < sent.length; at++) {
    const one = sent[at] ?? "";
    if (!isLineEnd(sent[at - 1] ?? "", one)) {
      line += one;
      continue;
    }
    const text = line.replace(/\r$/, "");
    if (text === ".") return { lines, rest: sent.slice(at + 1) };
    lines.push(text.startsWith(".") ? text.slice(1) : text);
    line = "";
  }
  throw new Error("The message has no end.");
}

/** Its lines, by any line end. */
function linesOf(message: string): string[] {
  const lines: string[] = [""];
  for (let at = 0; at < message.length; at++) {
    const one = message[at] ?? "";
    if (one === "\n" && message[at - 1] === "\r") continue;
    if (one === "\r" || one === "\n") lines.push("");
    else lines.push(`${lines.pop()}${one}`);
  }
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function check({ message, cuts: at }: Sent): void {
  const sent = encode([message]);
  expect(encode(cutAt(message, at))).toBe(sent);
  const expected = { lines: linesOf(message), rest: "" };
  expect(receive(sent, (before, one) => before === "\r" && one === "\n")).toEqual(expected);
  expect(receive(sent, (_, one) => one === "\n")).toEqual(expected);
  expect(sent).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
}

const messages = fc
  .array(
    fc.constantFrom(
      "\r",
      "\n",
      ".",
      "\r\n",
      "\r\n.\r\n",
      "\n.\n",
      "\r.\r",
      "..",
      "a",
      "\xff",
      "\0",
      "Subject: x",
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));

export const transparency = target<Sent>({
  name: "transparency",
  inputs: seeded(
    "transparency",
    fc.record({ message: mutated(messages, ["\r\n.\r\n", ".\r", ".\n", "\r\r\n"], ODD_OCTETS), cuts }),
  ),
  check,
  runs: 1_500,
});
