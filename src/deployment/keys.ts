// Keys that the deployment derives from its secrets for itself: for the mark on forwarded mail, the MACs of tokens, keyed
// log values, and the sessions of the pages.

import { deriveDeploymentKey } from "../core/signature.ts";
import type { Secrets } from "./secrets.ts";

export interface DeploymentKeys {
  /** The first marks forwarded mail; mail on its way while KEYRING_SECRET was changed bears the other's mark. */
  readonly hops: readonly [CryptoKey, ...CryptoKey[]];
  /** The first makes the MACs of tokens; those made before KEYRING_SECRET was changed bear the other's. */
  readonly tokens: readonly [CryptoKey, ...CryptoKey[]];
  /** Makes pseudonyms of addresses in the log. */
  readonly log: CryptoKey;
  /** Signs the sessions of the pages; under another ADMIN_TOKEN or KEYRING_SECRET it is another. */
  readonly sessions: CryptoKey;
}

/** Derived once in an isolate, for each secret. */
export type DerivedKeys = Map<string, Promise<CryptoKey>>;

/** The keys, derived on first use. */
export async function openDeploymentKeys(derived: DerivedKeys, secrets: Secrets): Promise<DeploymentKeys> {
  const { adminToken, keyring, keyringPrevious } = secrets;
  const both = async (purpose: string): Promise<[CryptoKey, ...CryptoKey[]]> => {
    const current = await derive(derived, keyring, purpose);
    return keyringPrevious === null ? [current] : [current, await derive(derived, keyringPrevious, purpose)];
  };
  const [hops, tokens, log, sessions] = await Promise.all([
    both("hop"),
    both("token"),
    derive(derived, keyring, "log"),
    derive(derived, `${keyring} ${adminToken}`, "session"),
  ]);
  return { hops, tokens, log, sessions };
}

function derive(derived: DerivedKeys, secret: string, purpose: string): Promise<CryptoKey> {
  const name = `${purpose} ${secret}`;
  const key = derived.get(name) ?? deriveDeploymentKey(secret, purpose);
  derived.set(name, key);
  return key;
}
