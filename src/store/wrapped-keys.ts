// Keys as storage holds them: made or brought along, wrapped under KEYRING_SECRET, wrapped anew when that changes.

import type { ImportedKey } from "../core/keyring.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { NONCE_OCTETS, type Place, unwrapSecret, wrapSecret } from "../core/wrapping.ts";
import type { Secrets } from "../secrets.ts";
import { importWrappingKeys } from "./opened-keys.ts";

/** Octets of a signing key that we make; they are stored as base64url text. */
const SECRET_OCTETS = 32;

/** A new random secret, wrapped for its place. */
export function makeWrapped(secrets: Secrets, place: Place): Promise<string> {
  return wrap(secrets, place, makeSecret());
}

/** A secret brought along, wrapped for its place. */
export function wrapImported(secrets: Secrets, domain: string, key: ImportedKey): Promise<string> {
  return wrap(secrets, { domain, number: key.number }, key.secret);
}

/** The domain's keys, those under the previous KEYRING_SECRET wrapped anew under the current one. */
export async function rewrap(secrets: Secrets, snapshot: Snapshot): Promise<Snapshot> {
  const wrappings = await importWrappingKeys(secrets);
  if (wrappings.length === 1) return snapshot;
  const keys = snapshot.keys.map(async (key) => {
    const place = { domain: snapshot.domain, number: key.number };
    const secret = await unwrapSecret(wrappings, place, key.wrapped);
    return { ...key, wrapped: await wrap(secrets, place, secret) };
  });
  return { ...snapshot, keys: await Promise.all(keys) };
}

async function wrap(secrets: Secrets, place: Place, secret: string): Promise<string> {
  const [wrapping] = await importWrappingKeys(secrets);
  return wrapSecret(wrapping, place, secret, crypto.getRandomValues(new Uint8Array(NONCE_OCTETS)));
}

function makeSecret(): string {
  const octets = crypto.getRandomValues(new Uint8Array(SECRET_OCTETS));
  return btoa(String.fromCharCode(...octets))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
