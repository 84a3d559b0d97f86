// A domain's webhook and what it has yet to be told. Its secret is made here, shown once, and wrapped at rest as keys are.

import type { DomainEvent } from "../../core/record.ts";
import { makeWebhookSecret, WEBHOOK_SECRET_OCTETS } from "../../core/webhook.ts";
import type { Secrets } from "../../deployment/secrets.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ObjectStorage } from "../object-storage.ts";
import { unwrap } from "../opened-keys.ts";
import { wrap } from "../wrapped-keys.ts";
import { deliverDue, Outbox } from "./outbox.ts";
import { Webhook, type WebhookSettings } from "./webhook.ts";

/** What is told of a webhook: never its secret. */
export type WebhookHealth = Omit<WebhookSettings, "wrapped"> & { readonly pending: number };

/** After which deliveries that are not done were cut off: each receiver has its time to answer. */
const CUT_OFF_MS = 120_000;

export type Redelivery = "queued" | "no-webhook" | "no-event" | "disabled";

export class WebhookQueue {
  readonly #webhook: Webhook;
  readonly #outbox: Outbox;
  readonly #ledger: Ledger;
  #underWay = 0;

  constructor(storage: ObjectStorage, ledger: Ledger) {
    this.#webhook = new Webhook(storage);
    this.#outbox = new Outbox(storage);
    this.#ledger = ledger;
  }

  open(): void {
    this.#outbox.open();
  }

  clear(): void {
    this.#webhook.remove();
    this.#outbox.clear();
  }

  /** Null where there is none. */
  get health(): WebhookHealth | null {
    const { settings } = this.#webhook;
    if (settings === null) return null;
    const { wrapped, ...health } = settings;
    return { ...health, pending: this.#outbox.pending };
  }

  /** A secret for the webhook of a domain, and the same wrapped. */
  async makeSecret(secrets: Secrets, domain: string): Promise<{ secret: string; wrapped: string }> {
    const secret = makeWebhookSecret(crypto.getRandomValues(new Uint8Array(WEBHOOK_SECRET_OCTETS)));
    return { secret, wrapped: await wrap(secrets, { domain, slot: "webhook" }, secret) };
  }

  /** True where there was none. */
  set(url: string, wrapped: string): boolean {
    return this.#webhook.set(url, wrapped);
  }

  /** Removes it with all that is pending. */
  remove(): void {
    this.#webhook.remove();
  }

  /** Wraps its secret anew under the current KEYRING_SECRET. Throws where it does not unwrap. */
  async rewrap(secrets: Secrets, domain: string): Promise<void> {
    const { settings, generation } = this.#webhook;
    if (settings === null || secrets.keyringPrevious === null) return;
    const place = { domain, slot: "webhook" } as const;
    const wrapped = await wrap(secrets, place, await unwrap(secrets, place, settings.wrapped));
    if (this.#webhook.generation === generation) this.#webhook.rewrap(wrapped);
  }

  /** Takes up an event, where there is anyone to tell. */
  queue({ id }: DomainEvent, now: number): void {
    const { settings } = this.#webhook;
    if (settings !== null && !settings.disabled) this.#outbox.add(id, now);
  }

  /** Has an event delivered once more, from the first attempt on. */
  redeliver(id: string, now: number): Redelivery {
    const { settings } = this.#webhook;
    if (settings === null) return "no-webhook";
    if (this.#ledger.findEvent(id) === null) return "no-event";
    if (settings.disabled) return "disabled";
    this.#outbox.add(id, now);
    return "queued";
  }

  /**
   * When there is something to send; null where there is not. While some is under way, that is looked at when it is
   * done; what is told here then is for the case that it is cut off.
   */
  dueAt(now: number): number | null {
    const { settings } = this.#webhook;
    if (settings === null || settings.disabled) return null;
    return this.#underWay > 0 ? now + CUT_OFF_MS : this.#outbox.dueAt();
  }

  /** Sends what is due, and waits for all answers. Throws what storage threw. */
  async deliver(secrets: Secrets, domain: string): Promise<void> {
    this.#underWay += 1;
    try {
      await deliverDue({
        webhook: this.#webhook,
        outbox: this.#outbox,
        find: (id) => this.#ledger.findEvent(id),
        open: (wrapped) => unwrap(secrets, { domain, slot: "webhook" }, wrapped),
        fetch: (url, init) => fetch(url, init),
        now: () => Date.now(),
        random: () => Math.random(),
      });
    } finally {
      this.#underWay -= 1;
    }
  }
}
