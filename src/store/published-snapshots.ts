// Snapshots as mail and minting read them: from this isolate's memory, else from KV. Where KV has none, or an older
// one than was seen here, or can't be read, and where a caller asks for certainty, the domain's object is asked: at
// most once per domain and 10 s; in between its last answer decides, and where it gave none, the failure stands.

import { decodeSnapshot, type Snapshot } from "../core/snapshot.ts";
import { StorageUnreachable } from "./unreachable.ts";

/** How long memory holds a snapshot, in milliseconds. */
export const HELD_MS = 15_000;
/** How long an object's answer stands before it may be asked again, in milliseconds. */
export const ASK_EVERY_MS = 10_000;
/** How long KV and the object are each waited for, in milliseconds. */
const ANSWER_WITHIN_MS = 5_000;
/** The least that KV takes, in seconds. */
const KV_CACHE_TTL_S = 30;
/** Domains held; the one that was read longest ago makes room. Strangers can name any number of them. */
const HELD_AT_MOST = 2_000;

/** What one isolate knows of a domain; null is a domain that is not configured. */
interface Held {
  readonly snapshot: Snapshot | null;
  /** What KV has is older where its revision is less. Of a domain that is not configured: when that was said. */
  readonly revision: number;
  /** When it was read, and when the object last spoke; milliseconds since 1970. */
  readonly readAt: number;
  readonly askedAt: number;
}

/** One isolate's memory: shared by all its requests, gone with it. */
export interface SnapshotMemory {
  readonly held: Map<string, Held>;
  /** Questions under way. Whoever asked may be gone and take the answer along, so one counts for a while only. */
  readonly asking: Map<string, { readonly answer: Promise<Snapshot | null>; readonly since: number }>;
  readonly failedAt: Map<string, number>;
}

/** Where snapshots come from: KV's text and the object's, null where there is none. Either may throw. */
export interface SnapshotSources {
  published(key: string, cacheTtlS: number): Promise<string | null>;
  ask(domain: string): Promise<string | null>;
}

export function emptySnapshotMemory(): SnapshotMemory {
  return { held: new Map(), asking: new Map(), failedAt: new Map() };
}

/** The KV key of a domain's snapshot. */
export function snapshotKey(domain: string): string {
  return `domain:${domain}`;
}

export class PublishedSnapshots {
  readonly #memory: SnapshotMemory;
  readonly #sources: SnapshotSources;
  readonly #now: number;

  /** @param now the instant of the request, in milliseconds since 1970 */
  constructor(memory: SnapshotMemory, sources: SnapshotSources, now: number) {
    this.#memory = memory;
    this.#sources = sources;
    this.#now = now;
  }

  /** The domain's snapshot as this location has it; null where the domain is not configured. */
  async read(domain: string): Promise<Snapshot | null> {
    const held = this.#memory.held.get(domain);
    const holdMs = held?.snapshot === null ? ASK_EVERY_MS : HELD_MS;
    if (held !== undefined && this.#now < held.readAt + holdMs) return held.snapshot;
    const published = await this.#readPublished(domain);
    if (published === null || published.revision < (held?.revision ?? 0)) return this.confirm(domain);
    return this.#holdPublished(domain, published).snapshot;
  }

  /** The domain's snapshot, after its object was asked. Throws `StorageUnreachable` where it could not be. */
  async confirm(domain: string): Promise<Snapshot | null> {
    const { held, asking, failedAt } = this.#memory;
    const known = held.get(domain);
    if (known !== undefined && this.#now < known.askedAt + ASK_EVERY_MS) return known.snapshot;
    if (this.#now < (failedAt.get(domain) ?? Number.NEGATIVE_INFINITY) + ASK_EVERY_MS) {
      throw new StorageUnreachable("The domain's object could not be asked a moment ago.");
    }
    const underWay = asking.get(domain);
    if (underWay !== undefined && this.#now < underWay.since + ANSWER_WITHIN_MS) {
      return inTime(underWay.answer);
    }
    const answer = this.#ask(domain).finally(() => asking.delete(domain));
    asking.set(domain, { answer, since: this.#now });
    return answer;
  }

  /** Takes over what the object itself has just said, so that the next request here sees it. */
  adopt(domain: string, snapshot: Snapshot | null): void {
    this.#memory.failedAt.delete(domain);
    this.#holdAnswer(domain, snapshot);
  }

  async #readPublished(domain: string): Promise<Snapshot | null> {
    try {
      const text = await inTime(this.#sources.published(snapshotKey(domain), KV_CACHE_TTL_S));
      return text === null ? null : decodeSnapshot(text);
    } catch {
      // The object knows better than an unreadable KV; where it can't be asked either, that failure is told.
      return null;
    }
  }

  async #ask(domain: string): Promise<Snapshot | null> {
    try {
      const text = await inTime(this.#sources.ask(domain));
      this.#memory.failedAt.delete(domain);
      return this.#holdAnswer(domain, text === null ? null : decodeSnapshot(text)).snapshot;
    } catch (cause) {
      remember(this.#memory.failedAt, domain, this.#now);
      throw new StorageUnreachable("The domain's object could not be asked.", { cause });
    }
  }

  /** Keeps what KV has, unless something newer came while it was read. */
  #holdPublished(domain: string, snapshot: Snapshot): Held {
    const held = this.#memory.held.get(domain);
    if (held !== undefined && held.revision > snapshot.revision) return held;
    const askedAt = held?.askedAt ?? Number.NEGATIVE_INFINITY;
    return this.#hold(domain, { snapshot, revision: snapshot.revision, readAt: this.#now, askedAt });
  }

  /**
   * Keeps what the object said, unless it said something newer while this was on its way. Its revisions are compared
   * with one another only: its clock may be behind this one.
   */
  #holdAnswer(domain: string, snapshot: Snapshot | null): Held {
    const held = this.#memory.held.get(domain);
    const overtaken =
      held?.snapshot && snapshot
        ? held.snapshot.revision > snapshot.revision
        : held !== undefined && held.askedAt > this.#now;
    if (held !== undefined && overtaken) return held;
    const revision = snapshot?.revision ?? Math.max(this.#now, held?.revision ?? 0);
    return this.#hold(domain, { snapshot, revision, readAt: this.#now, askedAt: this.#now });
  }

  #hold(domain: string, held: Held): Held {
    remember(this.#memory.held, domain, held);
    return held;
  }
}

/** The answer, or `StorageUnreachable` where it does not come: another request's answer may never. */
async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const error = new StorageUnreachable("Storage did not answer in time.");
  const timer = setTimeout(() => reject(error), ANSWER_WITHIN_MS);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= HELD_AT_MOST) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
