// All that a domain's object remembers beside the domain itself: its ledger, who signs, the audit, and what the webhook has
// yet to be told. Made, tended and deleted together.

import { DAY_MS, earliest } from "../../core/day.ts";
import { findNotices, noticeDueAt } from "../../core/notice.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import type { DomainStorage } from "../domain-storage.ts";
import type { ObjectStorage } from "../object-storage.ts";
import { DomainWebhook } from "../webhook/domain-webhook.ts";
import { Audit } from "./audit.ts";
import { Ledger } from "./ledger.ts";
import { Senders } from "./senders.ts";

export class DomainRecords {
  readonly ledger: Ledger;
  readonly senders: Senders;
  readonly audit: Audit;
  readonly webhook: DomainWebhook;
  readonly #storage: DomainStorage;
  /** When that was kept which is kept for the longest. Only forgetting changes it, and to find it all senders are read. */
  #oldestAt: number | null = null;

  constructor(objectStorage: ObjectStorage, storage: DomainStorage) {
    this.#storage = storage;
    this.ledger = new Ledger(objectStorage);
    this.senders = new Senders(objectStorage);
    this.audit = new Audit(objectStorage);
    this.webhook = new DomainWebhook(objectStorage, this.ledger);
  }

  /** Makes the tables that are not there. */
  open(): void {
    for (const part of [this.ledger, this.senders, this.audit, this.webhook]) part.open();
  }

  /** Forgets everything. */
  clear(): void {
    this.#oldestAt = null;
    for (const part of [this.ledger, this.senders, this.audit, this.webhook]) part.clear();
  }

  /** Whether what is old is to be looked for: every day, since all that is kept is read for it. */
  isForgetDue(now: number): boolean {
    const { forgottenAt } = this.#storage;
    return now >= forgottenAt + DAY_MS || now < forgottenAt;
  }

  /** Forgets what is older than that; of the audit apart, so that one which fails leaves the other. */
  forget(keepMs: number, now: number): void {
    this.#oldestAt = null;
    this.ledger.forget(now - keepMs, now);
    this.senders.forget(now - keepMs);
    this.#storage.forgottenAt = now;
  }

  /** Tells the operator of what has come to pass without a call. */
  notice(snapshot: Snapshot, now: number): void {
    for (const notice of findNotices(snapshot, this.senders.signing, now)) {
      this.ledger.notify(notice, (event) => this.webhook.queue(event, now));
    }
  }

  /** When there is something to forget, to notice, or to send; null where there is not. */
  dueAt(snapshot: Snapshot, keepMs: number, now: number): number | null {
    this.#oldestAt ??= earliest([this.ledger.oldestAt(), this.senders.oldestAt()]);
    return earliest([
      this.#oldestAt && Math.max(this.#oldestAt + keepMs, this.#storage.forgottenAt + DAY_MS),
      noticeDueAt(snapshot, this.senders.signing, now),
      this.webhook.dueAt(now),
    ]);
  }
}
