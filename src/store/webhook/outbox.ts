// What a webhook has yet to be told: a row for each event until it is delivered or given up, and the sending of what is
// due. At least once: a row goes, or waits for its next turn, only in the transaction that records its own outcome.

import type { DomainEvent } from "../../core/record.ts";
import { retryDueAt } from "../../core/webhook.ts";
import type { Attempt } from "../../core/webhook-request.ts";
import type { ObjectStorage } from "../object-storage.ts";
import { callWebhook, type Webhook, type WebhookCall } from "./webhook.ts";

/** Deliveries of one run: it stays within the 50 subrequests of an invocation, with room for what else that does. */
const TAKEN_AT_MOST = 20;
/**
 * Deliveries under way at a time. Six requests of an object may wait for an answer; one more would spend its own 15
 * seconds in a queue. The object's KV has the other two.
 */
const UNDER_WAY_AT_MOST = 4;
/** Standard Webhooks: how long a receiver has, connecting included. */
const WITHIN_MS = 15_000;

/** A row as it was taken: an event that is added again gets another number. */
export interface Delivery {
  readonly number: number;
  readonly id: string;
  readonly attempts: number;
}

export interface DeliveryParts {
  readonly webhook: Webhook;
  readonly outbox: Outbox;
  /** Null where the event is gone by now: so is its delivery then. */
  find(id: string): DomainEvent | null;
  /** The secret. Throws where it does not unwrap. */
  open(wrapped: string): Promise<string>;
  readonly fetch: typeof fetch;
  now(): number;
  /** 0 to 1. */
  random(): number;
}

export class Outbox {
  readonly #storage: ObjectStorage;
  /** Numbers of what is under way, so that runs that overlap send nothing twice. */
  readonly #claimed = new Set<number>();

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  open(): void {
    this.#storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS deliveries (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        attempts INTEGER NOT NULL, due_at INTEGER NOT NULL
      );
      CREATE INDEX IF NOT EXISTS deliveries_due_at ON deliveries (due_at)`);
  }

  clear(): void {
    this.#storage.sql.exec("DROP TABLE IF EXISTS deliveries");
  }

  /** Makes an event due at once, for the first time or anew. */
  add(id: string, now: number): void {
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO deliveries (id, attempts, due_at) VALUES (?, 0, ?)",
      id,
      now,
    );
  }

  get pending(): number {
    const [row] = this.#storage.sql.exec<{ pending: number }>("SELECT count(*) AS pending FROM deliveries");
    return row?.pending ?? 0;
  }

  /** When the first is due, under way or not; null where nothing is pending. */
  dueAt(): number | null {
    const [row] = this.#storage.sql.exec<{ due: number | null }>("SELECT min(due_at) AS due FROM deliveries");
    return row?.due ?? null;
  }

  /** Takes what is due, the longest due first. Each is to be released. */
  claim(now: number, atMost: number): Delivery[] {
    const rows = this.#storage.sql.exec<{ number: number; id: string; attempts: number }>(
      "SELECT number, id, attempts FROM deliveries WHERE due_at <= ? ORDER BY due_at, number LIMIT ?",
      now,
      atMost + this.#claimed.size,
    );
    const due = [...rows].filter(({ number }) => !this.#claimed.has(number)).slice(0, atMost);
    for (const { number } of due) this.#claimed.add(number);
    return due;
  }

  release({ number }: Delivery): void {
    this.#claimed.delete(number);
  }

  /** Whether the row is still the one that was taken. */
  holds({ number }: Delivery): boolean {
    const [row] = this.#storage.sql.exec("SELECT 1 FROM deliveries WHERE number = ?", number);
    return row !== undefined;
  }

  /**
   * Ends a delivery, or puts it off after one more attempt; one whose event was added again stays as it is.
   * @param alongside what belongs to the same transaction
   */
  settle({ number }: Delivery, dueAt: number | null, alongside: () => void): void {
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      if (dueAt === null) {
        sql.exec("DELETE FROM deliveries WHERE number = ?", number);
      } else {
        const query = "UPDATE deliveries SET attempts = attempts + 1, due_at = ? WHERE number = ?";
        sql.exec(query, dueAt, number);
      }
      alongside();
    });
  }

  /** Drops all that is pending. */
  empty(): void {
    this.#storage.sql.exec("DELETE FROM deliveries");
  }
}

/**
 * Sends what is due, the longest due first, though a receiver can't rely on the order, and records each outcome as it
 * comes in. Where the webhook is changed or removed meanwhile, what comes of the former one is not written: its
 * deliveries stay due.
 * @throws what storage threw, once the rest is done; the delivery that it befell stays due
 */
export async function deliverDue(parts: DeliveryParts, withinMs: number = WITHIN_MS): Promise<void> {
  const { webhook, outbox } = parts;
  const { settings, generation } = webhook;
  if (settings === null || settings.disabled) return;
  const due = outbox.claim(parts.now(), TAKEN_AT_MOST);
  if (due.length === 0) return;
  const { fetch, now } = parts;
  const secret = (async () => parts.open(settings.wrapped))();
  // Each delivery that needs it meets its fault; where none does, nobody is to be told.
  secret.catch(() => undefined);
  const call: WebhookCall = { url: settings.url, secret, fetch, now, withinMs };
  const isCurrent = () => webhook.generation === generation && webhook.settings?.disabled === false;
  const faults: unknown[] = [];
  const queue = due.values();
  const sendOneByOne = async () => {
    for (const delivery of queue) {
      try {
        await deliver(parts, delivery, call, isCurrent);
      } catch (fault) {
        faults.push(fault);
      } finally {
        outbox.release(delivery);
      }
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY_AT_MOST }, sendOneByOne));
  if (faults.length > 0) throw faults[0];
}

async function deliver(
  parts: DeliveryParts,
  delivery: Delivery,
  call: WebhookCall,
  isCurrent: () => boolean,
): Promise<void> {
  const { outbox } = parts;
  // Others of this run may have ended it, and their row.
  if (!isCurrent() || !outbox.holds(delivery)) return;
  const event = parts.find(delivery.id);
  if (event === null) {
    outbox.settle(delivery, null, () => {});
    return;
  }
  const outcome = await callWebhook(call, event);
  if (isCurrent()) record(parts, delivery, outcome);
}

function record({ webhook, outbox, now, random }: DeliveryParts, delivery: Delivery, outcome: Attempt): void {
  const at = now();
  if (outcome.meaning === "delivered") {
    outbox.settle(delivery, null, () => webhook.noteSuccess(at));
  } else if (outcome.meaning === "failed") {
    const dueAt = retryDueAt(delivery.attempts + 1, at, random());
    outbox.settle(delivery, dueAt, () => webhook.noteFailure(at, outcome.error));
  } else {
    outbox.settle(delivery, null, () => {
      outbox.empty();
      webhook.disable(at, outcome.error);
    });
  }
}
