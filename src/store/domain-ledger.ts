// A domain's ledger as others call it: mail records and counts here, the API reads. Nothing is kept of a domain that is
// not configured.

import { RpcTarget } from "cloudflare:workers";
import { dayOf } from "../core/day.ts";
import { noticeFailure } from "../core/notice.ts";
import type { Page } from "../core/page.ts";
import type { Bounce, DomainEvent, MessageRecord, Rejection, Tally } from "../core/record.ts";
import { addUp, type DayCounts } from "../core/stats.ts";
import type { DomainStorage } from "./domain-storage.ts";
import type { Ledger } from "./ledger.ts";
import type { Numbered } from "./object-storage.ts";
import type { Senders } from "./senders.ts";
import type { Sightings } from "./sightings.ts";

/** Who tells of events. */
export interface Teller {
  /** Takes an event up, in the transaction that keeps it. */
  queue(event: DomainEvent): void;
  /** Has what was taken up told. */
  wake(): Promise<void>;
}

export class DomainLedger extends RpcTarget {
  readonly #storage: DomainStorage;
  readonly #ledger: Ledger;
  readonly #senders: Senders;
  readonly #teller: Teller;

  constructor(storage: DomainStorage, ledger: Ledger, senders: Senders, teller: Teller) {
    super();
    this.#storage = storage;
    this.#ledger = ledger;
    this.#senders = senders;
    this.#teller = teller;
  }

  /** Keeps a message, once for each id, and tells of what came back with it. Throws where the domain is not configured. */
  async record(record: MessageRecord, entry: string): Promise<void> {
    if (this.#storage.trace()?.deleted !== false) throw new Error("The domain is not configured.");
    const now = Date.now();
    this.#ledger.record(record, entry, now, (event) => this.#teller.queue(event));
    this.#noticeFailures(record.failures, now);
    await this.#teller.wake();
  }

  /** Counts what an isolate has added up. */
  async count(tally: Tally): Promise<void> {
    if (this.#storage.trace()?.deleted !== false) return;
    const now = Date.now();
    this.#ledger.count(tally, now);
    this.#noticeFailures(tally.failures, now);
    await this.#teller.wake();
  }

  /**
   * Whether a message is among the first that may come back to a ref, of as many as the domain allows.
   * @param claim the ref's address and term, as one text
   */
  admit(claim: string, id: string): boolean {
    const atMost = this.#storage.load()?.settings.maxBouncesPerRef ?? null;
    return atMost === null || this.#ledger.admit(claim, id, atMost, Date.now());
  }

  /** Takes note of what was seen of the domain's mail. False where nothing had to be written. */
  note(sightings: Sightings): boolean {
    const snapshot = this.#storage.load();
    if (snapshot === null) return true;
    return this.#senders.note(sightings, snapshot.settings.lifetimeDays, Date.now());
  }

  /** Null where the domain is not configured; so are the lists. */
  stats(days: number): DayCounts[] | null {
    const now = Date.now();
    return this.#isConfigured && addUp(this.#ledger.counts(days, now), dayOf(now));
  }

  /** A page before that number, the newest first. */
  bounces(before: number | null, limit: number): Page<Numbered<Bounce>> | null {
    return this.#isConfigured && this.#ledger.bounces(before, limit);
  }

  rejections(before: number | null, limit: number): Page<Numbered<Rejection>> | null {
    return this.#isConfigured && this.#ledger.rejections(before, limit);
  }

  get #isConfigured(): true | null {
    return this.#storage.trace()?.deleted === false || null;
  }

  #noticeFailures(failures: Tally["failures"], now: number): void {
    const { domain } = this.#storage.trace() ?? { domain: "" };
    for (const failure of failures) {
      this.#ledger.notify(noticeFailure(domain, failure, now), (event) => this.#teller.queue(event));
    }
  }
}
