// Replies of a server as they come in, and as they are handed on.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatText,
  isPositive,
  isTransient,
  Refusal,
  type Reply,
  ReplyReader,
} from "../../src/smtp/reply.ts";

const read = (text: string) => new ReplyReader().read(text);

const EHLO = "250-mx.example.net\r\n250-SIZE 1000\r\n250 8BITMIME\r\n";

describe("a reply", () => {
  test("of one line is read", () => {
    expect(read("250 2.1.0 Ok\r\n")).toEqual([{ code: 250, text: "2.1.0 Ok", lines: ["2.1.0 Ok"] }]);
  });

  test("of several lines is read as one", () => {
    const lines = ["mx.example.net", "SIZE 1000", "8BITMIME"];
    expect(read(EHLO)).toEqual([{ code: 250, text: lines.join(" "), lines }]);
  });

  test("has the status code that each of its lines repeats once", () => {
    const [reply] = read("550-5.1.1 There is no\r\n550-5.1.1 such user\r\n550 here.\r\n");
    expect(reply?.text).toBe("5.1.1 There is no such user here.");
  });

  test.each([
    ["of a code alone", "354\r\n", 354],
    ["of a code and a space", "354 \r\n", 354],
    ["whose line ends with an LF", "220 Hello\n", 220],
  ])("%s is read", (_, text, code) => {
    expect(read(text)).toMatchObject([{ code }]);
  });

  test("is not there before its last line has ended", () => {
    const reader = new ReplyReader();
    expect(reader.isWithinReply).toBe(false);
    for (const part of ["2", "50-a\r\n", "250 b", "\r"]) {
      expect(reader.read(part)).toEqual([]);
      expect(reader.isWithinReply).toBe(true);
    }
    expect(reader.read("\n")).toMatchObject([{ text: "a b" }]);
    expect(reader.isWithinReply).toBe(false);
  });

  test.each([
    "HTTP/1.1 400 Bad Request\r\n",
    "\r\n",
    "25 Ok\r\n",
    "2500 Ok\r\n",
    "250+Ok\r\n",
    "150 Ok\r\n",
    "650 Ok\r\n",
    "250 O\rk\r\n",
  ])("is not %j", (text) => {
    expect(() => read(text)).toThrow("It does not speak SMTP.");
  });

  test("is the same however it is cut into pieces", () => {
    const replies = fc.array(
      fc.constantFrom("220 Hello\r\n", EHLO, "354\n", "550-5.1.1 No\r\n550 5.1.1 one\r\n"),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(replies, fc.array(fc.nat(200), { maxLength: 12 }), (parts, cuts) => {
        const text = parts.join("");
        const reader = new ReplyReader();
        const found: Reply[] = [];
        const at = [0, ...cuts.sort((one, other) => one - other), text.length];
        for (const [index, from] of at.entries()) found.push(...reader.read(text.slice(from, at[index + 1])));
        expect(found).toEqual(read(text));
        expect(found.length).toBe(parts.length);
      }),
    );
  });
});

describe("a reply without an end", () => {
  const line = `250-${"x".repeat(996)}\r\n`;

  test.each([
    ["in one piece", [line.repeat(70)]],
    ["line by line", Array.from({ length: 70 }, () => line)],
    ["in one line, octet by octet", Array.from("x".repeat(70_000))],
    ["of empty lines", Array.from({ length: 70_000 }, () => "250-\r\n")],
  ])("is given up, %s", (_, pieces) => {
    const reader = new ReplyReader();
    const started = performance.now();
    const readAll = () => pieces.flatMap((piece) => reader.read(piece));
    expect(readAll).toThrow("Its reply has no end.");
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("is not one of nearly 64 KiB, nor many that are longer together", () => {
    const reader = new ReplyReader();
    const reply = `${line.repeat(60)}250 end\r\n`;
    for (let times = 0; times < 5; times += 1) expect(reader.read(reply)).toHaveLength(1);
    expect(reader.read("250 Ok\r\n".repeat(20_000))).toHaveLength(20_000);
  });
});

describe("a code", () => {
  test.each([
    [250, true, false],
    [220, true, false],
    [299, true, false],
    [354, false, false],
    [421, false, true],
    [499, false, true],
    [500, false, false],
  ])("of %i is positive: %s, transient: %s", (code, positive, transient) => {
    expect([isPositive({ code }), isTransient({ code })]).toEqual([positive, transient]);
  });
});

describe("a refusal", () => {
  test("has its code and its text", () => {
    expect(new Refusal(555, "5.7.1 No.")).toMatchObject({ responseCode: 555, message: "5.7.1 No." });
  });

  test("is a 451 for a 421, which would say that this server hangs up", () => {
    expect(new Refusal(421, "4.3.2 Going down")).toMatchObject({ responseCode: 451 });
  });

  test("is one line of printable ASCII that fits in a reply", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
        expect(formatText(text)).toMatch(/^[\x20-\x7e]{0,480}$/);
      }),
    );
    expect(formatText("5.7.1 No\r\n250 Ok")).toBe("5.7.1 No??250 Ok");
  });
});
