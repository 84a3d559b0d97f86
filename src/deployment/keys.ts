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

/** The keys of a deployment. */
export async function deriveDeploymentKeys({
  adminToken,
  keyring,
  keyringPrevious,
}: Secrets): Promise<DeploymentKeys> {
  const both = async (purpose: string): Promise<[CryptoKey, ...CryptoKey[]]> => {
    const current = await deriveDeploymentKey(keyring, purpose);
    return keyringPrevious === null
      ? [current]
      : [current, await deriveDeploymentKey(keyringPrevious, purpose)];
  };
  const [hops, tokens, log, sessions] = await Promise.all([
    both("hop"),
    both("token"),
    deriveDeploymentKey(keyring, "log"),
    deriveDeploymentKey(`${keyring} ${adminToken}`, "session"),
  ]);
  return { hops, tokens, log, sessions };
}
