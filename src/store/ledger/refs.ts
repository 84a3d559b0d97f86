// Which messages have come back to an address with a ref, for as long as its tag can live.

import { DAY_MS } from "../../core/day.ts";
import { LIFETIME_DAYS_AT_MOST } from "../../core/settings.ts";
import type { ObjectStorage, Table } from "../object-storage.ts";

export class Refs implements Table {
  readonly #storage: Pick<ObjectStorage, "sql">;

  constructor(storage: Pick<ObjectStorage, "sql">) {
    this.#storage = storage;
  }

  open(): void {
    this.#storage.sql.exec(`CREATE TABLE IF NOT EXISTS refs (
      ref TEXT, message TEXT, at INTEGER NOT NULL, PRIMARY KEY (ref, message)
    ) WITHOUT ROWID`);
  }

  /** Whether a message is among the first so many that come back to a ref. Of the same message the answer is the same. */
  admit(ref: string, message: string, atMost: number, now: number): boolean {
    const { sql } = this.#storage;
    const [known] = sql.exec("SELECT 1 AS known FROM refs WHERE ref = ? AND message = ?", ref, message);
    if (known !== undefined) return true;
    const [row] = sql.exec<{ held: number }>("SELECT count(*) AS held FROM refs WHERE ref = ?", ref);
    if ((row?.held ?? 0) >= atMost) return false;
    sql.exec("INSERT INTO refs VALUES (?, ?, ?)", ref, message, now);
    return true;
  }

  /** What a tag has brought outlives no tag, and is not forgotten while one lives. */
  forget(_before: number, now: number): void {
    this.#storage.sql.exec("DELETE FROM refs WHERE at <= ?", now - (LIFETIME_DAYS_AT_MOST + 2) * DAY_MS);
  }

  clear(): void {
    this.#storage.sql.exec("DROP TABLE IF EXISTS refs");
  }
}
