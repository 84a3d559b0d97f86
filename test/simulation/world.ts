// A world to try staleness in: two locations with isolates of their own, a KV that lags behind for each of them, and a
// domain's object that can be out of reach. All that mints, judges and decides is the real thing; only what carries
// snapshots between them is made here, and time, which is a number. Everything follows from a seed.

import { changeRoute, changeSettings, type SettingsChange } from "../../src/core/change.ts";
import type { Key } from "../../src/core/keyring.ts";
import { splitPath } from "../../src/core/mailbox.ts";
import { MESSAGE_ID_NONCE_OCTETS, readMessageIds } from "../../src/core/message-id.ts";
import { findSigner, mint } from "../../src/core/mint.ts";
import type { Disposition } from "../../src/core/policy.ts";
import { retire, tendingDueAt } from "../../src/core/rotation.ts";
import type { Route } from "../../src/core/route.ts";
import {
  createSnapshot,
  decodeSnapshot,
  encodeSnapshot,
  revise,
  type Snapshot,
} from "../../src/core/snapshot.ts";
import type { Entry } from "../../src/inbound/entry.ts";
import { receive } from "../../src/inbound/receive.ts";
import { type KeyMemory, openKeys } from "../../src/store/opened-keys.ts";
import { emptyMemory, Published, type PublishedMemory } from "../../src/store/published.ts";
import { addImportedKey, addOwnKey, makeFirstKeys, tendKeys } from "../../src/store/wrapped-keys.ts";
import { JUDGING, orderOf } from "../core/fixtures.ts";
import { Random } from "../random.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

const SECRETS = { adminToken: "a".repeat(32), keyring: "k".repeat(32), keyringPrevious: null };
const LOCATIONS = [0, 1] as const;
const ISOLATES_EACH = 2;
/** What a location has read of a key, a miss too, it goes on reading for up to this long. */
const CACHED_MS = 60 * SECOND;
/** How long a write takes to reach a location, and how long it takes at the worst; one in so many is that late. */
const ARRIVES_WITHIN_MS = 60 * SECOND;
export const LATE_WITHIN_MS = 10 * MINUTE;
const ONE_LATE_IN = 20;

/** One isolate of a location: what it remembers is gone when it is restarted. */
export interface Isolate {
  readonly location: 0 | 1;
  snapshots: PublishedMemory<Snapshot>;
  keys: KeyMemory;
}

export interface Delivered {
  readonly outcome: "accepted" | "refused" | "deferred";
  readonly disposition: Disposition;
  readonly evidence: string | null;
  readonly status: string | null;
}

export interface MintedMail {
  readonly domain: string;
  readonly address: string;
  readonly reversePath: string;
  readonly messageId: string;
  readonly key: number;
  /** When that key was made: another one may have had its number before. */
  readonly keyCreated: number;
  /** The first instant at which the reverse-path, and the Message-ID, are no longer valid. */
  readonly expires: number;
  readonly messageIdExpires: number;
}

interface Write {
  readonly value: string | null;
  readonly visibleAt: readonly [number, number];
}

/** KV as two locations see it. */
class LaggingKv {
  readonly #random: Random;
  readonly #writes = new Map<string, Write[]>();
  readonly #cached = new Map<string, { readonly value: string | null; readonly until: number }>();

  constructor(random: Random) {
    this.#random = random;
  }

  write(key: string, value: string | null, now: number): void {
    const delay = () =>
      this.#random.below(this.#random.below(ONE_LATE_IN) === 0 ? LATE_WITHIN_MS : ARRIVES_WITHIN_MS);
    const writes = this.#writes.get(key) ?? [];
    writes.push({ value, visibleAt: [now + delay(), now + delay()] });
    this.#writes.set(key, writes);
  }

  read(location: 0 | 1, key: string, now: number): string | null {
    const name = `${location} ${key}`;
    const cached = this.#cached.get(name);
    if (cached !== undefined && now < cached.until) return cached.value;
    const latest = this.#writes.get(key)?.findLast((write) => write.visibleAt[location] <= now);
    const value = latest?.value ?? null;
    this.#cached.set(name, { value, until: now + this.#random.below(CACHED_MS) });
    return value;
  }
}

/** A domain's object: what the real one does to its snapshot, without its storage. */
class DomainObject {
  snapshot: Snapshot | null = null;
  #revision = 0;
  readonly #publish: (domain: string, text: string | null) => void;
  readonly #domain: string;

  constructor(domain: string, publish: (domain: string, text: string | null) => void) {
    this.#domain = domain;
    this.#publish = publish;
  }

  async configure(change: SettingsChange, now: number): Promise<void> {
    const changed = changeSettings(this.snapshot, change, () => []);
    if (changed.kind !== "settings") return;
    const { settings } = changed;
    if (this.snapshot !== null) return this.#save(revise(this.snapshot, { settings }, now));
    const keys = await makeFirstKeys(SECRETS, this.#domain, change.keys, now);
    this.#save(createSnapshot(this.#domain, settings, keys, now, this.#revision));
  }

  route(localPart: string, route: Route | null, now: number): void {
    if (this.snapshot === null) return;
    const changed = changeRoute(this.snapshot.routes, localPart, route);
    if (changed.kind === "routes") this.#save(revise(this.snapshot, { routes: changed.routes }, now));
  }

  async rotate(now: number): Promise<void> {
    if (this.snapshot === null) return;
    const changed = await addOwnKey(SECRETS, revise(this.snapshot, {}, now), now);
    if (changed.kind === "keys") this.#save(revise(this.snapshot, { keys: changed.keys }, now));
  }

  /** Whether it took the key. */
  async bring(number: number, secret: string, sign: boolean, now: number): Promise<boolean> {
    if (this.snapshot === null) return false;
    const changed = await addImportedKey(
      SECRETS,
      revise(this.snapshot, {}, now),
      { number, secret },
      sign,
      now,
    );
    if (changed.kind === "keys") this.#save(revise(this.snapshot, { keys: changed.keys }, now));
    return changed.kind === "keys";
  }

  retire(number: number, now: number): boolean {
    if (this.snapshot === null) return false;
    const { keys, lifetimes, messageIdLifetimes } = revise(this.snapshot, {}, now);
    const changed = retire(keys, number, [...lifetimes, ...messageIdLifetimes], now);
    if (changed.kind === "keys") this.#save(revise(this.snapshot, { keys: changed.keys }, now));
    return changed.kind === "keys";
  }

  forget(): void {
    this.snapshot = null;
    this.#publish(this.#domain, null);
  }

  dueAt(now: number): number | null {
    if (this.snapshot === null) return null;
    return tendingDueAt(this.snapshot.keys, this.snapshot.settings.rotateDays, now);
  }

  async alarm(now: number): Promise<void> {
    const tended = this.snapshot && (await tendKeys(SECRETS, this.snapshot, now));
    if (tended !== null) this.#save(tended);
  }

  #save(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.#revision = snapshot.revision;
    this.#publish(this.#domain, encodeSnapshot(snapshot));
  }
}

export class World {
  now: number;
  readonly random: Random;
  readonly isolates: readonly Isolate[];
  /** Until when the objects, and KV, can't be reached. */
  objectsBackAt = 0;
  kvBackAt = 0;
  /** Destinations that refuse for good. */
  readonly goneInboxes = new Set<string>();
  readonly #kv: LaggingKv;
  readonly #objects = new Map<string, DomainObject>();
  readonly #queue: { readonly at: number; readonly run: () => Promise<void> | void }[] = [];
  #serial = 0;

  constructor(seed: number, now: number) {
    this.now = now;
    this.random = new Random(seed);
    this.#kv = new LaggingKv(this.random);
    this.isolates = LOCATIONS.flatMap((location) =>
      Array.from({ length: ISOLATES_EACH }, () => ({
        location,
        snapshots: emptyMemory(),
        keys: new Map() as KeyMemory,
      })),
    );
  }

  /** Plans something for an instant; what is planned for the past runs at once. */
  at(at: number, run: () => Promise<void> | void): void {
    // Latest first, and of equals the one planned first last: it is taken from the end.
    let [from, to] = [0, this.#queue.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#queue[middle]?.at ?? 0) > at) from = middle + 1;
      else to = middle;
    }
    this.#queue.splice(from, 0, { at, run });
  }

  /** Lets everything that is planned happen, in its order. */
  async run(): Promise<void> {
    for (let next = this.#queue.pop(); next !== undefined; next = this.#queue.pop()) {
      this.now = Math.max(this.now, next.at);
      await next.run();
    }
  }

  restart(isolate: Isolate): void {
    isolate.snapshots = emptyMemory();
    isolate.keys = new Map();
  }

  object(domain: string): DomainObject {
    const object =
      this.#objects.get(domain) ??
      new DomainObject(domain, (name, text) => this.#kv.write(name, text, this.now));
    this.#objects.set(domain, object);
    return object;
  }

  keysOf(domain: string): readonly Key[] {
    return this.object(domain).snapshot?.keys ?? [];
  }

  /** A write by the API in one isolate, which sees it at once. Nothing happens while the objects are out of reach. */
  async write(
    isolate: Isolate,
    domain: string,
    change: (object: DomainObject) => Promise<unknown> | unknown,
  ): Promise<void> {
    if (this.now < this.objectsBackAt) return;
    const object = this.object(domain);
    await change(object);
    this.#snapshots(isolate).adopt(domain, object.snapshot);
  }

  /** Mints in one isolate as the API does; null where it answers a failure. */
  async mint(isolate: Isolate, address: string, ref: string | null): Promise<MintedMail | null> {
    const mailbox = splitPath(address) ?? { localPart: "", domain: "" };
    const { domain } = mailbox;
    const snapshot = await this.#snapshots(isolate)
      .read(domain)
      .catch(() => null);
    if (snapshot === null) return null;
    const nonce = new Uint8Array(MESSAGE_ID_NONCE_OCTETS);
    new DataView(nonce.buffer).setUint32(0, ++this.#serial);
    const signer = await findSigner(snapshot, openKeys(isolate.keys, SECRETS), this.now);
    const finding = await mint(orderOf(mailbox, { ref }), signer, { to: mailbox, signer, nonce });
    if (finding.kind !== "minted") return null;
    const { reversePath, key, expires, messageId } = finding.minted;
    const [read] = readMessageIds(messageId, null);
    const messageIdExpires = ((read?.expiryDay ?? 0) + 1) * 86_400_000;
    const keyCreated = snapshot.keys.find(({ number }) => number === key)?.created ?? 0;
    return {
      ...{ domain, address, reversePath, messageId: messageId ?? "", key, keyCreated },
      ...{ expires, messageIdExpires },
    };
  }

  /** Hands a message to the email handler in one isolate. */
  async deliver(
    isolate: Isolate,
    envelope: { readonly from: string; readonly to: string },
    headers: Record<string, string> = {},
  ): Promise<Delivered> {
    const entries: Entry[] = [];
    let outcome: Delivered["outcome"] | null = null;
    const message = {
      ...envelope,
      headers: new Headers({ "message-id": `<${++this.#serial}@example.net>`, ...headers }),
      rawSize: 1_000,
      raw: new Blob([]).stream(),
      setReject: () => {
        outcome = "refused";
      },
      forward: async (to: string) => {
        if (this.goneInboxes.has(to))
          throw new Error("could not send email: Unknown error: permanent error (5xx)");
        outcome = "accepted";
      },
    };
    const receiving = {
      snapshots: this.#snapshots(isolate),
      keys: { ...JUDGING, open: openKeys(isolate.keys, SECRETS) },
      admit: async () => true,
      record: async () => {
        outcome = "accepted";
      },
      later: () => undefined,
      count: () => undefined,
      note: () => undefined,
      log: (entry: Entry) => entries.push(entry),
    };
    await receive(message, receiving, this.now).catch(() => {
      outcome = "deferred";
    });
    const [entry] = entries;
    if (entry === undefined || outcome === null) throw new Error("A message ended in no way at all.");
    const { disposition, evidence, status } = entry;
    return { outcome, disposition, evidence, status };
  }

  #snapshots(isolate: Isolate): Published<Snapshot> {
    const sources = {
      published: async (domain: string) => {
        if (this.now < this.kvBackAt) throw new Error("KV GET failed: 500 Internal Server Error");
        return this.#kv.read(isolate.location, domain, this.now);
      },
      ask: async (domain: string) => {
        if (this.now < this.objectsBackAt) throw new Error("Network connection lost.");
        const { snapshot } = this.object(domain);
        return snapshot === null ? null : encodeSnapshot(snapshot);
      },
      decode: decodeSnapshot,
    };
    return new Published(isolate.snapshots, sources, this.now);
  }
}
