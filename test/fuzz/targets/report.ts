// What a message's headers say it is: a Content-Type read as it was written, whatever stands between its parts; a bounce; a mark
// of having passed here.

import fc from "fast-check";
import { expect } from "vitest";
import { isBounce, MAILER_DAEMONS } from "../../../src/core/bounce.ts";
import { hasPassed, signHop } from "../../../src/core/hop.ts";
import {
  isAutoReply,
  isDeliveryStatusReport,
  isReceipt,
  isReturned,
  type MailHeaders,
} from "../../../src/core/report.ts";
import { saysAutoReply } from "../../../src/returned/returned-headers.ts";
import { JUDGING } from "../../core/fixtures.ts";
import { address, tagged } from "../addresses.ts";
import { mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Headers {
  readonly type: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly value: string;
    readonly before: string;
    readonly isQuoted: boolean;
  }[];
  readonly spoiled: string;
  readonly autoSubmitted: string | null;
  readonly reversePath: string;
  readonly marks: readonly string[];
}

const KEYS = JUDGING.hops;
const ORIGINAL = { localPart: "alice", domain: "example.com" };

const headersOf = (fields: Readonly<Record<string, string | null>>): MailHeaders => ({
  get: (name) => fields[name.toLowerCase()] ?? null,
});

/** What holds of any headers, however odd. */
function checkAny(headers: MailHeaders, reversePath: string): void {
  const [status, receipt, returned, autoReply] = [
    isDeliveryStatusReport(headers),
    isReceipt(headers),
    isReturned(headers),
    isAutoReply(headers),
  ];
  expect(status && receipt).toBe(false);
  expect(status && autoReply).toBe(false);
  if (status) expect(returned).toBe(true);
  if (receipt) expect(autoReply).toBe(true);
  if (status || receipt) expect(saysAutoReply(headers)).toBe(false);
  const isNull = reversePath === "" || reversePath === "<>";
  expect(isBounce(reversePath, headers, "null-only")).toBe(isNull);
  if (isBounce(reversePath, headers, "mailer-daemon") && !isNull) {
    expect(status).toBe(true);
    expect([...MAILER_DAEMONS.keys()].some((robot) => reversePath.toLowerCase().includes(robot))).toBe(true);
  }
}

async function check({
  type,
  parameters,
  spoiled,
  autoSubmitted,
  reversePath,
  marks,
}: Headers): Promise<void> {
  const written = parameters.map(
    ({ name, value, before, isQuoted }) => `;${before}${name}=${isQuoted ? `"${value}"` : value}`,
  );
  const contentType = `${type}${written.join("")}`;
  const headers = headersOf({ "content-type": contentType, "auto-submitted": autoSubmitted });
  if (contentType.length <= 2_048) {
    const own = parameters.find(({ name }) => name.toLowerCase() === "report-type")?.value.toLowerCase();
    const reported = type.trim().toLowerCase() === "multipart/report" ? own : undefined;
    expect(isDeliveryStatusReport(headers)).toBe(reported === "delivery-status");
    expect(isReceipt(headers)).toBe(reported === "disposition-notification");
    expect(isReturned(headers)).toBe(reported === "delivery-status" || reported === "feedback-report");
  }
  checkAny(headers, reversePath);
  checkAny(
    headersOf({ "content-type": spoiled, "auto-submitted": spoiled, from: spoiled, subject: spoiled }),
    reversePath,
  );

  const own = await signHop(KEYS[0], ORIGINAL);
  expect(await hasPassed(marks.join(","), KEYS, ORIGINAL)).toBe(false);
  const among = [...marks, ` ${own}\t`, ...marks].join(",");
  expect(await hasPassed(among, KEYS, ORIGINAL)).toBe(true);
  expect(await hasPassed(among, KEYS, { ...ORIGINAL, localPart: "alicf" })).toBe(false);
}

const types = fc.constantFrom(
  "multipart/report",
  "Multipart/REPORT",
  " multipart/report ",
  "multipart/mixed",
  "text/plain",
  "multipart/report-not",
  "multipart",
);
const reportTypes = fc.constantFrom(
  "delivery-status",
  "Delivery-Status",
  "disposition-notification",
  "feedback-report",
  "x",
);
const parameter = fc.oneof(
  fc.record({
    name: fc.constantFrom("report-type", "Report-Type"),
    value: reportTypes,
    before: fc.constantFrom("", " ", "\t", "  "),
    isQuoted: fc.boolean(),
  }),
  fc.record({
    name: fc.constantFrom("boundary", "charset", "x-report-type", "report-type*0"),
    value: fc.constantFrom("b", "a=b; report-type=delivery-status", " ", ";"),
    before: fc.constantFrom("", " "),
    isQuoted: fc.constant(true),
  }),
);
const robots = fc.constantFrom("mailer-daemon", "MAILER-DAEMON", "postmaster", "root");

const inputs: fc.Arbitrary<Headers> = fc.record({
  type: types,
  parameters: fc.array(parameter, { maxLength: 5 }),
  spoiled: mutated(
    fc
      .tuple(
        types,
        fc.array(
          fc
            .tuple(fc.constantFrom(";", "; ", ";report-type=", '"'), reportTypes)
            .map((parts) => parts.join("")),
          { maxLength: 5 },
        ),
      )
      .map(([type, rest]) => type + rest.join("")),
    ["; report-type=delivery-status", "auto-replied", "(comment)", "*=", 'a="\\'],
  ),
  autoSubmitted: fc.option(
    fc.constantFrom("auto-replied", "auto-replied (vacation)", "auto-generated", "no"),
  ),
  reversePath: fc.oneof(
    fc.constantFrom("", "<>"),
    address,
    tagged,
    fc.tuple(robots, address).map(([robot, path]) => `${robot}@${path}`),
    fc
      .tuple(fc.constantFrom("prvs=3788b9ac3e=", ""), robots, fc.constantFrom("@example.com", ""))
      .map((parts) => parts.join("")),
  ),
  marks: fc.array(
    fc.oneof(fc.stringMatching(/^[a-z2-7]{16}$/), fc.constantFrom("", " ", "x".repeat(4_000))),
    { maxLength: 5 },
  ),
});

export const report = target<Headers>({ name: "report", inputs: seeded("report", inputs), check, runs: 800 });
