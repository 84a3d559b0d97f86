// The audit in a domain's object: a row for each write that changed something, in the transaction of the write itself, so
// that neither stands without the other.

import type { AuditEntry } from "../../core/audit.ts";
import { type Page, takePage } from "../../core/page.ts";
import type { ObjectStorage } from "../object-storage.ts";

/** Rows kept; a caller may write a hundred times a second. */
const ROWS_AT_MOST = 100_000;

/** An entry, by its number: later ones have higher numbers. */
export interface AuditRow extends AuditEntry {
  readonly id: number;
}

export class Audit {
  readonly #sql: ObjectStorage["sql"];

  constructor({ sql }: Pick<ObjectStorage, "sql">) {
    this.#sql = sql;
  }

  open(): void {
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, entry TEXT NOT NULL)",
    );
  }

  add(entry: AuditEntry): void {
    const [row] = this.#sql.exec<{ id: number }>(
      "INSERT INTO audit (at, entry) VALUES (?, ?) RETURNING id",
      entry.at,
      JSON.stringify(entry),
    );
    this.#sql.exec("DELETE FROM audit WHERE id <= ?", (row?.id ?? 0) - ROWS_AT_MOST);
  }

  /** A page of entries, the newest first. @param before a number below which all of theirs are; null for the newest */
  list(before: number | null, limit: number): Page<AuditRow> {
    const rows = this.#sql.exec<{ id: number; entry: string }>(
      "SELECT id, entry FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?",
      before ?? Number.MAX_SAFE_INTEGER,
      limit + 1,
    );
    const { items, more } = takePage(rows, limit, ({ entry }) => entry.length);
    return { items: items.map(({ id, entry }) => ({ id, ...(JSON.parse(entry) as AuditEntry) })), more };
  }

  /** Forgets what was written before. */
  forget(before: number): void {
    this.#sql.exec("DELETE FROM audit WHERE at <= ?", before);
  }

  clear(): void {
    this.#sql.exec("DROP TABLE IF EXISTS audit");
  }
}
