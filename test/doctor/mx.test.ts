import { expect, test } from "vitest";
import { checkMx } from "../../src/doctor/mx.ts";
import { lookUpIn, ZONE } from "./zone.ts";

const check = (mx?: readonly string[]) =>
  checkMx("example.com", lookUpIn(mx === undefined ? ZONE : { "example.com": { MX: mx } }));

test("mail that Email Routing takes passes", async () => {
  expect(await check()).toEqual({
    id: "mx",
    status: "pass",
    detail: "Every MX record leads to Email Routing.",
  });
});

test("hosts of Email Routing pass in any case, and without a last dot", async () => {
  expect(await check(["10 Route1.MX.Cloudflare.NET"])).toMatchObject({ status: "pass" });
});

test.each<[string, readonly string[]]>([
  ["none", []],
  ["a null MX", ["0 ."]],
])("%s is warned of: no bounce comes", async (_, mx) => {
  expect(await check(mx)).toMatchObject({
    status: "warn",
    detail: expect.stringMatching(/^No MX record takes mail/),
  });
});

test("a domain that does not exist is warned of", async () => {
  expect(await checkMx("example.org", lookUpIn(ZONE))).toMatchObject({ status: "warn" });
});

test.each<[string, readonly string[], string]>([
  ["one elsewhere", ["10 route1.mx.cloudflare.net.", "20 mx.example.net."], "mx.example.net"],
  ["all elsewhere", ["1 smtp.google.com.", "5 mx.example.net."], "smtp.google.com, mx.example.net"],
  ["a name that only ends alike", ["10 evilmx.cloudflare.net."], "evilmx.cloudflare.net"],
  [
    "a name that begins alike",
    ["10 route1.mx.cloudflare.net.example.org."],
    "route1.mx.cloudflare.net.example.org",
  ],
])("%s is warned of, by name", async (_, mx, named) => {
  const { status, detail } = await check(mx);
  expect(status).toBe("warn");
  expect(detail).toContain(`MX records lead elsewhere: ${named}. What comes by them goes round the Worker`);
});

test("hosts are quoted in part, without control characters", async () => {
  const { detail } = await check(["10 \u0007\u001b[1mx.", ...Array(5_000).fill("10 mx.example.net.")]);
  expect(detail).toContain("elsewhere: [1mx, mx.example.net");
  expect(detail.length).toBeLessThan(400);
});
