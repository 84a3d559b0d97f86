// The domains' objects as the API and the snapshots reach them: calls over RPC, each failure `StorageUnreachable`.

import type { Outcome, SettingsChange } from "../core/change.ts";
import type { Route } from "../core/route.ts";
import { decodeSnapshot, type Snapshot } from "../core/snapshot.ts";
import type { Env } from "../env.ts";
import { DIRECTORY_NAME, type DomainsPage } from "./directory-object.ts";
import type { DomainObject, Written } from "./domain-object.ts";
import type { PublishedSnapshots } from "./published-snapshots.ts";
import { reach } from "./unreachable.ts";

/** Asks a domain's object for its snapshot, encoded. Throws what the call throws. */
export async function askDomain(env: Env, domain: string): Promise<string | null> {
  return stub(env, domain).read();
}

export class Domains {
  readonly #env: Env;
  readonly #snapshots: PublishedSnapshots;

  /** @param snapshots what this isolate holds; it takes over each write */
  constructor(env: Env, snapshots: PublishedSnapshots) {
    this.#env = env;
    this.#snapshots = snapshots;
  }

  /** The domain as its object has it; null where it is not configured. */
  async read(domain: string): Promise<Snapshot | null> {
    const text = await reach(() => askDomain(this.#env, domain));
    const snapshot = text === null ? null : decodeSnapshot(text);
    this.#snapshots.adopt(domain, snapshot);
    return snapshot;
  }

  configure(domain: string, change: SettingsChange): Promise<Outcome> {
    return this.#write(domain, (object) => object.configure(domain, change));
  }

  replaceRoutes(domain: string, routes: readonly [string, Route][]): Promise<Outcome> {
    return this.#write(domain, (object) => object.replaceRoutes(routes));
  }

  /** Null removes the route. */
  changeRoute(domain: string, localPart: string, route: Route | null): Promise<Outcome> {
    return this.#write(domain, (object) => object.changeRoute(localPart, route));
  }

  /** Deletes the domain. False where it is not configured. */
  async forget(domain: string): Promise<boolean> {
    const existed = await reach(async () => stub(this.#env, domain).forget());
    this.#snapshots.adopt(domain, null);
    return existed;
  }

  /** At most `limit` domains behind `after`, in alphabetical order. */
  list(after: string, limit: number): Promise<DomainsPage> {
    const { DIRECTORY } = this.#env;
    return reach(async () => DIRECTORY.get(DIRECTORY.idFromName(DIRECTORY_NAME)).list(after, limit));
  }

  async #write(
    domain: string,
    call: (object: DurableObjectStub<DomainObject>) => Promise<Written>,
  ): Promise<Outcome> {
    const written = await reach(() => call(stub(this.#env, domain)));
    if (!("snapshot" in written)) return written;
    const snapshot = decodeSnapshot(written.snapshot);
    this.#snapshots.adopt(domain, snapshot);
    return { ...written, snapshot };
  }
}

function stub(env: Env, domain: string): DurableObjectStub<DomainObject> {
  return env.DOMAINS.get(env.DOMAINS.idFromName(domain));
}
