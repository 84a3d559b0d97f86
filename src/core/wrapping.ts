// Secrets at rest, signing keys and the webhook's: AES-256-GCM under a key derived from KEYRING_SECRET, with domain and
// slot as additional data, so that what is moved to another slot or domain does not unwrap. No I/O, no clock.

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** Octets of AES-GCM's nonce (NIST SP 800-38D, 8.2). */
export const NONCE_OCTETS = 12;

/** Where a wrapped secret belongs: the slot of a key, or the webhook. */
export interface Place {
  readonly domain: string;
  readonly slot: number | "webhook";
}

/** Derives the wrapping key (HKDF-SHA-256, RFC 5869) from the secret's octets. */
export async function importWrappingKey(secret: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", UTF8.encode(secret), "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: UTF8.encode("countersign wrapping") },
    base,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}

/**
 * Wraps a slot's secret. The nonce must never have been used with this wrapping key.
 * @returns base64 of the nonce and the ciphertext
 */
export async function wrapSecret(
  wrapping: CryptoKey,
  place: Place,
  secret: string,
  nonce: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const sealed = await crypto.subtle.encrypt(parameters(place, nonce), wrapping, UTF8.encode(secret));
  return base64(nonce) + base64(new Uint8Array(sealed));
}

/** Unwraps a slot's secret with the first of these keys that fits. Throws where none does. */
export async function unwrapSecret(
  wrappings: readonly CryptoKey[],
  place: Place,
  wrapped: string,
): Promise<string> {
  const octets = Uint8Array.from(atob(wrapped), (octet) => octet.charCodeAt(0));
  const nonce = octets.slice(0, NONCE_OCTETS);
  for (const wrapping of wrappings) {
    try {
      const secret = await crypto.subtle.decrypt(
        parameters(place, nonce),
        wrapping,
        octets.slice(NONCE_OCTETS),
      );
      return TEXT.decode(secret);
    } catch {
      // Another secret wrapped it, or it was moved: the next one decides.
    }
  }
  const what = place.slot === "webhook" ? "The webhook's secret" : `Key ${place.slot}`;
  throw new Error(`${what} of ${place.domain} does not unwrap: KEYRING_SECRET is not what wrapped it.`);
}

function parameters(place: Place, nonce: Uint8Array<ArrayBuffer>) {
  const additionalData = UTF8.encode(`${place.domain}\0${place.slot}`);
  return { name: "AES-GCM", iv: nonce, additionalData };
}

// The nonce is a multiple of 3 octets, so its base64 has no padding and the two join to one.
function base64(octets: Uint8Array): string {
  return btoa(String.fromCharCode(...octets));
}
