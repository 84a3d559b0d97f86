// Content that is made to hurt whoever reads it: nested, endless, broken, or far too much of one thing. One character of a
// body is one octet.

import type { Random } from "../random.ts";

export interface Content {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

type Builder = (random: Random) => Content;

const content = (headers: Content["headers"], body: string): Content => ({ headers, body });
const octets = (random: Random, length: number, from = 0): string =>
  Array.from({ length }, () => String.fromCharCode(from + random.below(256 - from))).join("");

const BUILDERS: Readonly<Record<string, Builder>> = {
  nested: (random) => {
    const depth = 20 + random.below(380);
    const open = Array.from(
      { length: depth },
      (_, level) => `--n${level}\r\nContent-Type: multipart/mixed; boundary=n${level + 1}\r\n\r\n`,
    );
    return content(
      [["Content-Type", "multipart/mixed; boundary=n0"]],
      `${open.join("")}--n${depth}\r\n\r\nhello`,
    );
  },
  "huge header": (random) => {
    const fields = Array.from(
      { length: 40 },
      (_, n) => `X-Junk-${n}: ${"j".repeat(1 + random.below(3_000))}`,
    );
    return content([["X-Long", "l".repeat(8_000)]], `${fields.join("\r\n")}\r\n\r\nafter it`);
  },
  "8-bit and NUL": (random) =>
    content(
      [
        ["Subject", octets(random, 80, 0xa0)],
        ["Content-Type", 'text/plain; charset="\xff\xfe"'],
      ],
      `${octets(random, 2_000)}\0\0\r\n${octets(random, 500, 128)}`,
    ),
  unterminated: (random) =>
    content(
      [["Content-Type", 'multipart/mixed; boundary="open']],
      `--open\r\nContent-Type: multipart/mixed; boundary="b\r\n\r\n--b${"-".repeat(random.below(200))}`,
    ),
  "thousands of parts": (random) => {
    const part = "--p\r\nContent-Type: text/plain\r\n\r\nx\r\n";
    return content([["Content-Type", "multipart/mixed; boundary=p"]], part.repeat(500 + random.below(2_500)));
  },
  "giant encoded words": (random) => {
    const word = `=?utf-8?q?${"=41".repeat(2_000 + random.below(10_000))}?=`;
    const broken = "=?iso-2022-jp?b?GyRC?= =?x?q?=FF?=";
    return content(
      [
        ["Subject", word],
        ["References", `${broken} ${word.slice(0, 4_000)}`],
      ],
      "words",
    );
  },
  "invented Message-IDs": (random) => {
    const digits = (length: number) =>
      Array.from({ length }, () => "abcdefghijklmnopqrstuvwxyz234567"[random.below(32)]).join("");
    const id = () =>
      `<cs1.0${digits(4)}.${digits(16)}.${digits(16)}@${random.pick(["enforce", "exim"])}.example>`;
    return content([["References", Array.from({ length: 300 }, id).join(" ")]], "ids");
  },
  "random octets": (random) => content([], octets(random, 1_000 + random.below(8_000))),
  "empty lines": () => content([["Content-Type", "multipart/report; boundary=e"]], "\r\n".repeat(20_000)),
  "one long line": (random) => content([], "a@".repeat(5_000 + random.below(30_000))),
  "base64 of nothing": (random) =>
    content([["Content-Transfer-Encoding", "base64"]], `====${octets(random, 500, 32)}=`.repeat(8)),
  "quoted-printable of nothing": () =>
    content([["Content-Transfer-Encoding", "quoted-printable"]], "=\r\n=ZZ=0=".repeat(1_500)),
  tags: (random) => content([["Content-Type", "text/html"]], "<p><".repeat(2_000 + random.below(8_000))),
  nothing: () => content([], ""),
};

export const HOSTILE = Object.keys(BUILDERS);

export function buildHostile(name: string, random: Random): Content {
  return (BUILDERS[name] as Builder)(random);
}

/** A report that tells of more recipients than anyone has, nested in a report. */
export function buildEndlessReport(random: Random): Content {
  const fields = (n: number) =>
    `Final-Recipient: rfc822; r${n}@many.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n`;
  const recipients = Array.from({ length: 200 + random.below(600) }, (_, n) => fields(n)).join("");
  const part = `--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n${recipients}`;
  return content([["Content-Type", "multipart/report; report-type=delivery-status; boundary=r"]], part);
}
