import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isBounce, MAILER_DAEMONS } from "../../src/core/bounce.ts";

const DSN = { "content-type": 'multipart/report; boundary="b";\t report-type=delivery-status' };
const reports = (type: string) => ({ "content-type": `multipart/report; report-type=${type}` });

/** A delivery-status report from the null sender; each test spoils one thing. */
const judged = (
  from = "",
  headers: Record<string, string> = DSN,
  senders: "null-only" | "mailer-daemon" = "mailer-daemon",
) => isBounce(from, new Headers(headers), senders);

describe("the null sender makes a bounce", () => {
  test.each(["", "<>"])("%j, whatever the headers say", (from) => {
    for (const senders of ["null-only", "mailer-daemon"] as const) {
      expect(judged(from, DSN, senders)).toBe(true);
      expect(judged(from, {}, senders)).toBe(true);
    }
  });
});

describe("a mailer-daemon's own address makes one", () => {
  test.each(
    [...MAILER_DAEMONS.keys()].flatMap((name) => [name, name.toUpperCase(), `prvs=3788b9ac3e=${name}`]),
  )("for %s, where the domain asks for that and it is a delivery-status report", (name) => {
    expect(judged(`${name}@gateway.example.net`)).toBe(true);
    expect(judged(`<${name}@gateway.example.net>`)).toBe(true);
    expect(judged(name)).toBe(true);
    expect(judged(`${name}@gateway.example.net`, DSN, "null-only")).toBe(false);
  });

  test.each([
    {},
    { "content-type": "text/plain" },
    { "content-type": "multipart/report" },
    { "content-type": "multipart/mixed; report-type=delivery-status" },
    reports("disposition-notification"),
    reports("feedback-report"),
    reports("tlsrpt"),
    { "content-type": "multipart/mixed", subject: "Report domain: example.com Submitter: example.net" },
  ])("not for %j", (headers) => {
    expect(judged("mailer-daemon@gateway.example.net", headers)).toBe(false);
  });

  test.each(["bob", "noreply", "bounces+alice", "root", "mailer-daemon-owner", "not-postmaster", ""])(
    "not for %j, though it is a delivery-status report",
    (name) => {
      expect(judged(`${name}@example.net`)).toBe(false);
    },
  );
});

test("the README's table of them is this one", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const section = readme.slice(readme.indexOf("### Bounces without the null sender"));
  const rows = [...section.slice(0, section.indexOf("\n### ")).matchAll(/^\| `(.+?)` \| (.+?) \|$/gm)];
  expect(new Map(rows.map(([, name, why]) => [name, why]))).toEqual(MAILER_DAEMONS);
});

test.each([
  ["<mailer-daemon@gateway.example.net>x", "what follows the brackets"],
  ["mailer-daemon<@gateway.example.net>", "what stands before them"],
  ["<mailer-daemon@gateway.example.net", "that there is one alone"],
])("%s is nobody's own address: %s is no part of a path", (from) => {
  expect(judged(from)).toBe(false);
});
