// A server's replies: read the same however they are cut, as a second reader reads them, and handed on as one line.

import fc from "fast-check";
import { expect } from "vitest";
import {
  isNegative,
  isPositive,
  Refusal,
  type Reply,
  ReplyReader,
  readExtensions,
} from "../../../src/smtp/reply.ts";
import { cutAt, cuts, mutated, ODD_OCTETS } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Said {
  readonly text: string;
  readonly cuts: readonly number[];
}

interface Outcome {
  readonly replies: readonly Reply[];
  readonly failed: boolean;
  readonly isWithinReply: boolean;
}

/** Octets that one reply may have, without its line ends. */
const REPLY_OCTETS = 64 * 1024;

function read(pieces: readonly string[]): Outcome {
  const reader = new ReplyReader();
  const replies: Reply[] = [];
  try {
    for (const piece of pieces) replies.push(...reader.read(piece));
    return { replies, failed: false, isWithinReply: reader.isWithinReply };
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return { replies: [], failed: true, isWithinReply: false };
  }
}

/** By RFC 5321, 4.2: lines that end with LF, of three digits, a mark, a text. */
function expectOutcome(text: string, octetsAtMost = REPLY_OCTETS): Outcome {
  const failed: Outcome = { replies: [], failed: true, isWithinReply: false };
  const parts = text.split("\n");
  const rest = parts.pop() ?? "";
  const replies: Reply[] = [];
  let lines: string[] = [];
  let octets = 0;
  for (const part of parts) {
    const line = part.endsWith("\r") ? part.slice(0, -1) : part;
    const [code, mark, said] = [line.slice(0, 3), line[3], line.slice(4)];
    const isCode =
      "2345".includes(code[0] ?? "-") &&
      [...code].every((one) => "0123456789".includes(one)) &&
      code.length === 3;
    if (!isCode || (mark !== undefined && mark !== " " && mark !== "-") || /[\r\u2028\u2029]/.test(said))
      return failed;
    octets += line.length;
    if (octets > octetsAtMost) return failed;
    lines.push(said.trim());
    if (mark === "-") continue;
    const status = lines[0]?.split(" ")[0] ?? "";
    const isStatus = /^[245]\.\d{1,3}\.\d{1,3}$/.test(status) && lines[0] !== status;
    const shown = lines.map((one, at) =>
      at > 0 && isStatus && one.startsWith(`${status} `) ? one.slice(status.length + 1) : one,
    );
    replies.push({ code: Number(code), text: shown.join(" ").trim(), lines });
    [lines, octets] = [[], 0];
  }
  if (octets + rest.length > octetsAtMost) return failed;
  return { replies, failed: false, isWithinReply: rest !== "" || lines.length > 0 };
}

function check({ text, cuts: at }: Said): void {
  const whole = read([text]);
  expect(whole).toEqual(expectOutcome(text));
  expect(read(cutAt(text, at))).toEqual(whole);
  for (const reply of whole.replies) {
    expect(isPositive(reply) && isNegative(reply)).toBe(false);
    for (const [keyword] of readExtensions(reply)) expect(keyword).toBe(keyword.toUpperCase());
    const { message, responseCode } = new Refusal(reply.code, reply.text);
    expect(message).toMatch(/^[ -~]{0,480}$/);
    expect(responseCode).not.toBe(421);
    expect(Math.floor(responseCode / 100)).toBe(Math.floor(reply.code / 100));
  }
}

const code = fc.oneof(
  fc.constantFrom("220", "250", "354", "421", "450", "550", "535"),
  fc.integer({ min: 0, max: 999 }).map(String),
);
const words = fc.constantFrom(
  "",
  "ok",
  "5.1.1 No such user",
  "SIZE 1000",
  "AUTH PLAIN LOGIN",
  "2.0.0 taken",
  "x".repeat(500),
  "\xe4",
);
const line = fc
  .tuple(code, fc.constantFrom(" ", "-", ""), words, fc.constantFrom("\r\n", "\n"))
  .map((parts) => parts.join(""));
const reply = fc
  .tuple(code, fc.array(words, { maxLength: 5 }), words, fc.constantFrom("\r\n", "\n"))
  .map(
    ([number, more, last, end]) =>
      `${more.map((text) => `${number}-${text}${end}`).join("")}${number} ${last}${end}`,
  );

const longest = fc
  .integer({ min: -3, max: 3 })
  .map((more) => `250 ${"x".repeat(REPLY_OCTETS - 4 + more)}\r\n`);
const texts = fc.oneof({ weight: 30, arbitrary: several() }, { weight: 1, arbitrary: longest });
function several() {
  return fc.array(fc.oneof(reply, line), { maxLength: 6 }).map((replies) => replies.join(""));
}
/** Where a reply has as many octets as it may. */
const LENGTHS = [4, 512, 1000, REPLY_OCTETS - 1, REPLY_OCTETS, REPLY_OCTETS + 1, REPLY_OCTETS + 2];

export const smtpReply = target<Said>({
  name: "reply",
  inputs: seeded(
    "reply",
    fc.record({ text: mutated(texts, ["250-", "250 ", "\r\n", "550"], ODD_OCTETS, LENGTHS), cuts }),
  ),
  check,
  runs: 600,
});
