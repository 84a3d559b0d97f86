import { describe, expect, test } from "vitest";
import { checkDkim } from "../../src/doctor/dkim.ts";
import { ED25519_KEY, KEY, lookUpIn, rsaKey, SELECTORS, ZONE } from "./zone.ts";

/** The one selector's records. */
const check = (...records: string[]) =>
  checkDkim("example.com", ["s"], lookUpIn({ "s._domainkey.example.com": { TXT: records } }));

test("a domain with a key for each selector passes, a CNAME between or not", async () => {
  expect(await checkDkim("example.com", SELECTORS, lookUpIn(ZONE))).toEqual({
    id: "dkim",
    status: "pass",
    detail: "google: RSA of 2048 bits. s1: RSA of 2048 bits.",
  });
});

test("no selector is warned of, and asks for nothing", async () => {
  const lookUp = lookUpIn(ZONE);
  expect(await checkDkim("example.com", [], lookUp)).toMatchObject({
    status: "warn",
    detail: expect.stringContaining("dkimSelectors"),
  });
  expect(lookUp.asked).toEqual([]);
});

test("one selector in disorder is warned of, the others still told", async () => {
  expect(await checkDkim("example.com", ["s1", "s2"], lookUpIn(ZONE))).toMatchObject({
    status: "warn",
    detail: "s1: RSA of 2048 bits. s2: There is no TXT record at s2._domainkey.example.com.",
  });
});

describe("a key passes", () => {
  test.each<[string, string, string]>([
    ["alone", `p=${KEY}`, "RSA of 2048 bits."],
    [
      "with spaces and a last semicolon",
      ` v = DKIM1 ; p = ${KEY.replace(/.{64}/g, "$& ")} ; `,
      "RSA of 2048 bits.",
    ],
    ["for email among others", `v=DKIM1; s=tlsrpt : email; p=${KEY}`, "RSA of 2048 bits."],
    ["for every service", `v=DKIM1; s=*; p=${KEY}`, "RSA of 2048 bits."],
    [
      "with other flags, hashes, notes, tags",
      `v=DKIM1; h=sha256; t=s; n=a note; x_1=; p=${KEY}`,
      "RSA of 2048 bits.",
    ],
    ["with fewer bits than are advised", `v=DKIM1; p=${rsaKey(1024)}`, "RSA of 1024 bits; 2048 are advised."],
    ["of Ed25519", `v=DKIM1; k=ed25519; p=${ED25519_KEY}`, "Ed25519."],
  ])("%s", async (_, record, detail) => {
    expect(await check(record)).toEqual({ id: "dkim", status: "pass", detail: `s: ${detail}` });
  });
});

describe("a key is warned of", () => {
  test.each<[string, string, RegExp]>([
    ["of another version", `v=DKIM2; p=${KEY}`, /^s: v must be DKIM1, and first\.$/],
    ["whose version is in small letters", `v=dkim1; p=${KEY}`, /^s: v must be DKIM1/],
    ["whose version does not come first", `k=rsa; v=DKIM1; p=${KEY}`, /^s: v must be DKIM1/],
    ["that is revoked", "v=DKIM1; p=", /^s: The key is revoked/],
    ["that is not there", "v=DKIM1; k=rsa", /^s: This is no key record: v=DKIM1; k=rsa$/],
    ["in a record of another kind", "v=spf1 include:example.net -all", /^s: This is no key record: v=spf1/],
    ["with a tag twice", `p=${KEY}; p=${KEY}`, /^s: This is no key record/],
    ["with an empty tag amid", `v=DKIM1;; p=${KEY}`, /^s: This is no key record/],
    ["in quotes of its own", `"v=DKIM1; p=${KEY}"`, /^s: This is no key record/],
    [
      "that is no base64",
      `v=DKIM1; p=${KEY.slice(0, 40)}!`,
      /^s: This is no key of the kind rsa in base64: /,
    ],
    ["that is cut off", `v=DKIM1; p=${KEY.slice(0, 200)}`, /^s: This is no key of the kind rsa/],
    ["of a curve, given as RSA", `v=DKIM1; p=${ED25519_KEY}`, /^s: This is no key of the kind rsa/],
    ["of RSA, given as a curve's", `v=DKIM1; k=ed25519; p=${KEY}`, /^s: This is no key of the kind ed25519/],
    [
      "of a curve, with 33 octets",
      `k=ed25519; p=${Buffer.alloc(33).toString("base64")}`,
      /no key of the kind ed25519/,
    ],
    ["of an unknown kind", `v=DKIM1; k=dsa; p=${KEY}`, /^s: This is no key of the kind dsa/],
    [
      "with too few bits",
      `v=DKIM1; p=${rsaKey(1023)}`,
      /^s: RSA of 1023 bits is void: make a key of 2048\.$/,
    ],
    ["that is being tested", `v=DKIM1; t=s:y; p=${KEY}`, /^s: The key is being tested.*take out t=y\.$/],
    ["for other services", `v=DKIM1; s=tlsrpt; p=${KEY}`, /^s: The key is not for email/],
    ["for no service", `v=DKIM1; s=; p=${KEY}`, /^s: The key is not for email/],
  ])("%s", async (_, record, detail) => {
    expect(await check(record)).toMatchObject({ status: "warn", detail: expect.stringMatching(detail) });
  });

  test("where there are several", async () => {
    expect(await check(`p=${KEY}`, `p=${KEY}`)).toMatchObject({
      status: "warn",
      detail: expect.stringMatching(/^s: There are several records: leave one/),
    });
  });
});

test("a record is quoted in part, without control characters", async () => {
  const { detail } = await check(`v=DKIM1; k=\u001b[2J; ${"x".repeat(60_000)}`);
  expect(detail).toContain("s: This is no key record: v=DKIM1; k=[2J; xxx");
  expect(detail.length).toBeLessThan(250);
});

test("a selector that is no name finds no record", async () => {
  expect(await checkDkim("example.com", ["a b"], lookUpIn(ZONE))).toMatchObject({ status: "warn" });
});
