// Keys that the deployment derives from KEYRING_SECRET for itself: the mark on forwarded mail, and keyed log values.

import { deriveDeploymentKey } from "../core/signature.ts";
import type { Secrets } from "./secrets.ts";

export interface DeploymentKeys {
  /** The first marks forwarded mail; mail on its way while KEYRING_SECRET was changed bears the other's mark. */
  readonly hops: readonly [CryptoKey, ...CryptoKey[]];
  /** Makes pseudonyms of addresses in the log. */
  readonly log: CryptoKey;
}

/** Derived once in an isolate, for each secret. */
export type DerivedKeys = Map<string, Promise<CryptoKey>>;

/** The keys, derived on first use. */
export async function openDeploymentKeys(derived: DerivedKeys, secrets: Secrets): Promise<DeploymentKeys> {
  const [hop, log, ...previous] = await Promise.all([
    derive(derived, secrets.keyring, "hop"),
    derive(derived, secrets.keyring, "log"),
    ...(secrets.keyringPrevious === null ? [] : [derive(derived, secrets.keyringPrevious, "hop")]),
  ]);
  return { hops: [hop, ...previous], log };
}

function derive(derived: DerivedKeys, secret: string, purpose: string): Promise<CryptoKey> {
  const name = `${purpose} ${secret}`;
  const key = derived.get(name) ?? deriveDeploymentKey(secret, purpose);
  derived.set(name, key);
  return key;
}
