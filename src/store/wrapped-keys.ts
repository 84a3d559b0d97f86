// The keyring as storage holds it: secrets made or brought along, wrapped under KEYRING_SECRET, wrapped anew when that
// changes, and the ring tended when its time comes. Nothing here writes.

import type { Key } from "../core/keyring.ts";
import {
  bringKey,
  bringKeys,
  firstKey,
  type ImportedKey,
  isWeak,
  type KeysChange,
  type KeysRefusal,
  nextNumber,
  releaseDueAt,
  rotate,
  rotationDueAt,
} from "../core/rotation.ts";
import { revise, type Snapshot } from "../core/snapshot.ts";
import { NONCE_OCTETS, type Place, unwrapSecret, wrapSecret } from "../core/wrapping.ts";
import type { Secrets } from "../deployment/secrets.ts";
import { importWrappingKeys } from "./opened-keys.ts";

/** Octets of a signing key that we make; they are stored as base64url text. */
const SECRET_OCTETS = 32;

/** A domain's first keys: those brought along, or one of its own. */
export async function makeFirstKeys(
  secrets: Secrets,
  domain: string,
  imported: readonly ImportedKey[] | null,
  now: number,
): Promise<readonly Key[]> {
  if (imported === null) return [firstKey(await wrap(secrets, { domain, slot: 0 }, makeSecret()), now)];
  const wrapped = imported.map(async ({ number, secret }) => ({
    number,
    wrapped: await wrap(secrets, { domain, slot: number }, secret),
    weak: isWeak(secret),
  }));
  return bringKeys(await Promise.all(wrapped), now);
}

/** The ring with a new key of the domain's own. */
export async function addOwnKey(
  secrets: Secrets,
  { domain, keys }: Snapshot,
  now: number,
): Promise<KeysChange | KeysRefusal> {
  const next = nextNumber(keys);
  if (next.kind !== "number") return next;
  const { number } = next;
  return rotate(keys, { number, wrapped: await wrap(secrets, { domain, slot: number }, makeSecret()) }, now);
}

/** The ring with a key brought along. */
export async function addImportedKey(
  secrets: Secrets,
  { domain, keys }: Snapshot,
  { number, secret }: ImportedKey,
  sign: boolean,
  now: number,
): Promise<KeysChange | KeysRefusal> {
  const wrapped = await wrap(secrets, { domain, slot: number }, secret);
  return bringKey(keys, { number, wrapped, weak: isWeak(secret), sign }, now);
}

/** The snapshot after what time asks for: rotated where that is due, without keys whose numbers are free. Null: nothing. */
export async function tendKeys(secrets: Secrets, former: Snapshot, now: number): Promise<Snapshot | null> {
  const { keys, settings } = former;
  const rotates = isDue(rotationDueAt(keys, settings.rotateDays, now), now);
  if (!rotates && !isDue(releaseDueAt(keys), now)) return null;
  const tended = revise(await rewrap(secrets, former), {}, now);
  const added = rotates ? await addOwnKey(secrets, tended, now) : null;
  return added?.kind === "keys" ? revise(tended, { keys: added.keys }, now) : tended;
}

/** The snapshot with its keys, those under the previous KEYRING_SECRET wrapped anew under the current one. */
export async function rewrap(secrets: Secrets, snapshot: Snapshot): Promise<Snapshot> {
  const wrappings = await importWrappingKeys(secrets);
  if (wrappings.length === 1) return snapshot;
  const keys = snapshot.keys.map(async (key) => {
    if (key.wrapped === "") return key;
    const place = { domain: snapshot.domain, slot: key.number };
    return { ...key, wrapped: await wrap(secrets, place, await unwrapSecret(wrappings, place, key.wrapped)) };
  });
  return { ...snapshot, keys: await Promise.all(keys) };
}

/** Wraps a secret for its place under the current KEYRING_SECRET. */
export async function wrap(secrets: Secrets, place: Place, secret: string): Promise<string> {
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

function isDue(at: number | null, now: number): boolean {
  return at !== null && at <= now;
}
