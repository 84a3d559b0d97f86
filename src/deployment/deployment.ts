// A deployment as its isolate has it: secrets and vars checked, and what is derived from them. The platform hands every
// request the same bindings, so that is done once: at each call it took a tenth of the time of minting, or of judging.

import { digestToken } from "../core/token.ts";
import { type DeploymentKeys, deriveDeploymentKeys } from "./keys.ts";
import { readSecrets, type SecretBindings, type Secrets } from "./secrets.ts";
import { readVars, type VarBindings, type Vars } from "./vars.ts";

export interface Deployment {
  readonly secrets: Secrets;
  readonly vars: Vars;
  readonly keys: DeploymentKeys;
  /** Of ADMIN_TOKEN. */
  readonly adminDigest: string;
}

/** By the bindings that it was read from. */
export type DeploymentMemory = WeakMap<object, Deployment>;

/** Throws `Misconfigured` where a secret or var can't be used. */
export async function readDeployment(
  memory: DeploymentMemory,
  bindings: SecretBindings & VarBindings,
): Promise<Deployment> {
  const known = memory.get(bindings);
  if (known !== undefined) return known;
  const secrets = readSecrets(bindings);
  const vars = readVars(bindings);
  const keys = await deriveDeploymentKeys(secrets);
  const deployment = { secrets, vars, keys, adminDigest: await digestToken(secrets.adminToken) };
  memory.set(bindings, deployment);
  return deployment;
}
