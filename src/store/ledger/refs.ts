// Which messages have come back to an address with a ref, for as long as its tag can live, and how often.

import { DAY_MS } from "../../core/day.ts";
import { LIFETIME_DAYS_AT_MOST } from "../../core/settings.ts";
import type { ObjectStorage, Table } from "../object-storage.ts";

const TABLES = ["refs", "handovers"];

/** A server that tries for five days, every ten minutes, has the message handed over 700 times, and the platform may thrice. */
const HANDOVERS_AT_MOST = 2_200;

export class Refs implements Table {
  readonly #storage: Pick<ObjectStorage, "sql">;

  constructor(storage: Pick<ObjectStorage, "sql">) {
    this.#storage = storage;
  }

  open(): void {
    this.#storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS refs (
        ref TEXT, message TEXT, at INTEGER NOT NULL, PRIMARY KEY (ref, message)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS handovers (
        ref TEXT, message TEXT, at INTEGER NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (ref, message)
      ) WITHOUT ROWID`);
  }

  /**
   * Whether a message is among the first so many that come back to a ref. Of the same message the answer is the same, until
   * it was handed over more often than any server tries.
   */
  admit(ref: string, message: string, atMost: number, now: number): boolean {
    const { sql } = this.#storage;
    const [known] = sql.exec("SELECT 1 AS known FROM refs WHERE ref = ? AND message = ?", ref, message);
    if (known !== undefined) return this.#countHandover(ref, message, now) < HANDOVERS_AT_MOST;
    const [row] = sql.exec<{ held: number }>("SELECT count(*) AS held FROM refs WHERE ref = ?", ref);
    if ((row?.held ?? 0) >= atMost) return false;
    sql.exec("INSERT INTO refs VALUES (?, ?, ?)", ref, message, now);
    return true;
  }

  /** What a tag has brought outlives no tag, and is not forgotten while one lives. */
  forget(_before: number, now: number): void {
    const before = now - (LIFETIME_DAYS_AT_MOST + 2) * DAY_MS;
    for (const table of TABLES) this.#storage.sql.exec(`DELETE FROM ${table} WHERE at <= ?`, before);
  }

  clear(): void {
    for (const table of TABLES) this.#storage.sql.exec(`DROP TABLE IF EXISTS ${table}`);
  }

  /** How often the message has been handed over again. */
  #countHandover(ref: string, message: string, now: number): number {
    const [row] = this.#storage.sql.exec<{ times: number }>(
      `INSERT INTO handovers VALUES (?, ?, ?, 1)
      ON CONFLICT DO UPDATE SET times = times + 1, at = excluded.at RETURNING times`,
      ref,
      message,
      now,
    );
    return row?.times ?? 0;
  }
}
