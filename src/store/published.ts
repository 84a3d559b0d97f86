// What an object has published, as those read it who only read: from this isolate's memory, else from KV. Where KV has
// none, or an older one than was seen here, or can't be read, and where a caller asks for certainty, the object is asked:
// at most once per name and 10 s; in between its last answer decides, and where it gave none, the failure stands.

import { answerWithin, StorageUnreachable } from "./unreachable.ts";

/** How long memory holds what was published, in milliseconds. */
export const HELD_MS = 15_000;
/** How long an object's answer stands before it may be asked again, in milliseconds. */
export const ASK_EVERY_MS = 10_000;
/** How long KV and the object are each waited for, in milliseconds. */
const ANSWER_WITHIN_MS = 5_000;
/** The least that KV takes, in seconds. */
const KV_CACHE_TTL_S = 30;
/** Names held; the one that was read longest ago makes room. Strangers can ask for any number of domains. */
const HELD_AT_MOST = 2_000;

/** What is published by its name, of which there is a newer one with each write. */
export interface Revised {
  /** Grows with every write. */
  readonly revision: number;
}

/** What one isolate knows of a name; a value of null is one that its object does not have. */
interface Held<Value> {
  readonly value: Value | null;
  /** What KV has is older where its revision is less. Of a name without a value: when that was said. */
  readonly revision: number;
  /** When it was read, and when the object last spoke; milliseconds since 1970. */
  readonly readAt: number;
  readonly askedAt: number;
}

/** One isolate's memory: shared by all its requests, gone with it. */
export interface PublishedMemory<Value> {
  readonly held: Map<string, Held<Value>>;
  /** Questions under way. Whoever asked may be gone and take the answer along, so one counts for a while only. */
  readonly asking: Map<string, { readonly answer: Promise<Value | null>; readonly since: number }>;
  readonly failedAt: Map<string, number>;
}

/** Where values come from: KV's text and the object's, null where there is none. Each may throw. */
export interface Sources<Value> {
  published(name: string, cacheTtlS: number): Promise<string | null>;
  ask(name: string): Promise<string | null>;
  decode(text: string): Value;
}

export function emptyMemory<Value>(): PublishedMemory<Value> {
  return { held: new Map(), asking: new Map(), failedAt: new Map() };
}

export class Published<Value extends Revised> {
  readonly #memory: PublishedMemory<Value>;
  readonly #sources: Sources<Value>;
  readonly #now: number;

  /** @param now the instant of the request, in milliseconds since 1970 */
  constructor(memory: PublishedMemory<Value>, sources: Sources<Value>, now: number) {
    this.#memory = memory;
    this.#sources = sources;
    this.#now = now;
  }

  /** The value as this location has it; null where the object has none. */
  async read(name: string): Promise<Value | null> {
    const held = this.#memory.held.get(name);
    const holdMs = held?.value === null ? ASK_EVERY_MS : HELD_MS;
    if (held !== undefined && this.#now < held.readAt + holdMs) return held.value;
    const published = await this.#readPublished(name);
    if (published === null || published.revision < (held?.revision ?? 0)) return this.confirm(name);
    return this.#holdPublished(name, published).value;
  }

  /** The value, after its object was asked. Throws `StorageUnreachable` where it could not be. */
  async confirm(name: string): Promise<Value | null> {
    const { held, asking, failedAt } = this.#memory;
    const known = held.get(name);
    if (known !== undefined && this.#now < known.askedAt + ASK_EVERY_MS) return known.value;
    if (this.#now < (failedAt.get(name) ?? Number.NEGATIVE_INFINITY) + ASK_EVERY_MS) {
      throw new StorageUnreachable("Its object could not be asked a moment ago.");
    }
    const underWay = asking.get(name);
    if (underWay !== undefined && this.#now < underWay.since + ANSWER_WITHIN_MS) {
      return answerWithin(ANSWER_WITHIN_MS, underWay.answer);
    }
    const answer = this.#ask(name).finally(() => asking.delete(name));
    asking.set(name, { answer, since: this.#now });
    return answer;
  }

  /** Takes over what the object itself has just said, so that the next request here sees it. */
  adopt(name: string, value: Value | null): void {
    this.#memory.failedAt.delete(name);
    this.#holdAnswer(name, value);
  }

  async #readPublished(name: string): Promise<Value | null> {
    try {
      const text = await answerWithin(ANSWER_WITHIN_MS, this.#sources.published(name, KV_CACHE_TTL_S));
      return text === null ? null : this.#sources.decode(text);
    } catch {
      // The object knows better than an unreadable KV; where it can't be asked either, that failure is told.
      return null;
    }
  }

  async #ask(name: string): Promise<Value | null> {
    try {
      const text = await answerWithin(ANSWER_WITHIN_MS, this.#sources.ask(name));
      this.#memory.failedAt.delete(name);
      return this.#holdAnswer(name, text === null ? null : this.#sources.decode(text)).value;
    } catch (cause) {
      remember(this.#memory.failedAt, name, this.#now);
      throw new StorageUnreachable("Its object could not be asked.", { cause });
    }
  }

  /** Keeps what KV has, unless something newer came while it was read. */
  #holdPublished(name: string, value: Value): Held<Value> {
    const held = this.#memory.held.get(name);
    if (held !== undefined && held.revision > value.revision) return held;
    const askedAt = held?.askedAt ?? Number.NEGATIVE_INFINITY;
    return this.#hold(name, { value, revision: value.revision, readAt: this.#now, askedAt });
  }

  /**
   * Keeps what the object said, unless it said something newer while this was on its way. Its revisions are compared
   * with one another only: its clock may be behind this one.
   */
  #holdAnswer(name: string, value: Value | null): Held<Value> {
    const held = this.#memory.held.get(name);
    const overtaken =
      held?.value && value
        ? held.value.revision > value.revision
        : held !== undefined && held.askedAt > this.#now;
    if (held !== undefined && overtaken) return held;
    const revision = value?.revision ?? Math.max(this.#now, held?.revision ?? 0);
    return this.#hold(name, { value, revision, readAt: this.#now, askedAt: this.#now });
  }

  #hold(name: string, held: Held<Value>): Held<Value> {
    remember(this.#memory.held, name, held);
    return held;
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= HELD_AT_MOST) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
