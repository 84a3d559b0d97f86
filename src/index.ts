// The Worker: wires bindings, secrets and vars to what the handlers ask for. Mail comes in by `email`, the API by `fetch`.

import { createApi } from "./api/app.ts";
import { problem } from "./api/problem.ts";
import { type DerivedKeys, openDeploymentKeys } from "./deployment/keys.ts";
import { writeKeyedLine, writeLine } from "./deployment/log.ts";
import { isWithinRate, type RateBindings } from "./deployment/rate.ts";
import { Misconfigured, readSecrets } from "./deployment/secrets.ts";
import { readVars } from "./deployment/vars.ts";
import { receive } from "./inbound/receive.ts";
import { createPages } from "./pages/pages.tsx";
import {
  type Bindings,
  Domains,
  publishedSnapshots,
  recordMessage,
  type SnapshotMemory,
  tellSightings,
} from "./store/domains.ts";
import { type KeyMemory, openKeys } from "./store/opened-keys.ts";
import { emptyMemory } from "./store/published.ts";
import { type SightingKind, type SightingMemory, takeSighting } from "./store/sightings.ts";
import { type TokenMemory, Tokens } from "./store/tokens.ts";
import { StorageUnreachable } from "./store/unreachable.ts";

export { DirectoryObject } from "./store/directory-object.ts";
export { DomainObject } from "./store/domain-object.ts";

/** This isolate's memory: what makes a warm one judge and mint without reading anything. */
const snapshotMemory: SnapshotMemory = emptyMemory();
const keyMemory: KeyMemory = new Map();
const sightingMemory: SightingMemory = new Map();
const derivedKeys: DerivedKeys = new Map();
const tokenMemory: TokenMemory = emptyMemory();

const { app, document } = createApi();
app.route("/", createPages(document));

export default {
  async fetch(request, env, context) {
    try {
      const secrets = readSecrets(env);
      const shared = await wire(env, context);
      const { maxBatch, corsOrigins } = readVars(env);
      const { tokens: macKeys } = await openDeploymentKeys(derivedKeys, secrets);
      return await app.fetch(request, {
        ...shared,
        maxBatch,
        corsOrigins,
        adminToken: secrets.adminToken,
        tokenMacKeys: macKeys,
        open: openKeys(keyMemory, secrets),
        random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
        domains: new Domains(env, shared.snapshots),
        tokens: new Tokens(env, tokenMemory, macKeys, shared.now),
        isWithinRate: (caller) => isWithinRate(env, caller.id),
        isUnreachable: (error) => error instanceof StorageUnreachable,
      });
    } catch (error) {
      if (error instanceof Misconfigured) return problem("misconfigured", error.message);
      throw error;
    }
  },

  async email(message, env, context) {
    const secrets = readSecrets(env);
    const { hops } = await openDeploymentKeys(derivedKeys, secrets);
    const shared = await wire(env, context);
    const keys = { open: openKeys(keyMemory, secrets), hops };
    const record = (domain: string, entry: { id: string }) => recordMessage(env, domain, entry.id, entry);
    await receive(message, { ...shared, keys, record }, shared.now);
  },
} satisfies ExportedHandler<Bindings & RateBindings>;

/** What both handlers use, at the instant of this request. */
async function wire(env: Bindings, context: ExecutionContext) {
  const now = Date.now();
  const { log: key } = await openDeploymentKeys(derivedKeys, readSecrets(env));
  const { logAddresses } = readVars(env);
  return {
    now,
    snapshots: publishedSnapshots(env, snapshotMemory, now),
    note(kind: SightingKind, original: { domain: string; localPart: string }): void {
      const telling = takeSighting(
        sightingMemory,
        (...told) => tellSightings(env, ...told),
        kind,
        original,
        now,
      );
      if (telling !== null) context.waitUntil(telling);
    },
    log(line: object): void {
      if (logAddresses === "plain") writeLine(line);
      else context.waitUntil(writeKeyedLine(key, line));
    },
  };
}
