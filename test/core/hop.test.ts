import { describe, expect, test } from "vitest";
import { HOP_FIELD, hasPassed, signHop } from "../../src/core/hop.ts";
import { deriveDeploymentKey } from "../../src/core/signature.ts";

const KEY = await deriveDeploymentKey("k".repeat(32), "hop");
const USER = { localPart: "user", domain: "example.com" };
/** Computed with OpenSSL: HMAC-SHA-256 under HKDF-SHA-256 of the secret, 80 bits in base32. */
const MARK = "iwvicprpxkpbr3hv";
const passed = (field: string | null, keys = [KEY]) => hasPassed(field, keys, USER);

test("the mark is the known one, in a field that survives forwarding", async () => {
  expect(await signHop(KEY, USER)).toBe(MARK);
  expect(HOP_FIELD).toMatch(/^X-/);
});

describe("a message has passed", () => {
  test.each([MARK, ` ${MARK} `, `foreign,${MARK}`, `foreign, ${MARK}, another`])("with %j", async (field) => {
    expect(await passed(field)).toBe(true);
  });

  test.each([null, "", "foreign", `${MARK}x`, `x${MARK}`, MARK.toUpperCase(), `${MARK} ${MARK}`])(
    "not with %j",
    async (field) => {
      expect(await passed(field)).toBe(false);
    },
  );

  test("under none of our keys by anybody's mark", async () => {
    expect(await passed(MARK, [])).toBe(false);
  });

  test("wherever the mark stands: nobody can set so many before it that it is not seen", async () => {
    expect(await passed(`${"foreign, ".repeat(20_000)}${MARK}`)).toBe(true);
    expect(await passed(`${MARK}${", foreign".repeat(20_000)}`)).toBe(true);
  });
});
