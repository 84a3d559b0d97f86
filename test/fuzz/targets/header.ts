// The header of a message that is relayed: the same however it is cut, its other fields untouched, and after editing no ref in it
// for any reader further on, and one Message-ID.

import fc from "fast-check";
import { expect } from "vitest";
import { type Message, readMessage, valuesOf, writeMessage } from "../../../src/smtp/header.ts";
import { editHeader, type MessageIdMode, readWishes } from "../../../src/smtp/relay/message-id.ts";
import { Transparency } from "../../../src/smtp/transparency.ts";
import { HEADER_WORDS, header as headers } from "../mail-header.ts";
import { cutAt, cuts, mutated, ODD_OCTETS } from "../mutation.ts";
import { octetsOf, seeded, target } from "../target.ts";

interface Relayed {
  readonly message: string;
  readonly cuts: readonly number[];
  readonly mode: MessageIdMode;
}

const OWN = "<cs1.0aukl.ndqp56mnfjy4s5cd.rpgwgj2co4gaftxq@example.com>";

async function* inPieces(pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield octetsOf(piece);
}

async function write(message: Pick<Message, "header" | "rest">): Promise<string> {
  return Buffer.concat(await Array.fromAsync(writeMessage("", message))).toString("latin1");
}

/** What a server further on takes for the header: unfolded lines up to the first that is empty, or none of a header's. */
function readNext(message: string): { name: string; value: string }[] {
  const transparency = new Transparency();
  const lines = Buffer.concat([transparency.encode(octetsOf(message))])
    .toString("latin1")
    .split("\r\n");
  const fields: { name: string; value: string }[] = [];
  for (const [at, line] of lines.entries()) {
    const last = fields.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      last.value += line;
      continue;
    }
    if (at === 0 && /^From (?![ \t]*:)/.test(line)) continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (!/^[!-9;-~]+$/.test(name)) break;
    fields.push({ name: name.toLowerCase(), value: line.slice(colon + 1) });
  }
  return fields;
}

const named = (fields: ReturnType<typeof readNext>, name: string) =>
  fields.filter((field) => field.name === name);

async function check({ message, cuts: at, mode }: Relayed): Promise<void> {
  const whole = await readMessage(inPieces([message]));
  const cut = await readMessage(inPieces(cutAt(message, at)));
  expect(cut.header).toEqual(whole.header);
  const passed = await write(whole);
  expect(await write(cut)).toBe(passed);
  expect(passed.startsWith(message)).toBe(true);
  if (whole.header === null) return;
  expect(
    message.startsWith(
      whole.header
        .map(({ raw }) => raw)
        .join("")
        .replace(/\r\n$/, ""),
    ),
  ).toBe(true);
  const wishes = readWishes(whole.header, mode);
  if (wishes.messageIdFor !== null) expect(wishes.messageIdFor).toMatch(/^[!-~]+@[!-~]+$/);
  const { rest } = await readMessage(inPieces([message]));
  const edited = editHeader(whole.header, wishes.messageIdFor === null ? null : OWN);
  const next = readNext(await write({ header: edited, rest }));
  expect(named(next, "x-countersign-ref")).toEqual([]);
  if (wishes.messageIdFor !== null) {
    expect(named(next, "message-id").map(({ value }) => value.trim())).toEqual([OWN]);
  }
  const others = whole.header.filter(({ name }) => name !== "x-countersign-ref" && name !== "message-id");
  expect(edited.filter(({ name }) => name !== "message-id")).toEqual(others);
  for (const { name } of whole.header) {
    for (const value of valuesOf(whole.header, name)) expect(value).not.toMatch(/[\r\n](?=[ \t])|^\s|\s$/);
  }
}

/** Where a header is as long as it may be. */
const LENGTHS = [998, 1000, 16 * 1024, 256 * 1024 - 2, 256 * 1024, 256 * 1024 + 1, 256 * 1024 + 3];

export const header = target<Relayed>({
  name: "header",
  inputs: seeded(
    "header",
    fc.record({
      message: mutated(headers, HEADER_WORDS, ODD_OCTETS, LENGTHS),
      cuts,
      mode: fc.constantFrom<MessageIdMode[]>("add", "replace", "keep"),
    }),
  ),
  check,
  runs: 300,
});
