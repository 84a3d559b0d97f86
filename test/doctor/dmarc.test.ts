import { expect, test } from "vitest";
import { checkDmarc } from "../../src/doctor/dmarc.ts";
import { lookUpIn, ZONE } from "./zone.ts";

const REJECT = "v=DMARC1; p=reject; rua=mailto:dmarc@example.com";

/** The domain's own records, or those of `above`. */
const check = (records: readonly string[], above: Record<string, string> = {}, domain = "example.com") => {
  const parents = Object.entries(above).map(([name, text]) => [`_dmarc.${name}`, { TXT: [text] }]);
  return checkDmarc(
    domain,
    lookUpIn({ [`_dmarc.${domain}`]: { TXT: records }, ...Object.fromEntries(parents) }),
  );
};

test("a domain that has forged mail rejected passes", async () => {
  expect(await checkDmarc("example.com", lookUpIn(ZONE))).toEqual({
    id: "dmarc",
    status: "pass",
    detail: "_dmarc.example.com says p=reject.",
  });
});

test.each([
  "v=DMARC1; p=quarantine; rua=mailto:a@example.com",
  "v=DMARC1;p=Reject;rua=mailto:a@example.com;",
  "v = DMARC1 ; p = reject ; rua=mailto:a@example.com ; ",
  "v=DMARC1; rua=mailto:a@example.com; p=reject; unknown=1",
])("%s passes", async (record) => {
  const { status, detail } = await check([record]);
  expect(status).toBe("pass");
  expect(detail).toMatch(/^_dmarc\.example\.com says p=(?:quarantine|reject)\.$/);
});

test("records of other kinds at the name change nothing", async () => {
  expect(await check(["v=spf1 -all", REJECT, "v=DMARC2; p=none"])).toMatchObject({ status: "pass" });
});

test("a policy without reports passes, and is told of them", async () => {
  expect(await check(["v=DMARC1; p=reject"])).toMatchObject({
    status: "pass",
    detail: "_dmarc.example.com says p=reject. Without rua there are no reports.",
  });
});

test.each<[string, readonly string[], RegExp]>([
  ["none", [], /^There is no DMARC record, or several at a name: set one at _dmarc\.example\.com/],
  ["two of them", [REJECT, REJECT], /^There is no DMARC record, or several/],
  ["another version", ["v=DMARC1.1; p=reject"], /^There is no DMARC record/],
  ["a version in small letters", ["v=dmarc1; p=reject"], /^There is no DMARC record/],
  ["a version that does not come first", ["p=reject; v=DMARC1"], /^There is no DMARC record/],
  [
    "p=none",
    ["v=DMARC1; p=none; rua=mailto:a@example.com"],
    /says p=none\. .*look at the reports.*set quarantine\.$/,
  ],
  ["p=none without reports", ["v=DMARC1; p=none"], /says p=none\. .* Without rua there are no reports\.$/],
  ["no p, which is as none", ["v=DMARC1; rua=mailto:a@example.com"], /says p=none\./],
  [
    "an unknown p",
    ["v=DMARC1; p=rejekt; rua=mailto:a@b.c"],
    /says p=rejekt\. Set none, quarantine or reject\.$/,
  ],
  ["an empty p", ["v=DMARC1; p=; rua=mailto:a@b.c"], /says p=\. Set none, quarantine or reject\.$/],
  [
    "what is no tag",
    ["v=DMARC1; p=reject; !"],
    /^_dmarc\.example\.com is no list of tags: v=DMARC1; p=reject; !$/,
  ],
  ["a tag twice", ["v=DMARC1; p=none; p=reject"], /is no list of tags/],
])("%s is warned of", async (_, records, detail) => {
  expect(await check(records)).toMatchObject({ status: "warn", detail: expect.stringMatching(detail) });
});

test.each<[string, string, string]>([
  [REJECT, "pass", "_dmarc.example.com says p=reject."],
  [`${REJECT}; sp=quarantine`, "pass", "_dmarc.example.com says sp=quarantine."],
  [`${REJECT}; sp=none`, "warn", "_dmarc.example.com says sp=none."],
])("of the record %s above it a domain gets %s", async (record, status, said) => {
  const above = await check([], { "example.com": record }, "mail.example.com");
  expect(above).toMatchObject({ status, detail: expect.stringContaining(said) });
});

test("sp says nothing of the domain itself", async () => {
  expect(await check([`${REJECT}; sp=none`])).toMatchObject({ status: "pass" });
});

test("of several above it the one with the fewest labels counts, unless one says that it ends there", async () => {
  const above = (psd: string) => ({
    "b.example.com": `v=DMARC1; p=reject${psd}`,
    "example.com": "v=DMARC1; p=none",
  });
  const said = async (psd: string) => (await check([], above(psd), "a.b.example.com")).detail.slice(0, 32);
  expect(await said("")).toBe("_dmarc.example.com says p=none. ");
  expect(await said("; psd=n")).toBe("_dmarc.b.example.com says p=reje");
});

test("a public suffix counts only where nothing is said below it", async () => {
  const suffix = { "co.example": "v=DMARC1; p=none; psd=y" };
  const below = { "firm.co.example": REJECT };
  expect(await check([], suffix, "a.firm.co.example")).toMatchObject({ status: "warn" });
  expect(await check([], { ...suffix, ...below }, "a.firm.co.example")).toMatchObject({ status: "pass" });
});

test("its own record ends the walk", async () => {
  const lookUp = lookUpIn({ ...ZONE, "_dmarc.mail.example.com": { TXT: ["v=DMARC1; p=none"] } });
  expect(await checkDmarc("mail.example.com", lookUp)).toMatchObject({ status: "warn" });
  expect(lookUp.asked).toEqual(["_dmarc.mail.example.com TXT"]);
});

test.each<[string, readonly string[]]>([
  ["example", ["example"]],
  ["example.com", ["example.com"]],
  ["a.b.example.com", ["a.b.example.com", "b.example.com", "example.com"]],
  [
    "1.2.3.4.5.6.7.8.9.example.com",
    [
      "1.2.3.4.5.6.7.8.9.example.com",
      "5.6.7.8.9.example.com",
      "6.7.8.9.example.com",
      "7.8.9.example.com",
      "8.9.example.com",
      "9.example.com",
      "example.com",
    ],
  ],
])("for %s no more is asked than these", async (domain, asked) => {
  const lookUp = lookUpIn({});
  await checkDmarc(domain, lookUp);
  expect(lookUp.asked).toEqual(asked.map((name) => `_dmarc.${name} TXT`));
});

test("a parent's servers that fail are warned of, though another record was found", async () => {
  const zone = { "_dmarc.b.example.com": { TXT: [REJECT] } };
  const lookUp = lookUpIn(zone, { "_dmarc.example.com": { kind: "failed" } });
  expect(await checkDmarc("a.b.example.com", lookUp)).toMatchObject({
    status: "warn",
    detail: "The name servers of _dmarc.example.com fail, or its DNSSEC does: mend them.",
  });
});

test("a record is quoted in part, without control characters", async () => {
  const { detail } = await check([`v=DMARC1; \u001b[2J${"x".repeat(60_000)}`]);
  expect(detail).toContain("is no list of tags: v=DMARC1; [2Jxxx");
  expect(detail.length).toBeLessThan(250);
});
