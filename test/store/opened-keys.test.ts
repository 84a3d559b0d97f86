import { expect, test } from "vitest";
import { importWrappingKey, wrapSecret } from "../../src/core/wrapping.ts";
import { type KeyMemory, openKeys } from "../../src/store/opened-keys.ts";
import { KEY } from "../core/fixtures.ts";

const SECRETS = { adminToken: "", keyring: "current".repeat(5), keyringPrevious: null };

async function wrappedBy(secret: string) {
  const wrapping = await importWrappingKey(secret);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  return {
    ...KEY,
    wrapped: await wrapSecret(wrapping, { domain: "example.com", slot: KEY.number }, "s", nonce),
  };
}

test("a key is unwrapped once in an isolate", async () => {
  const memory: KeyMemory = new Map();
  const key = await wrappedBy(SECRETS.keyring);
  const first = await openKeys(memory, SECRETS)("example.com", key);
  expect(await openKeys(memory, SECRETS)("example.com", { ...key })).toBe(first);
});

test("the previous secret still unwraps", async () => {
  const former = "former".repeat(6);
  const key = await wrappedBy(former);
  const open = openKeys(new Map(), { ...SECRETS, keyringPrevious: former });
  expect((await open("example.com", key)).prvs.type).toBe("secret");
});

test("a key that does not unwrap throws without its value, and is tried again", async () => {
  const memory: KeyMemory = new Map();
  const key = await wrappedBy("another".repeat(5));
  await expect(openKeys(memory, SECRETS)("example.com", key)).rejects.toThrow(
    /^Key 3 of example\.com does not unwrap/,
  );
  expect(memory.size).toBe(0);
});
