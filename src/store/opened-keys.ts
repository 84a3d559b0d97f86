// Keys as signing and validating use them: unwrapped and imported once in an isolate, then from its memory.

import type { Key, OpenKey } from "../core/keyring.ts";
import { openSlot, type Slot } from "../core/signature.ts";
import { importWrappingKey, type Place, unwrapSecret } from "../core/wrapping.ts";
import type { Secrets } from "../deployment/secrets.ts";

/** By wrapped form, which no two keys share: its nonce is random and its place is sealed in. */
export type KeyMemory = Map<string, Slot>;

/** Slots held; the one opened longest ago makes room. */
const HELD_AT_MOST = 20_000;

/** Opens keys with the deployment's secrets. What is returned throws where a key does not unwrap. */
export function openKeys(memory: KeyMemory, secrets: Secrets): OpenKey {
  return async (domain, key) => {
    const held = memory.get(key.wrapped);
    if (held !== undefined) return held;
    const slot = await open(domain, key, secrets);
    memory.set(key.wrapped, slot);
    if (memory.size > HELD_AT_MOST) {
      const oldest = memory.keys().next();
      if (!oldest.done) memory.delete(oldest.value);
    }
    return slot;
  };
}

/** The keys that unwrap, the one that also wraps first. */
export async function importWrappingKeys(secrets: Secrets): Promise<[CryptoKey, ...CryptoKey[]]> {
  const current = await importWrappingKey(secrets.keyring);
  return secrets.keyringPrevious === null
    ? [current]
    : [current, await importWrappingKey(secrets.keyringPrevious)];
}

/** A secret as it was before it was wrapped. Throws where it does not unwrap. */
export async function unwrap(secrets: Secrets, place: Place, wrapped: string): Promise<string> {
  return unwrapSecret(await importWrappingKeys(secrets), place, wrapped);
}

async function open(domain: string, key: Key, secrets: Secrets): Promise<Slot> {
  return openSlot(await unwrap(secrets, { domain, slot: key.number }, key.wrapped), domain);
}
