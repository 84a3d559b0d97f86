// The header of a message that passes through: what it says, and that what is not touched stays octet for octet.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatField,
  type Message,
  readHeader,
  readMessage,
  valuesOf,
  without,
  writeMessage,
} from "../../src/smtp/header.ts";

const MESSAGE = [
  "Received: from a\r\n\tby b\r\n",
  "Subject: Hello\r\n",
  "X-Folded:\r\n one\r\n\ttwo\r\n",
  "subject : again\r\n",
  "X-Odd: \xe4\xff\r\n",
  "\r\n",
  "Body: not a field\r\n\r\n.\r\n\xe4",
].join("");

/** A message that comes in chunks that end at these octets. */
async function* chunked(text: string, cuts: readonly number[] = []): AsyncGenerator<Uint8Array> {
  const octets = Buffer.from(text, "latin1");
  let from = 0;
  for (const to of [...cuts].sort((one, other) => one - other)) {
    yield octets.subarray(from, Math.max(from, to));
    from = Math.max(from, to);
  }
  yield octets.subarray(from);
}

async function write(trace: string, message: Message): Promise<string> {
  const chunks = await Array.fromAsync(writeMessage(trace, message));
  return Buffer.concat(chunks).toString("latin1");
}

describe("a message", () => {
  test("is read up to its empty line, and no further", async () => {
    const { header } = await readMessage(chunked(MESSAGE));
    expect(header?.map(({ name }) => name)).toEqual(["received", "subject", "x-folded", "subject", "x-odd"]);
  });

  test("goes on octet for octet, with the trace on top", async () => {
    expect(await write("Received: here\r\n", await readMessage(chunked(MESSAGE)))).toBe(
      `Received: here\r\n${MESSAGE}`,
    );
  });

  test("reads the same and goes on the same wherever it is cut", async () => {
    const whole = await readMessage(chunked(MESSAGE));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(MESSAGE.length), { maxLength: 10 }), async (cuts) => {
        const message = await readMessage(chunked(MESSAGE, cuts));
        expect(message.header).toEqual(whole.header);
        expect(await write("", message)).toBe(MESSAGE);
      }),
    );
  });

  test("of any octets goes on as it is, but for the end of a header that has none", async () => {
    const parts = fc.constantFrom("A: b", "\r\n", "\n", "\r", " folded", "no field", "From x", "\xe4", ":");
    await fc.assert(
      fc.asyncProperty(fc.array(parts, { maxLength: 20 }), fc.array(fc.nat(60)), async (some, cuts) => {
        const text = some.join("");
        const written = await write("", await readMessage(chunked(text, cuts)));
        expect(written.startsWith(text)).toBe(true);
        expect(written.slice(text.length)).toMatch(/^(?:\r\n){0,2}$/);
      }),
    );
  });

  test.each([
    ["with LF alone", "A: b\nC: d\n\nbody", ["a", "c"]],
    ["with an empty line of LF after lines of CRLF", "A: b\r\n\nbody\r\n\r\n", ["a"]],
    ["with an empty line of CRLF after lines of LF", "A: b\n\r\nbody\n\n", ["a"]],
    ["that begins with the empty line", "\r\nA: b\r\n\r\n", []],
    ["that begins with an LF", "\nA: b\n\n", []],
    ["without a body", "A: b\r\n", ["a"]],
    ["without a body, nor the end of the last line", "A: b", ["a"]],
    ["that is empty", "", []],
    ["with an mbox line on top", "From a Sat Nov 28 16:31:02 2026\r\nA: b\r\n\r\n", ["", "a"]],
  ])("%s has its fields", async (_, text, names) => {
    const { header } = await readMessage(chunked(text));
    expect(header?.map(({ name }) => name)).toEqual(names);
  });

  test.each([
    ["begins with a body", "hello there\r\n", []],
    ["begins with a folded line", " A: b\r\n\r\n", []],
    ["has a line in its header that is no field", "A: b\r\nno field\r\nC: d\r\n\r\n", ["a"]],
    ["has an mbox line elsewhere than on top", "A: b\r\nFrom a\r\nC: d\r\n\r\n", ["a"]],
    ["has a name outside ASCII", "X-\xe4: b\r\nA: b\r\n\r\n", []],
    ["has an empty line of bare CRs", "A: b\r\rC: d\r\n\r\n", ["a"]],
  ])("that %s has fields up to there, and goes on as it is", async (_, text, names) => {
    const message = await readMessage(chunked(text));
    expect(message.header?.map(({ name }) => name)).toEqual(names);
    expect(await write("Trace: x\r\n", message)).toBe(`Trace: x\r\n${text}`);
  });

  test("has the field that a bare CR will bring out", async () => {
    const { header } = await readMessage(chunked("A: b\rX-Hidden: c\r\n\r\n"));
    expect(header?.map(({ name }) => name)).toEqual(["a", "x-hidden"]);
  });
});

describe("a field", () => {
  test("is found by its name in any case, unfolded, however often it is there", () => {
    const header = readHeader(MESSAGE.split("\r\n\r\n")[0] ?? "").header;
    expect(valuesOf(header, "subject")).toEqual(["Hello", "again"]);
    expect(valuesOf(header, "x-folded")).toEqual(["one\ttwo"]);
    expect(valuesOf(header, "body")).toEqual([]);
  });

  test("that is taken out takes its folded lines with it, and leaves the rest octet for octet", async () => {
    const message = await readMessage(chunked(MESSAGE));
    const header = without(message.header ?? [], "x-folded");
    expect(await write("", { ...message, header })).toBe(
      MESSAGE.replace("X-Folded:\r\n one\r\n\ttwo\r\n", ""),
    );
  });

  test("that is made is one line", () => {
    expect(formatField("X-A", "b\r\nBcc: c\xe4").raw).toBe("X-A: b??Bcc: c?\r\n");
  });
});

describe("a header of more than 256 KiB", () => {
  const many = "X-A: b\r\n".repeat(40_000);

  test.each([
    ["in one chunk", [] as number[]],
    ["in several", [1000, 100_000, 262_145, 262_146, 300_000]],
  ])("is not read, %s, and goes on as it is", async (_, cuts) => {
    const message = await readMessage(chunked(`${many}\r\nbody`, cuts));
    expect(message.header).toBeNull();
    expect(await write("", message)).toBe(`${many}\r\nbody`);
  });

  test("is one octet more than is read", async () => {
    for (const [octets, isRead] of [
      [262_144, true],
      [262_145, false],
    ] as const) {
      const field = `A: ${"x".repeat(octets - 5)}\r\n`;
      for (const cuts of [[], [octets - 1], [octets], [octets + 1], [octets - 3, octets + 1, octets + 2]]) {
        const { header } = await readMessage(chunked(`${field}\r\nbody`, cuts));
        expect(header !== null).toBe(isRead);
      }
    }
  });

  test.each([
    ["10 MB of fields", "X-A: b\r\n".repeat(1_250_000)],
    ["10 MB of one line", "x".repeat(10_000_000)],
    ["10 MB of folded lines", `A: b\r\n${" \r\n".repeat(3_300_000)}`],
    ["10 MB of CR", "\r".repeat(10_000_000)],
  ])("costs no time: %s", async (_, text) => {
    const started = performance.now();
    const { header, rest } = await readMessage(chunked(text, [1000, 65_536, 131_072]));
    for await (const _ of rest);
    expect(header).toBeNull();
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test("costs no time octet by octet either", async () => {
    async function* octets(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 300_000; count += 1) yield Buffer.from("x");
    }
    const started = performance.now();
    expect((await readMessage(octets())).header).toBeNull();
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
