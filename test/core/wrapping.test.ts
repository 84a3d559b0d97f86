// Secrets at rest, by known values computed with OpenSSL's HKDF and AES-256-GCM: what is stored must unwrap in years.

import { describe, expect, test } from "vitest";
import { importWrappingKey, NONCE_OCTETS, unwrapSecret, wrapSecret } from "../../src/core/wrapping.ts";

const WRAPPING = await importWrappingKey("a".repeat(32));
const OTHER = await importWrappingKey("b".repeat(32));
const KEY = { domain: "example.com", slot: 3 };
const WEBHOOK = { domain: "example.com", slot: "webhook" } as const;
const NONCE = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

describe.each([
  [KEY, "AQIDBAUGBwgJCgsMq6di9bMSoyUP96OBO7a14Qd7Q5cw3w==", "Key 3 of example.com"],
  [WEBHOOK, "AQIDBAUGBwgJCgsMq6di9bMSEJviMATW00zO1O9LgISqJA==", "The webhook's secret of example.com"],
])("in %j a secret", (place, wrapped, what) => {
  test("is wrapped as it always was, and unwraps under any key listed", async () => {
    expect(await wrapSecret(WRAPPING, place, "secret", NONCE)).toBe(wrapped);
    expect(await unwrapSecret([WRAPPING], place, wrapped)).toBe("secret");
    expect(await unwrapSecret([OTHER, WRAPPING], place, wrapped)).toBe("secret");
  });

  test("that does not unwrap is named, with what to look for", async () => {
    for (const keys of [[OTHER], []]) {
      await expect(unwrapSecret(keys, place, wrapped)).rejects.toThrow(
        new Error(`${what} does not unwrap: KEYRING_SECRET is not what wrapped it.`),
      );
    }
  });
});

test("the nonce is what AES-GCM takes, and stands in front", async () => {
  expect(NONCE_OCTETS).toBe(12);
  const wrapped = await wrapSecret(WRAPPING, KEY, "sécret", NONCE);
  expect(atob(wrapped).slice(0, 12)).toBe(String.fromCharCode(...NONCE));
  expect(await unwrapSecret([WRAPPING], KEY, wrapped)).toBe("sécret");
});

test("the wrapping key can't be read out again", () => {
  expect(WRAPPING).toMatchObject({ type: "secret", extractable: false, usages: ["encrypt", "decrypt"] });
});
