// How many messages each day had, by tag status and disposition: one row for each combination, kept as long as anyone
// can ask for it.

import { dayOf } from "../../core/day.ts";
import { COUNTED_DAYS, type Count } from "../../core/stats.ts";
import type { ObjectStorage, Table } from "../object-storage.ts";

export class Counts implements Table {
  readonly #storage: Pick<ObjectStorage, "sql">;

  constructor(storage: Pick<ObjectStorage, "sql">) {
    this.#storage = storage;
  }

  open(): void {
    this.#storage.sql.exec(`CREATE TABLE IF NOT EXISTS counts (
      day INTEGER, status TEXT, disposition TEXT, messages INTEGER NOT NULL, PRIMARY KEY (day, status, disposition)
    ) WITHOUT ROWID`);
  }

  /** @param messages less than none where some had been counted otherwise; no count falls below none */
  add({ day, status, disposition, messages }: Count): void {
    this.#storage.sql.exec(
      `INSERT INTO counts VALUES (?1, ?2, ?3, max(?4, 0))
       ON CONFLICT DO UPDATE SET messages = max(messages + ?4, 0)`,
      day,
      status,
      disposition,
      messages,
    );
  }

  /** Those of so many days, today among them, in their order. */
  list(days: number, now: number): Count[] {
    const rows = this.#storage.sql.exec<Record<keyof Count, string | number>>(
      "SELECT * FROM counts WHERE day > ? AND messages > 0 ORDER BY day",
      dayOf(now) - days,
    );
    return [...rows] as unknown as Count[];
  }

  forget(_before: number, now: number): void {
    this.#storage.sql.exec("DELETE FROM counts WHERE day <= ?", dayOf(now) - COUNTED_DAYS);
  }

  clear(): void {
    this.#storage.sql.exec("DROP TABLE IF EXISTS counts");
  }
}
