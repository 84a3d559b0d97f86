// The domains' objects as the API and the snapshots reach them: calls over RPC, each failure `StorageUnreachable`.

import type { Actor } from "../core/audit.ts";
import type { Outcome, SettingsChange } from "../core/change.ts";
import type { Page } from "../core/page.ts";
import type { Readiness } from "../core/readiness.ts";
import type { Bounce, Rejection } from "../core/record.ts";
import type { ImportedKey } from "../core/rotation.ts";
import type { Route } from "../core/route.ts";
import { decodeSnapshot, type Snapshot } from "../core/snapshot.ts";
import type { DayCounts } from "../core/stats.ts";
import type { Summary } from "../core/summary.ts";
import { type Grant, reachOf } from "../core/token.ts";
import { DIRECTORY_NAME } from "./directory-object.ts";
import type { DomainObject, DomainObjectBindings, Written } from "./domain-object.ts";
import type { WebhookWritten } from "./domain-webhook.ts";
import type { AuditRow } from "./ledger/audit.ts";
import type { Numbered } from "./object-storage.ts";
import { snapshotKey } from "./publication.ts";
import { Published, type PublishedMemory } from "./published.ts";
import { reach } from "./unreachable.ts";
import type { Redelivery, WebhookHealth } from "./webhook/webhook-queue.ts";

/** The Worker's bindings, as the platform hands them over. */
export interface Bindings extends DomainObjectBindings {
  readonly DOMAINS: DurableObjectNamespace<DomainObject>;
}

/** What an isolate knows of domains. */
export type SnapshotMemory = PublishedMemory<Snapshot>;

/** The domains' snapshots as this isolate reads them at an instant. */
export function publishedSnapshots(
  bindings: Bindings,
  memory: SnapshotMemory,
  now: number,
): Published<Snapshot> {
  const sources = {
    published: (domain: string, cacheTtlS: number) =>
      bindings.SNAPSHOTS.get(snapshotKey(domain), { type: "text", cacheTtl: cacheTtlS }),
    ask: (domain: string) => askDomain(bindings, domain),
    decode: decodeSnapshot,
  };
  return new Published(memory, sources, now);
}

/** Asks a domain's object for its snapshot, encoded. Throws what the call throws. */
async function askDomain(bindings: Bindings, domain: string): Promise<string | null> {
  return stub(bindings, domain).read();
}

export class Domains {
  readonly #bindings: Bindings;
  readonly #snapshots: Published<Snapshot>;

  /** @param snapshots what this isolate holds; it takes over each write */
  constructor(bindings: Bindings, snapshots: Published<Snapshot>) {
    this.#bindings = bindings;
    this.#snapshots = snapshots;
  }

  /** The domain as its object has it; null where it is not configured. */
  async read(domain: string): Promise<Snapshot | null> {
    const text = await reach(() => askDomain(this.#bindings, domain));
    const snapshot = text === null ? null : decodeSnapshot(text);
    this.#snapshots.adopt(domain, snapshot);
    return snapshot;
  }

  configure(domain: string, change: SettingsChange, by: Actor): Promise<Outcome> {
    return this.#write(domain, (object) => object.configure(domain, change, by));
  }

  replaceRoutes(domain: string, routes: readonly [string, Route][], by: Actor): Promise<Outcome> {
    return this.#write(domain, (object) => object.replaceRoutes(routes, by));
  }

  /** Null removes the route. */
  changeRoute(domain: string, localPart: string, route: Route | null, by: Actor): Promise<Outcome> {
    return this.#write(domain, (object) => object.changeRoute(localPart, route, by));
  }

  /** Adds a key of the domain's own, the last of the snapshot's. */
  rotateKeys(domain: string, by: Actor): Promise<Outcome> {
    return this.#write(domain, (object) => object.rotateKeys(by));
  }

  /** Adds a key brought along, the last of the snapshot's. */
  bringKey(domain: string, key: ImportedKey, sign: boolean, by: Actor): Promise<Outcome> {
    return this.#write(domain, (object) => object.bringKey(key, sign, by));
  }

  retireKey(domain: string, number: number, by: Actor): Promise<Outcome> {
    return this.#write(domain, (object) => object.retireKey(number, by));
  }

  /** What is known of the domain's signing, checked; null where it is not configured. */
  readiness(domain: string): Promise<Readiness | null> {
    return reach(async () => stub(this.#bindings, domain).readiness());
  }

  /** The domain at a glance, with counts of so many days; null where it is not configured. */
  summary(domain: string, days: number): Promise<Summary | null> {
    return reach(async () => stub(this.#bindings, domain).summary(days));
  }

  /** A page of writes before that number, the newest first; null where the domain is not configured. */
  audit(domain: string, before: number | null, limit: number): Promise<Page<AuditRow> | null> {
    const asked = () => stub(this.#bindings, domain).audit(before, limit) as Promise<Page<AuditRow> | null>;
    return reach(async () => asked());
  }

  /** Counts of so many days, today among them; null where the domain is not configured. So are the lists. */
  stats(domain: string, days: number): Promise<readonly DayCounts[] | null> {
    return reach(() => stub(this.#bindings, domain).ledger.stats(days));
  }

  /** A page of what came back before that number, the newest first. */
  bounces(domain: string, before: number | null, limit: number): Promise<Page<Numbered<Bounce>> | null> {
    return reach(() => stub(this.#bindings, domain).ledger.bounces(before, limit));
  }

  /** A page of what was refused, or would have been. */
  rejections(
    domain: string,
    before: number | null,
    limit: number,
  ): Promise<Page<Numbered<Rejection>> | null> {
    return reach(() => stub(this.#bindings, domain).ledger.rejections(before, limit));
  }

  /** The webhook and how it fares; null where there is none. */
  webhook(domain: string): Promise<WebhookHealth | null> {
    return reach(() => stub(this.#bindings, domain).webhook.read());
  }

  setWebhook(domain: string, url: string, by: Actor): Promise<WebhookWritten> {
    return reach(async () => stub(this.#bindings, domain).webhook.set(url, by) as Promise<WebhookWritten>);
  }

  /** False where there is none. */
  removeWebhook(domain: string, by: Actor): Promise<boolean> {
    return reach(() => stub(this.#bindings, domain).webhook.remove(by));
  }

  redeliver(domain: string, id: string): Promise<Redelivery> {
    return reach(() => stub(this.#bindings, domain).webhook.redeliver(id));
  }

  /** Deletes the domain. False where it is not configured. */
  async forget(domain: string, by: Actor): Promise<boolean> {
    const existed = await reach(async () => stub(this.#bindings, domain).forget(by));
    this.#snapshots.adopt(domain, null);
    return existed;
  }

  /** A page of the domains behind `after` that the caller may reach, in alphabetical order. */
  list(after: string, limit: number, caller: Grant): Promise<Page<string>> {
    const { DIRECTORY } = this.#bindings;
    return reach(async () =>
      DIRECTORY.get(DIRECTORY.idFromName(DIRECTORY_NAME)).list(after, limit, reachOf(caller)),
    );
  }

  async #write(
    domain: string,
    call: (object: DurableObjectStub<DomainObject>) => Promise<Written>,
  ): Promise<Outcome> {
    const written = await reach(() => call(stub(this.#bindings, domain)));
    if (!("snapshot" in written)) return written;
    const snapshot = decodeSnapshot(written.snapshot);
    this.#snapshots.adopt(domain, snapshot);
    return { ...written, snapshot };
  }
}

/** A domain's object. */
export function stub(bindings: Bindings, domain: string): DurableObjectStub<DomainObject> {
  return bindings.DOMAINS.get(bindings.DOMAINS.idFromName(domain));
}
