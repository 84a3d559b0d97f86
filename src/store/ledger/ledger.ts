// What a domain's object remembers of its mail, in its SQLite: counts by day, messages that are recorded by themselves,
// samples of what was refused, what apps and the operator are told, what each ref has brought. One message counts once.
// Every call is one transaction, or none.

import { dayOf } from "../../core/day.ts";
import type { Page } from "../../core/page.ts";
import {
  BOUNCE_EVENTS,
  type Bounce,
  type DomainEvent,
  type MessageRecord,
  type Rejection,
  type Tally,
} from "../../core/record.ts";
import type { Count } from "../../core/stats.ts";
import type { Numbered, ObjectStorage, Table } from "../object-storage.ts";
import { Counts } from "./counts.ts";
import { Events } from "./events.ts";
import { Refs } from "./refs.ts";
import { Rejections } from "./rejections.ts";

/** Octets of storage from which on what is kept takes the place of the oldest: anyone can send auto-replies. */
const OCTETS_AT_MOST = 256 * 1024 * 1024;
/** Tallies remembered, so that one whose answer was lost is not counted again. */
const TALLIES_REMEMBERED = 1_000;

/** What belongs to the transaction in which an event was kept. */
export type Alongside = (event: DomainEvent) => void;

export class Ledger implements Table {
  readonly #storage: ObjectStorage;
  readonly #counts: Counts;
  readonly #rejections: Rejections;
  readonly #events: Events;
  readonly #refs: Refs;
  readonly #tallies = new Set<string>();

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
    this.#counts = new Counts(storage);
    this.#rejections = new Rejections(storage);
    this.#events = new Events(storage);
    this.#refs = new Refs(storage);
  }

  /** Makes the tables of a domain. Not of any other: an object that is only asked for one keeps nothing. */
  open(): void {
    this.#storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, at INTEGER NOT NULL, entry TEXT NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS messages_at ON messages (at)`);
    for (const table of this.#tables) table.open();
  }

  /**
   * Keeps a message that is recorded by itself, and counts it; a second time changes nothing.
   * @param entry what else is known of it
   */
  record(record: MessageRecord, entry: string, now: number, alongside: Alongside): void {
    const { sql } = this.#storage;
    const { id, status, disposition, rejection, receivedAt, bounces } = record;
    this.#storage.transactionSync(() => {
      const [row] = sql.exec("INSERT OR IGNORE INTO messages VALUES (?, ?, ?) RETURNING id", id, now, entry);
      if (row === undefined) return;
      this.#counts.add({ day: dayOf(now), status, disposition, messages: 1 });
      if (rejection !== null) this.#rejections.add(rejection, now);
      for (const bounce of bounces) {
        const event = { id: bounce.id, type: BOUNCE_EVENTS[bounce.kind], at: receivedAt, data: bounce };
        if (this.#events.add(event, true)) alongside(event);
      }
      if (sql.databaseSize >= OCTETS_AT_MOST) this.#makeRoom(1 + bounces.length);
    });
  }

  /** Counts what an isolate has added up. A sample that is known already is of a message that was counted before. */
  count({ id, counts, samples }: Tally, now: number): void {
    if (this.#tallies.has(id)) return;
    this.#storage.transactionSync(() => {
      // Isolates' clocks are not this one: no day counts as later than today.
      const today = dayOf(now);
      for (const count of counts) this.#counts.add({ ...count, day: Math.min(count.day, today) });
      for (const sample of samples) {
        const { id, status, disposition } = sample;
        if (!this.#rejections.has(id)) this.#rejections.add(sample, now);
        else this.#counts.add({ day: today, status, disposition, messages: -1 });
      }
    });
    this.#tallies.add(id);
    const [oldest] = this.#tallies;
    if (this.#tallies.size > TALLIES_REMEMBERED && oldest !== undefined) this.#tallies.delete(oldest);
  }

  /** Keeps what the operator is told, once for each id. */
  notify(event: DomainEvent, alongside: Alongside): void {
    this.#storage.transactionSync(() => {
      if (this.#events.add(event, false)) alongside(event);
    });
  }

  /** Whether a message is among the first so many that come back to a ref. */
  admit(ref: string, message: string, atMost: number, now: number): boolean {
    return this.#refs.admit(ref, message, atMost, now);
  }

  counts(days: number, now: number): Count[] {
    return this.#counts.list(days, now);
  }

  bounces(before: number | null, limit: number): Page<Numbered<Bounce>> {
    return this.#events.listBounces(before, limit);
  }

  rejections(before: number | null, limit: number): Page<Numbered<Rejection>> {
    return this.#rejections.list(before, limit);
  }

  /** Null where nothing was told by that id, or it is forgotten. */
  findEvent(id: string): DomainEvent | null {
    return this.#events.find(id);
  }

  forget(before: number, now: number): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec("DELETE FROM messages WHERE at <= ?", before);
      for (const table of this.#tables) table.forget(before, now);
    });
  }

  clear(): void {
    this.#storage.sql.exec("DROP TABLE IF EXISTS messages");
    for (const table of this.#tables) table.clear();
  }

  get #tables(): readonly Table[] {
    return [this.#counts, this.#rejections, this.#events, this.#refs];
  }

  #makeRoom(rows: number): void {
    this.#storage.sql.exec(
      "DELETE FROM messages WHERE id IN (SELECT id FROM messages ORDER BY at LIMIT ?)",
      rows,
    );
    this.#events.drop(rows);
  }
}
