// What apps and the operator are told, each once for its id: what came back, and what has to be mended.

import { DAY_MS } from "../../core/day.ts";
import type { Page } from "../../core/page.ts";
import type { Bounce, DomainEvent } from "../../core/record.ts";
import { type Numbered, type ObjectStorage, readPage, type Table } from "../object-storage.ts";

/** After which the operator is told again of what has not changed. */
const TOLD_AGAIN_MS = 90 * DAY_MS;

export class Events implements Table {
  readonly #storage: Pick<ObjectStorage, "sql">;

  constructor(storage: Pick<ObjectStorage, "sql">) {
    this.#storage = storage;
  }

  open(): void {
    this.#storage.sql.exec(`CREATE TABLE IF NOT EXISTS events (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL,
      type TEXT NOT NULL, bounce INTEGER NOT NULL, data TEXT NOT NULL
    )`);
  }

  /** False where one of that id is there. @param bounce whether its data is a bounce */
  add({ id, type, at, data }: DomainEvent, bounce: boolean): boolean {
    const [row] = this.#storage.sql.exec(
      "INSERT OR IGNORE INTO events (id, at, type, bounce, data) VALUES (?, ?, ?, ?, ?) RETURNING number",
      id,
      at,
      type,
      bounce ? 1 : 0,
      JSON.stringify(data),
    );
    return row !== undefined;
  }

  /** Null where there is none of that id, or it is forgotten. */
  find(id: string): DomainEvent | null {
    const [row] = this.#storage.sql.exec<{ id: string; type: string; at: number; data: string }>(
      "SELECT id, type, at, data FROM events WHERE id = ?",
      id,
    );
    return row === undefined ? null : { ...row, data: JSON.parse(row.data) as unknown };
  }

  /** A page of what came back, the newest first. @param before a number below which all of theirs are; null: the newest */
  listBounces(before: number | null, limit: number): Page<Numbered<Bounce>> {
    return readPage(this.#storage, "SELECT number, data AS item FROM events WHERE bounce = 1", before, limit);
  }

  /** Makes room by forgetting the oldest ones. */
  drop(rows: number): void {
    this.#storage.sql.exec(
      "DELETE FROM events WHERE number IN (SELECT number FROM events ORDER BY number LIMIT ?)",
      rows,
    );
  }

  /** What the operator was told is kept for so long at least that it is not told every day. */
  forget(before: number, now: number): void {
    const { sql } = this.#storage;
    sql.exec("DELETE FROM events WHERE at <= ? AND bounce = 1", before);
    sql.exec("DELETE FROM events WHERE at <= ? AND bounce = 0", Math.min(before, now - TOLD_AGAIN_MS));
  }

  clear(): void {
    this.#storage.sql.exec("DROP TABLE IF EXISTS events");
  }
}
