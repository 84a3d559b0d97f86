// What the domain's object has decided, on its way to those who read: its snapshot to KV, its name to the list of domains.

import { encodeSnapshot } from "../core/snapshot.ts";
import { DIRECTORY_NAME, type DirectoryObject } from "./directory-object.ts";
import type { DomainStorage } from "./domain-storage.ts";

/** Where it is published. */
export interface PublicationBindings {
  readonly SNAPSHOTS: KVNamespace;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
}

/** The KV key of a domain's snapshot. */
export function snapshotKey(domain: string): string {
  return `domain:${domain}`;
}

/** KV takes one write a second for each key. */
export const PUBLISH_EVERY_MS = 1_000;

export class Publication {
  readonly #bindings: PublicationBindings;
  readonly #storage: DomainStorage;
  #publishedAt = Number.NEGATIVE_INFINITY;

  constructor(bindings: PublicationBindings, storage: DomainStorage) {
    this.#bindings = bindings;
    this.#storage = storage;
  }

  /** When KV takes the next write, in milliseconds since 1970. */
  get nextAt(): number {
    return this.#publishedAt + PUBLISH_EVERY_MS;
  }

  /**
   * Brings KV and the list of domains up to date with what is stored. Throws where either does not take it.
   * @returns whether the domain is deleted, and all have been told: nothing need be stored of it any more
   */
  async publish(): Promise<{ readonly gone: boolean }> {
    const trace = this.#storage.trace();
    if (trace === null || trace.revision === this.#storage.published) return { gone: false };
    const { SNAPSHOTS, DIRECTORY } = this.#bindings;
    const directory = DIRECTORY.get(DIRECTORY.idFromName(DIRECTORY_NAME));
    const snapshot = this.#storage.load();
    if (snapshot === null) {
      await SNAPSHOTS.delete(snapshotKey(trace.domain));
      await directory.remove(trace.domain);
    } else {
      await SNAPSHOTS.put(snapshotKey(trace.domain), encodeSnapshot(snapshot));
      await directory.add(trace.domain);
      this.#storage.published = trace.revision;
    }
    this.#publishedAt = Date.now();
    return { gone: snapshot === null };
  }
}
