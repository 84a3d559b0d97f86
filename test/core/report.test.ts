import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isBounce, isNullSender } from "../../src/core/bounce.ts";
import { isAutoReply, isDeliveryStatusReport, isReceipt, isReturned } from "../../src/core/report.ts";

const headers = (fields: Record<string, string>) => new Headers(fields);
const DSN = 'multipart/report; report-type=delivery-status; boundary="b"';
const MDN = "multipart/report; report-type=disposition-notification; boundary=b";

describe("a delivery-status report", () => {
  test.each([
    DSN,
    'Multipart/Report; Report-Type="Delivery-Status"; boundary=b',
    'multipart/report;\r\n\tboundary="a;report-type=x";\r\n\treport-type = delivery-status',
    'multipart/report; boundary="; report-type=feedback-report"; report-type=delivery-status',
  ])("is %j", (type) => {
    expect(isDeliveryStatusReport(headers({ "content-type": type.replace(/[\r\n]+/g, " ") }))).toBe(true);
  });

  test.each([
    "",
    "multipart/report",
    "multipart/report; report-type=feedback-report",
    "multipart/report; report-type=delivery-status-2",
    "text/plain; report-type=delivery-status",
    'multipart/mixed; x="multipart/report"; report-type=delivery-status',
    MDN,
  ])("is not %j", (type) => {
    expect(isDeliveryStatusReport(headers({ "content-type": type }))).toBe(false);
  });
});

describe("an auto-reply", () => {
  test.each<Record<string, string>>([
    { "auto-submitted": "auto-replied" },
    { "auto-submitted": "Auto-Replied (vacation)" },
    { "auto-submitted": "auto-replied; owner-email=bob@example.org" },
    { "content-type": MDN },
  ])("is %j", (fields) => {
    expect(isAutoReply(headers(fields))).toBe(true);
  });

  test.each<Record<string, string>>([
    {},
    { "auto-submitted": "no" },
    { "auto-submitted": "auto-generated" },
    { "auto-submitted": "auto-repliedx" },
    // A delivery-status report never is, whatever it says: Exim and Postfix mark theirs so.
    { "auto-submitted": "auto-replied", "content-type": DSN },
  ])("is not %j", (fields) => {
    expect(isAutoReply(headers(fields))).toBe(false);
  });
});

describe("a bounce", () => {
  test.each(["", "<>"])("comes from the null sender %j", (reversePath) => {
    expect(isNullSender(reversePath)).toBe(true);
    expect(isBounce(reversePath, headers({}), "null-only")).toBe(true);
  });

  test("comes from a mailer-daemon with a delivery-status report, where that is asked for", () => {
    const report = headers({ "content-type": DSN });
    expect(isBounce("MAILER-DAEMON@example.net", report, "mailer-daemon")).toBe(true);
    expect(isBounce("postmaster@example.net", report, "mailer-daemon")).toBe(true);
    expect(isBounce("mailer-daemon@example.net", report, "null-only")).toBe(false);
  });

  test("is no other report, and nobody else's", () => {
    const dmarc = headers({ "content-type": "multipart/report; report-type=feedback-report" });
    expect(isBounce("postmaster@example.net", dmarc, "mailer-daemon")).toBe(false);
    expect(isBounce("bob@example.net", headers({ "content-type": DSN }), "mailer-daemon")).toBe(false);
  });
});

test("any Content-Type is read without an exception, and in bounded time", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const hostile = { get: () => `multipart/report; ${text}` };
      expect(typeof isDeliveryStatusReport(hostile)).toBe("boolean");
    }),
  );
  const long = { get: () => `multipart/report; ${'a="\\'.repeat(1_000_000)}` };
  expect(isDeliveryStatusReport(long)).toBe(false);
});

describe("by its Content-Type", () => {
  const typed = (type: string) => headers({ "content-type": type });

  test.each([
    ["multipart/report; report-type=delivery-status", true, false],
    ["multipart/report; report-type=feedback-report", true, false],
    ["multipart/report; report-type=disposition-notification", false, true],
    ["multipart/report; report-type=tlsrpt", false, false],
    ["multipart/report", false, false],
    ["text/plain", false, false],
  ])("%s is a report on a message: %s, a receipt: %s", (type, returned, receipt) => {
    expect([isReturned(typed(type)), isReceipt(typed(type))]).toEqual([returned, receipt]);
  });

  test.each([
    "  multipart/report;report-type=delivery-status",
    "multipart/report ; report-type=delivery-status",
    "multipart/report (a comment); report-type=delivery-status",
    "multipart/report; boundary=; report-type=delivery-status",
    'multipart/report; boundary="a\\"; report-type=x"; report-type=delivery-status',
    'multipart/report; boundary=""; report-type=delivery-status',
    "multipart/report; report-type  =  delivery-status  ; a=b",
    'multipart/report; report-type="delivery-status"',
    'multipart/report; report-type="delivery\\-status"; report-type=delivery-status',
    "multipart/report;   report-type=delivery-status",
    "multipart/report; report-type=delivery-status; report-type=feedback-report",
  ])("%s says what type of report it is, by its first report-type", (type) => {
    expect(isDeliveryStatusReport(typed(type))).toBe(!type.includes("\\-"));
  });

  test.each([
    "xmultipart/report; report-type=delivery-status",
    "multipart/reports; report-type=delivery-status",
    "multipart/ report; report-type=delivery-status",
    "multipart /report; report-type=delivery-status",
    'x; a="multipart/report"; report-type=delivery-status',
    "multipart/report; report-type: delivery-status",
    "multipart/report report-type=delivery-status",
    "multipart/report; xreport-type=delivery-status",
    "multipart/report; report-type=",
    'multipart/report; report-type=""',
    'multipart/report; report-type="delivery-status',
  ])("%s is no delivery-status report", (type) => {
    expect(isDeliveryStatusReport(typed(type))).toBe(false);
  });

  test("2048 characters are looked at", () => {
    const report = "report-type=delivery-status";
    const filled = (length: number) => `multipart/report; a=${"x".repeat(length - 22)}; `;
    expect(filled(100)).toHaveLength(100);
    expect(isDeliveryStatusReport(typed(filled(2_048 - report.length) + report))).toBe(true);
    expect(isDeliveryStatusReport(typed(filled(2_049 - report.length) + report))).toBe(false);
  });
});

test.each([
  ["auto-replied", true],
  [" auto-replied ", true],
  ["auto-replied;x", true],
  ["auto-replied (x)", true],
  ["auto-replied x", false],
  ["x auto-replied", false],
  ["xauto-replied", false],
  ["", false],
])("Auto-Submitted: %j is an auto-reply: %s", (value, expected) => {
  expect(isAutoReply({ get: (name) => (name === "auto-submitted" ? value : null) })).toBe(expected);
});
