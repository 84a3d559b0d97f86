import fc from "fast-check";
import { expect, test } from "vitest";
import { pseudonymOf, replaceAddresses } from "../../src/core/pseudonym.ts";
import { deriveDeploymentKey } from "../../src/core/signature.ts";

const KEY = await deriveDeploymentKey("k".repeat(32), "log");

test("an address keeps its domain, and has the same value in any case", async () => {
  const alice = await pseudonymOf(KEY, "alice@example.com");
  expect(alice).toMatch(/^[a-z2-7]{16}@example\.com$/);
  expect(await pseudonymOf(KEY, "Alice@example.com")).toBe(alice);
  expect(await pseudonymOf(KEY, "bob@example.com")).not.toBe(alice);
  const other = await deriveDeploymentKey("o".repeat(32), "log");
  expect(await pseudonymOf(other, "alice@example.com")).not.toBe(alice);
});

test("a text loses every address in it, and nothing else", async () => {
  const text = "550 5.1.1 <alice@example.com>: no alice@example.com, Bob@Example.net here";
  const replaced = await replaceAddresses(KEY, text);
  expect(replaced).toMatch(
    /^550 5\.1\.1 <([a-z2-7]{16})@example\.com>: no \1@example\.com, [a-z2-7]{16}@Example\.net here$/,
  );
  expect(await replaceAddresses(KEY, "try again later")).toBe("try again later");
});

test("whatever the local-part is, it is gone", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", minLength: 4, maxLength: 64 }), async (localPart) => {
      const address = await pseudonymOf(KEY, `${localPart}@example.com`);
      expect(address).toMatch(/^[a-z2-7]{16}@example\.com$/);
    }),
  );
});

test("the value is the known one", async () => {
  // Computed with OpenSSL's HKDF and HMAC.
  expect(await pseudonymOf(KEY, "Alice@example.com")).toBe("mwpr26i7lqetdgb4@example.com");
  expect(await pseudonymOf(KEY, "no address")).toBe("oeqiy76opyas6x24@");
});

test.each([
  ["<alice@example.com>", "<mwpr26i7lqetdgb4@example.com>"],
  ["(alice@example.com)", "(mwpr26i7lqetdgb4@example.com)"],
  ["to:alice@example.com,x", "to:mwpr26i7lqetdgb4@example.com,x"],
  ["a;alice@example.com; b", "a;mwpr26i7lqetdgb4@example.com; b"],
  ["ALICE@EXAMPLE.COM", "mwpr26i7lqetdgb4@EXAMPLE.COM"],
  ["@ alice @ home", "@ alice @ home"],
  ["", ""],
])("in %j addresses are found between what can't be part of one", async (text, replaced) => {
  expect(await replaceAddresses(KEY, text)).toBe(replaced);
});
