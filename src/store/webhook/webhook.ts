// A domain's webhook: where it points, its secret (wrapped by the caller) and its health, in the object's storage; and
// one call of it, which never throws.

import type { DomainEvent } from "../../core/record.ts";
import {
  type Attempt,
  composeRequest,
  readAnswer,
  readFault,
  readSilence,
} from "../../core/webhook-request.ts";
import type { ObjectStorage } from "../object-storage.ts";

export interface WebhookSettings {
  readonly url: string;
  /** Its secret, as the caller wrapped it. */
  readonly wrapped: string;
  /** When a delivery last succeeded, and failed, and how; in milliseconds since 1970. */
  readonly lastSuccess: number | null;
  readonly lastFailure: number | null;
  readonly lastError: string | null;
  /** By its receiver, which answered that it wants no more. */
  readonly disabled: boolean;
}

/** What calls of a webhook have in common. */
export interface WebhookCall {
  readonly url: string;
  /** Rejected where it does not unwrap. */
  readonly secret: Promise<string>;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly withinMs: number;
}

const KEY = "webhook";

/** One for each object: deliveries under way are told of a change by what stands here, not in storage. */
export class Webhook {
  readonly #storage: ObjectStorage;
  #generation = 0;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  get settings(): WebhookSettings | null {
    return this.#storage.kv.get<WebhookSettings>(KEY) ?? null;
  }

  /** Another one after each change of where deliveries go, or under which secret. */
  get generation(): number {
    return this.#generation;
  }

  /** Puts a webhook with clean health in place of any former one; what is pending will go to it. True where there was none. */
  set(url: string, wrapped: string): boolean {
    const isNew = this.settings === null;
    const health = { lastSuccess: null, lastFailure: null, lastError: null, disabled: false };
    this.#storage.kv.put(KEY, { url, wrapped, ...health } satisfies WebhookSettings);
    this.#generation += 1;
    return isNew;
  }

  /** Keeps the same secret, wrapped anew. */
  rewrap(wrapped: string): void {
    this.#revise({ wrapped });
  }

  /** Removes it with all that is pending in its outbox, which must be open. False where there was none. */
  remove(): boolean {
    if (this.settings === null) return false;
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec("DELETE FROM deliveries");
      this.#storage.kv.delete(KEY);
    });
    this.#generation += 1;
    return true;
  }

  noteSuccess(now: number): void {
    this.#revise({ lastSuccess: now });
  }

  noteFailure(now: number, error: string): void {
    this.#revise({ lastFailure: now, lastError: error });
  }

  /** Until it is set anew, nothing is sent. */
  disable(now: number, error: string): void {
    this.#revise({ lastFailure: now, lastError: error, disabled: true });
  }

  #revise(change: Partial<WebhookSettings>): void {
    const { settings } = this;
    if (settings !== null) this.#storage.kv.put(KEY, { ...settings, ...change } satisfies WebhookSettings);
  }
}

/** Tells the webhook one event, once. */
export async function callWebhook(call: WebhookCall, event: DomainEvent): Promise<Attempt> {
  // By itself: workerd's fetch refuses to be called as a method of anything else.
  const { url, fetch, now, withinMs } = call;
  const signal = AbortSignal.timeout(withinMs);
  let failing: "could not be signed" | "could not be reached" = "could not be signed";
  try {
    const request = await composeRequest(await call.secret, event, now());
    failing = "could not be reached";
    const response = await fetch(url, { method: "POST", redirect: "manual", signal, ...request });
    // Whatever a receiver sends along, and however slowly, is not waited for.
    response.body?.cancel().catch(() => undefined);
    return readAnswer(response.status);
  } catch (fault) {
    return signal.aborted ? readSilence(withinMs) : readFault(failing, fault);
  }
}
