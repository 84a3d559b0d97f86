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
    const { SNAPSHOTS } = this.#bindings;
    const key = snapshotKey(trace.domain);
    const snapshot = this.#storage.load();
    // Neither waits for the other: one that does not answer is no reason to keep it from the other.
    const [published, listed] = await Promise.allSettled([
      snapshot === null ? SNAPSHOTS.delete(key) : SNAPSHOTS.put(key, encodeSnapshot(snapshot)),
      this.list(),
    ]);
    if (published.status === "fulfilled") this.#publishedAt = Date.now();
    for (const told of [published, listed]) if (told.status === "rejected") throw told.reason;
    if (snapshot !== null) this.#storage.published = trace.revision;
    return { gone: snapshot === null };
  }

  /** Brings the list of domains up to date. Throws where it does not take it. */
  async list(): Promise<void> {
    const trace = this.#storage.trace();
    if (trace === null) return;
    const { DIRECTORY } = this.#bindings;
    const directory = DIRECTORY.get(DIRECTORY.idFromName(DIRECTORY_NAME));
    await (trace.deleted ? directory.remove(trace.domain) : directory.add(trace.domain));
  }
}
