// A domain's ledger as others call it: mail records and counts here, the API reads. Nothing is kept of a domain that is
// not configured.

import { RpcTarget } from "cloudflare:workers";
import { dayOf } from "../core/day.ts";
import { noticeFailure } from "../core/notice.ts";
import type { Page } from "../core/page.ts";
import type { Bounce, MessageRecord, Rejection, Tally } from "../core/record.ts";
import { addUp, type DayCounts } from "../core/stats.ts";
import type { DomainRecords } from "./domain-records.ts";
import type { DomainStorage } from "./domain-storage.ts";
import type { Numbered } from "./object-storage.ts";
import type { Sightings } from "./sightings.ts";

export class DomainLedger extends RpcTarget {
  readonly #storage: DomainStorage;
  readonly #records: DomainRecords;
  readonly #wakeBy: (at: number | null) => Promise<void>;

  /** @param wakeBy has the alarm come by then at the latest; null is never */
  constructor(storage: DomainStorage, records: DomainRecords, wakeBy: (at: number | null) => Promise<void>) {
    super();
    this.#storage = storage;
    this.#records = records;
    this.#wakeBy = wakeBy;
  }

  /** Keeps a message, once for each id, and tells of what came back with it. Throws where the domain is not configured. */
  async record(record: MessageRecord, entry: string): Promise<void> {
    if (!this.#storage.isConfigured) throw new Error("The domain is not configured.");
    const now = Date.now();
    const { ledger, webhook } = this.#records;
    ledger.record(record, entry, now, (event) => webhook.queue(event, now));
    this.#noticeFailures(record.failures, now);
    await this.#wakeBy(webhook.dueAt(now));
  }

  /** Counts what an isolate has added up. */
  async count(tally: Tally): Promise<void> {
    if (!this.#storage.isConfigured) return;
    const now = Date.now();
    const { ledger, webhook } = this.#records;
    ledger.count(tally, now);
    this.#noticeFailures(tally.failures, now);
    await this.#wakeBy(webhook.dueAt(now));
  }

  /**
   * Whether a message is among the first that may come back to a ref, of as many as the domain allows.
   * @param claim the ref's address and term, as one text
   */
  admit(claim: string, id: string): boolean {
    const atMost = this.#storage.outline()?.settings.maxBouncesPerRef ?? null;
    return atMost === null || this.#records.ledger.admit(claim, id, atMost, Date.now());
  }

  /** Takes note of what was seen of the domain's mail. False where nothing had to be written. */
  async note(sightings: Sightings): Promise<boolean> {
    const outline = this.#storage.outline();
    if (outline === null) return true;
    const now = Date.now();
    const isWritten = this.#records.senders.note(sightings, outline.settings.lifetimeDays, now);
    if (isWritten) await this.#wakeBy(this.#records.noticeDueAt(outline, now));
    return isWritten;
  }

  /** Null where the domain is not configured; so are the lists. */
  stats(days: number): DayCounts[] | null {
    const now = Date.now();
    return this.#storage.isConfigured ? addUp(this.#records.ledger.counts(days, now), dayOf(now)) : null;
  }

  /** A page before that number, the newest first. */
  bounces(before: number | null, limit: number): Page<Numbered<Bounce>> | null {
    return this.#storage.isConfigured ? this.#records.ledger.bounces(before, limit) : null;
  }

  rejections(before: number | null, limit: number): Page<Numbered<Rejection>> | null {
    return this.#storage.isConfigured ? this.#records.ledger.rejections(before, limit) : null;
  }

  #noticeFailures(failures: Tally["failures"], now: number): void {
    const { domain } = this.#storage.trace() ?? { domain: "" };
    const { ledger, webhook } = this.#records;
    for (const failure of failures) {
      ledger.notify(noticeFailure(domain, failure, now), (event) => webhook.queue(event, now));
    }
  }
}
