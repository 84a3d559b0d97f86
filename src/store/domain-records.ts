// All that a domain's object remembers beside the domain itself: its ledger, who signs, the audit, and what the webhook has
// yet to be told. Made, tended and deleted together.

import { DAY_MS } from "../core/day.ts";
import { findNotices, noticeDueAt } from "../core/notice.ts";
import type { Outline } from "../core/snapshot.ts";
import type { DomainStorage } from "./domain-storage.ts";
import { Audit } from "./ledger/audit.ts";
import { Ledger } from "./ledger/ledger.ts";
import { Senders } from "./ledger/senders.ts";
import type { ObjectStorage } from "./object-storage.ts";
import { WebhookQueue } from "./webhook/webhook-queue.ts";

export class DomainRecords {
  readonly ledger: Ledger;
  readonly senders: Senders;
  readonly audit: Audit;
  readonly webhook: WebhookQueue;
  readonly #storage: DomainStorage;

  constructor(objectStorage: ObjectStorage, storage: DomainStorage) {
    this.#storage = storage;
    this.ledger = new Ledger(objectStorage);
    this.senders = new Senders(objectStorage);
    this.audit = new Audit(objectStorage);
    this.webhook = new WebhookQueue(objectStorage, this.ledger);
  }

  /** Makes the tables that are not there. */
  open(): void {
    for (const part of [this.ledger, this.senders, this.audit, this.webhook]) part.open();
  }

  /** Forgets everything. */
  clear(): void {
    for (const part of [this.ledger, this.senders, this.audit, this.webhook]) part.clear();
  }

  /** Whether what is old is to be looked for: every day, since all that is kept is read for it. */
  isForgetDue(now: number): boolean {
    const { forgottenAt } = this.#storage;
    return now >= forgottenAt + DAY_MS || now < forgottenAt;
  }

  /** Forgets what is older than that. Not of the audit: where either fails, the other is to be forgotten all the same. */
  forget(keepMs: number, now: number): void {
    this.ledger.forget(now - keepMs, now);
    this.senders.forget(now - keepMs);
    this.#storage.forgottenAt = now;
  }

  /** Tells the operator of what has come to pass without a call. */
  notice(outline: Outline, now: number): void {
    for (const notice of findNotices(outline, this.senders.signing, now)) {
      this.ledger.notify(notice, (event) => this.webhook.queue(event, now));
    }
  }

  /** When there is something to notice; null where only a change can bring that about. */
  noticeDueAt(outline: Outline, now: number): number | null {
    return noticeDueAt(outline, this.senders.signing, now);
  }
}
