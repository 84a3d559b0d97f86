// What a domain's object remembers of its mail, in its SQLite: what was consumed, once for each message; when mail was
// signed; whose bounces brought evidence and whose did not. Every call is one transaction, or none.

import { continueSigning, type Signing } from "../core/readiness.ts";
import type { Sightings } from "./sightings.ts";

/** How exact times are kept: a write an hour is enough, and all that signing may cost. */
const HOUR_MS = 3_600_000;
/** Senders kept; strangers can bounce to any number of addresses where a domain has a `*` route. */
const SENDERS_AT_MOST = 10_000;
const UNSIGNED_SHOWN = 20;

export class Ledger {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Makes the tables of a new domain. Not before: an object that is only asked for a domain keeps nothing. */
  open(): void {
    this.#storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, at INTEGER NOT NULL, entry TEXT NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS messages_at ON messages (at);
      CREATE TABLE IF NOT EXISTS senders (
        local_part TEXT PRIMARY KEY, signed_at INTEGER, unproven_at INTEGER
      ) WITHOUT ROWID`);
  }

  /** Keeps what is known of a message that was consumed; a second time changes nothing. */
  record(id: string, entry: string, now: number): void {
    this.#storage.sql.exec("INSERT OR IGNORE INTO messages VALUES (?, ?, ?)", id, now, entry);
  }

  /** When mail of the domain was signed last without a gap; null where it never was. */
  get signing(): Signing | null {
    return this.#storage.kv.get<Signing>("signing") ?? null;
  }

  /**
   * Takes note of what was seen, times to the hour.
   * @param lifetimeDays longer than which no gap in signing is
   * @returns false where it was only minting, less than an hour after the last: nothing was written then
   */
  note(sightings: Sightings, lifetimeDays: number, now: number): boolean {
    const { signing } = this;
    const signed = [...sightings.minted, ...sightings.proven];
    const isFresh = signing === null || now - signing.last >= HOUR_MS;
    const onlyMinted = sightings.proven.length + sightings.unproven.length === 0;
    if (onlyMinted && !isFresh) return false;
    this.#storage.transactionSync(() => {
      if (signed.length > 0 && isFresh) {
        this.#storage.kv.put("signing", continueSigning(signing, lifetimeDays, now));
      }
      for (const localPart of signed) this.#sign(localPart, now);
      for (const localPart of sightings.unproven) this.#draw(localPart, now);
    });
    return true;
  }

  /** Originals that drew bounces without evidence, and that nothing was ever signed for; the latest few. */
  unsignedSenders(): string[] {
    const rows = this.#storage.sql.exec<{ local_part: string }>(
      "SELECT local_part FROM senders WHERE signed_at IS NULL ORDER BY unproven_at DESC LIMIT ?",
      UNSIGNED_SHOWN,
    );
    return [...rows].map((row) => row.local_part);
  }

  /** Forgets what is older. */
  forgetBefore(at: number): void {
    this.#storage.sql.exec("DELETE FROM messages WHERE at < ?", at);
    this.#storage.sql.exec(
      "DELETE FROM senders WHERE coalesce(signed_at, 0) < ? AND coalesce(unproven_at, 0) < ?",
      at,
      at,
    );
  }

  /** Forgets everything. */
  clear(): void {
    this.#storage.kv.delete("signing");
    this.#storage.sql.exec("DROP TABLE IF EXISTS messages; DROP TABLE IF EXISTS senders");
  }

  #sign(localPart: string, now: number): void {
    this.#storage.sql.exec(
      `INSERT INTO senders VALUES (?1, ?2, NULL) ON CONFLICT DO UPDATE SET signed_at = ?2
       WHERE signed_at IS NULL OR signed_at <= ?3`,
      localPart,
      now,
      now - HOUR_MS,
    );
  }

  #draw(localPart: string, now: number): void {
    this.#storage.sql.exec(
      `INSERT INTO senders SELECT ?1, NULL, ?2
       WHERE EXISTS (SELECT 1 FROM senders WHERE local_part = ?1) OR (SELECT count(*) FROM senders) < ?4
       ON CONFLICT DO UPDATE SET unproven_at = ?2 WHERE unproven_at IS NULL OR unproven_at <= ?3`,
      localPart,
      now,
      now - HOUR_MS,
      SENDERS_AT_MOST,
    );
  }
}
