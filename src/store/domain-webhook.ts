// A domain's webhook as the API calls it. Each change takes its turn among the domain's writes, and stands in the audit.

import { RpcTarget } from "cloudflare:workers";
import { type Actor, compareWebhooks, type Occasion } from "../core/audit.ts";
import type { Secrets } from "../deployment/secrets.ts";
import type { DomainRecords } from "./domain-records.ts";
import type { DomainStorage } from "./domain-storage.ts";
import type { ObjectStorage } from "./object-storage.ts";
import type { Turns } from "./turns.ts";
import type { Redelivery, WebhookHealth } from "./webhook/webhook-queue.ts";

/** What of its domain a webhook needs. */
export interface WebhookParts {
  readonly turns: Turns;
  readonly storage: DomainStorage;
  readonly records: DomainRecords;
  secrets(): Secrets;
  log(occasion: Occasion): void;
  /** Has the alarm come by then at the latest; null is never. */
  wakeBy(at: number | null): Promise<void>;
}

/** A webhook that was set: its secret is told this once. */
export type WebhookWritten =
  | { readonly kind: "created" | "written"; readonly secret: string }
  | { readonly kind: "unconfigured" };

export class DomainWebhook extends RpcTarget {
  readonly #objectStorage: ObjectStorage;
  readonly #parts: WebhookParts;

  constructor(objectStorage: ObjectStorage, parts: WebhookParts) {
    super();
    this.#objectStorage = objectStorage;
    this.#parts = parts;
  }

  /** How it fares; null where there is none, or the domain is not configured. */
  read(): WebhookHealth | null {
    return this.#parts.records.webhook.health;
  }

  /** Sets it, with a new secret. */
  set(url: string, by: Actor): Promise<WebhookWritten> {
    const { turns, storage, records, secrets, wakeBy } = this.#parts;
    return turns.take(async () => {
      const now = Date.now();
      const outline = storage.outline();
      if (outline === null) return { kind: "unconfigured" };
      const { webhook } = records;
      const { secret, wrapped } = await webhook.makeSecret(secrets(), outline.domain);
      const kind = webhook.health === null ? "created" : "written";
      this.#change(url, { by, action: "webhook.set" }, now, () => webhook.set(url, wrapped));
      await wakeBy(webhook.dueAt(now));
      return { kind, secret };
    });
  }

  /** Removes it and all that it has yet to be told. False where there is none. */
  remove(by: Actor): Promise<boolean> {
    const { turns, records } = this.#parts;
    return turns.take(async () => {
      if (records.webhook.health === null) return false;
      this.#change(null, { by, action: "webhook.removed" }, Date.now(), () => records.webhook.remove());
      return true;
    });
  }

  /** Has it told once more of an event, by its id. */
  async redeliver(id: string): Promise<Redelivery> {
    const { records, wakeBy } = this.#parts;
    const now = Date.now();
    const outcome = records.webhook.redeliver(id, now);
    await wakeBy(records.webhook.dueAt(now));
    return outcome;
  }

  #change(url: string | null, occasion: Occasion, at: number, change: () => void): void {
    const { records, log } = this.#parts;
    const { by, action, forced = [] } = occasion;
    const changes = compareWebhooks(records.webhook.health?.url ?? null, url);
    this.#objectStorage.transactionSync(() => {
      records.audit.add({ at, by, action, forced, changes });
      change();
    });
    log(occasion);
  }
}
