// What the front puts into a message before the Worker gets it: a trace, and the two fields that the local handler demands.

import type { SMTPServerSession } from "smtp-server";
import { describe, expect, test } from "vitest";
import { completeMessage } from "../../../src/smtp/front/completion.ts";

const SESSION = {
  id: "abc",
  hostNameAppearsAs: "mx.example.org",
  remoteAddress: "127.0.0.1",
  transmissionType: "ESMTP",
} as SMTPServerSession;
const NOW = new Date("2026-11-28T16:31:02Z");

const TRACE =
  "Received: from mx.example.org ([127.0.0.1])\r\n\tby localhost with ESMTP id abc;\r\n\tSat, 28 Nov 2026 16:31:02 +0000\r\n";
const FRESH_ID = /Message-ID: <[0-9a-f-]{36}@front\.invalid>\r\n/;
const SENDER = "From: MAILER-DAEMON@mx.example.org\r\n";

/** The message without the trace, with a Message-ID that is always the same where it is a fresh one. */
function complete(message: string, session: Partial<SMTPServerSession> = {}): string {
  const whole = completeMessage(Buffer.from(message, "latin1"), { ...SESSION, ...session }, NOW).toString(
    "latin1",
  );
  expect(whole.startsWith("Received: ")).toBe(true);
  return whole.replace(/^Received:.*\r\n(?:\t.*\r\n)*/, "").replace(FRESH_ID, "FRESH\r\n");
}

const HAS_BOTH = "Message-ID: <a@b>\r\nFrom: bob@example.org\r\n";

test("the trace stands on top (RFC 5321, 4.4)", () => {
  const message = `${HAS_BOTH}\r\n.\r\n\xe4\0`;
  expect(completeMessage(Buffer.from(message, "latin1"), SESSION, NOW).toString("latin1")).toBe(
    TRACE + message,
  );
});

describe("a message that has both fields is left as it is", () => {
  test.each([
    ["in any case, with spaces before the colon", "MESSAGE-ID : <a@b>\r\nfrom\t: b@c\r\n\r\n"],
    ["folded", "Message-ID:\r\n <a@b>\r\nFrom:\r\n\t\r\n b@c\r\n\r\nbody"],
    ["with LF alone", "Message-ID: <a@b>\nFrom: b@c\n\nbody\n"],
    ["with octets outside ASCII", "Message-ID: <a@b>\r\nFrom: \xe4 <b@c>\r\nX-\xe4: y\r\n\r\n\xff\0"],
    ["with a line that is no field", "Message-ID: <a@b>\r\nno field\r\nFrom: b@c\r\n\r\n"],
    ["without a body", HAS_BOTH],
    ["with empty ones beside them", `From:\r\nMessage-ID:\r\n${HAS_BOTH}\r\n`],
  ])("%s", (_, message) => {
    expect(complete(message)).toBe(message);
  });
});

describe("a message that lacks them gets them at the end of its header", () => {
  test.each([
    ["Message-ID", "From: b@c\r\n\r\nbody", "From: b@c\r\nFRESH\r\n\r\nbody"],
    ["From", "Message-ID: <a@b>\r\n\r\nbody", `Message-ID: <a@b>\r\n${SENDER}\r\nbody`],
    ["both", "Subject: x\r\n\r\nbody", `Subject: x\r\nFRESH\r\n${SENDER}\r\nbody`],
    ["both, with LF alone", "Subject: x\n\nbody\n", `Subject: x\nFRESH\r\n${SENDER}\nbody\n`],
    [
      "both, where they are empty",
      "From:\r\nMessage-ID: \r\n\r\n",
      `From:\r\nMessage-ID: \r\nFRESH\r\n${SENDER}\r\n`,
    ],
    [
      "both, where its body alone has them",
      `A: b\r\n\r\n${HAS_BOTH}`,
      `A: b\r\nFRESH\r\n${SENDER}\r\n${HAS_BOTH}`,
    ],
    [
      "both, where other fields alone name them",
      "X-From: a\r\n From: b\r\n\r\n",
      `X-From: a\r\n From: b\r\nFRESH\r\n${SENDER}\r\n`,
    ],
    ["a header", "hello: \r\nthere", `hello: \r\nthere\r\nFRESH\r\n${SENDER}\r\n`],
    ["a header, and begins with the empty line", "\r\nbody", `FRESH\r\n${SENDER}\r\nbody`],
    [
      "a header, and begins with its body",
      "Dear Alice\r\n\r\nFrom: b",
      `FRESH\r\n${SENDER}\r\nDear Alice\r\n\r\nFrom: b`,
    ],
    ["everything", "", `FRESH\r\n${SENDER}\r\n`],
  ])("%s", (_, message, completed) => {
    expect(complete(message)).toBe(completed);
  });

  test("each time another Message-ID", () => {
    const [one, two] = [1, 2].map(
      () => FRESH_ID.exec(completeMessage(Buffer.from(""), SESSION, NOW).toString())?.[0],
    );
    expect(one).toBeDefined();
    expect(two).not.toBe(one);
  });

  test.each([
    ["[192.0.2.1]", "127.0.0.1", "[127.0.0.1]"],
    ["under_score", "::ffff:127.0.0.1", "[127.0.0.1]"],
    ["a\xe4", "::1", "[IPv6:::1]"],
  ])(
    "a From with the address of a client that calls itself %s",
    (hostNameAppearsAs, remoteAddress, domain) => {
      expect(complete("", { hostNameAppearsAs, remoteAddress })).toContain(
        `From: MAILER-DAEMON@${domain}\r\n`,
      );
    },
  );
});

test("a message of 25 MB costs no time", () => {
  const started = performance.now();
  for (const message of [
    "x".repeat(25e6),
    `From: a\r\n${" \r\n".repeat(8e6)}`,
    "A: b\r\n".repeat(4e6),
    "From:".repeat(5e6),
  ]) {
    complete(message);
  }
  expect(performance.now() - started).toBeLessThan(5000);
});
