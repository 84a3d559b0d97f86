import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { examine } from "../../src/doctor/doctor.ts";
import type { Answer, LookUp } from "../../src/doctor/resolver.ts";
import { KEY, lookUpIn, SELECTORS, ZONE } from "./zone.ts";

const inShort = (checks: Awaited<ReturnType<typeof examine>>) =>
  checks.map(({ id, status }) => `${id} ${status}`);
const ALL_WARN = ["mx warn", "spf warn", "dkim warn", "dmarc warn"];

test("a domain in order passes everything, in this order", async () => {
  expect(inShort(await examine("example.com", SELECTORS, lookUpIn(ZONE)))).toEqual([
    "mx pass",
    "spf pass",
    "dkim pass",
    "dmarc pass",
  ]);
});

test("a domain without records is warned of four times", async () => {
  expect(inShort(await examine("example.org", SELECTORS, lookUpIn(ZONE)))).toEqual(ALL_WARN);
});

test.each<[Answer["kind"], RegExp]>([
  ["unreachable", /^(?:\w+: )?The resolver did not answer for \S+: try again, or set another DOH_URL\.$/],
  ["failed", /^(?:\w+: )?The name servers of \S+ fail, or its DNSSEC does: mend them\.$/],
  ["too-many", /^(?:\w+: )?\S+ was not looked up: there are too many names\.$/],
])("a look-up that is %s is a warning that says so", async (kind, detail) => {
  const checks = await examine("example.com", ["s1"], async () => ({ kind }) as Answer);
  expect(inShort(checks)).toEqual(ALL_WARN);
  for (const check of checks) expect(check.detail).toMatch(detail);
});

describe("hostile records", () => {
  const asked: string[] = [];
  const answering = (record: string, count = 1): LookUp => {
    asked.length = 0;
    return async (name) => {
      asked.push(name);
      return { kind: "found", records: Array(count).fill(record) };
    };
  };
  const SIZE = 64 * 1024;

  test.each<[string, string]>([
    ["thousands of terms", `v=spf1 ${"a ".repeat(SIZE / 2)}`],
    ["thousands of includes", `v=spf1 ${"include:a.example.net ".repeat(SIZE / 22)}-all`],
    ["thousands of modifiers", `v=spf1 ${"x=y ".repeat(SIZE / 4)}-all`],
    ["one long label", `v=spf1 a:${"a".repeat(SIZE)}!`],
    ["one long number", `v=spf1 a:.${"1".repeat(SIZE)}`],
    ["labels without end", `v=spf1 a:${"a.".repeat(SIZE / 2)}!/`],
    ["long labels without end", `v=spf1 a:${`${"a".repeat(62)}.`.repeat(SIZE / 63)}!/`],
    ["numbers without end", `v=spf1 exists:${"1.".repeat(SIZE / 2)}`],
    ["macros without end", `v=spf1 include:${"%{d1r.}".repeat(SIZE / 7)}!`],
    ["percents without end", `v=spf1 redirect=${"%".repeat(SIZE + 1)}`],
    ["one long macro", `v=spf1 exists:%{d${"0".repeat(SIZE)}`],
    ["delimiters without end", `v=spf1 exists:%{d${"-".repeat(SIZE)}`],
    ["slashes without end", `v=spf1 a${"/".repeat(SIZE)}`],
    ["an address without end", `v=spf1 ip4:1.${"1.".repeat(SIZE / 2)}`],
    ["colons without end", `v=spf1 ip6:${":".repeat(SIZE)}`],
    ["thousands of tags", `v=DMARC1;${"a=b;".repeat(SIZE / 4)}`],
    ["semicolons without end", `v=DMARC1${";".repeat(SIZE)}`],
    ["spaces without end", `v${" ".repeat(SIZE)}=DMARC1`],
    ["spaces in a tag", `v=DMARC1;${" ".repeat(SIZE)}a${" ".repeat(SIZE)}=${" ".repeat(SIZE)}\u00e9`],
    ["a long tag", `v=DMARC1; ${"a".repeat(SIZE)}`],
    ["a long policy", `v=DMARC1; p=${"a".repeat(SIZE)}`],
    ["a long key", `v=DKIM1; p=${KEY.repeat(SIZE / KEY.length)}`],
    ["a long list", `v=DKIM1; s=${":".repeat(SIZE)}; p=${KEY}`],
    ["nothing", ""],
  ])("of %s end at once, in bounded words", async (_, record) => {
    const start = performance.now();
    const checks = await examine("example.com", ["s1"], answering(record));
    expect(performance.now() - start).toBeLessThan(2_000);
    for (const { detail } of checks) expect(detail.length).toBeLessThan(500);
    expect(asked.length).toBeLessThan(25);
  });

  test("in thousands end at once", async () => {
    const start = performance.now();
    await examine("example.com", ["s1"], answering("v=spf1 -all", 10_000));
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test("that include a new name each time end after ten", async () => {
    let number = 0;
    const names: string[] = [];
    const lookUp: LookUp = async (name) => {
      names.push(name);
      return {
        kind: "found",
        records: [`v=spf1 include:a${number++}.example.net include:b${number++}.example.net`],
      };
    };
    const checks = await examine("example.com", [], lookUp);
    expect(checks[1]?.detail).toMatch(/^It takes more than 10 look-ups/);
    expect(names.filter((name) => name.endsWith("example.net"))).toHaveLength(10);
  });

  test("of whatever kind are warned of or pass, in printable words", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({
        unit: fc.constantFrom(
          "v=spf1 ",
          "v=DMARC1; ",
          "a",
          "include:",
          ".",
          "%{",
          "d}",
          "p=",
          ";",
          "-all",
          "\n",
          "/",
        ),
      }),
      fc.constantFrom("v=spf1 include:example.com", "0 .", "10 mx.example.net."),
    );
    const answer: fc.Arbitrary<Answer> = fc.oneof(
      fc.record({ kind: fc.constant("found" as const), records: fc.array(text, { maxLength: 3 }) }),
      fc.record({ kind: fc.constantFrom("absent" as const, "failed" as const, "unreachable" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(answer), async (answers) => {
        const checks = await examine("mail.example.com", ["s1"], async () => answers.next().value);
        expect(checks.map(({ id }) => id)).toEqual(["mx", "spf", "dkim", "dmarc"]);
        for (const { status, detail } of checks) {
          expect(["pass", "warn"]).toContain(status);
          expect(detail).toMatch(/^[ -~…]{1,500}$/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
