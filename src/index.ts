// The Worker: wires bindings and secrets to what the handlers ask for. Mail comes in by `email`, the API by `fetch`.

import { createApi } from "./api/app.ts";
import { problem } from "./api/problem.ts";
import { type Entry, receive } from "./inbound/receive.ts";
import { Misconfigured, readSecrets } from "./secrets.ts";
import { askDomain, type Bindings, Domains } from "./store/domains.ts";
import { type KeyMemory, openKeys } from "./store/opened-keys.ts";
import { emptySnapshotMemory, PublishedSnapshots } from "./store/published-snapshots.ts";
import { StorageUnreachable } from "./store/unreachable.ts";

export { DirectoryObject } from "./store/directory-object.ts";
export { DomainObject } from "./store/domain-object.ts";

/** This isolate's memory: what makes a warm one judge and mint without reading anything. */
const snapshotMemory = emptySnapshotMemory();
const keyMemory: KeyMemory = new Map();

const api = createApi((error) => error instanceof StorageUnreachable);

export default {
  async fetch(request, env) {
    try {
      const secrets = readSecrets(env);
      const now = Date.now();
      const snapshots = readSnapshots(env, now);
      return await api.fetch(request, {
        now,
        adminToken: secrets.adminToken,
        open: openKeys(keyMemory, secrets),
        random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
        snapshots,
        domains: new Domains(env, snapshots),
      });
    } catch (error) {
      if (error instanceof Misconfigured) return problem("misconfigured", error.message);
      throw error;
    }
  },

  async email(message, env) {
    const now = Date.now();
    const open = openKeys(keyMemory, readSecrets(env));
    const receiving = { snapshots: readSnapshots(env, now), open, record, log };
    await receive(message, receiving, now);
  },
} satisfies ExportedHandler<Bindings>;

function readSnapshots(env: Bindings, now: number): PublishedSnapshots {
  const sources = {
    published: (key: string, cacheTtlS: number) =>
      env.SNAPSHOTS.get(key, { type: "text", cacheTtl: cacheTtlS }),
    ask: (domain: string) => askDomain(env, domain),
  };
  return new PublishedSnapshots(snapshotMemory, sources, now);
}

/** What was consumed is kept as its log line, which is written in any case. */
async function record(_entry: Entry): Promise<void> {}

function log(entry: Entry): void {
  console.log(JSON.stringify(entry));
}
