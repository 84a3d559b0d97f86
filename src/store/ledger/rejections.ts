// Samples of what was refused, or would have been. However much is forged, so many are kept and no more.

import type { Page } from "../../core/page.ts";
import type { Rejection } from "../../core/record.ts";
import { type Numbered, type ObjectStorage, readPage, type Table } from "../object-storage.ts";

const KEPT_AT_MOST = 50_000;
/** Samples taken in a row, and how long one is waited for after that: 2,880 a day, of two rows each. */
const IN_A_ROW = 1_000;
const EVERY_MS = 30_000;

export class Rejections implements Table {
  readonly #storage: Pick<ObjectStorage, "sql">;
  /** Each sample takes its time, and may be taken ahead of it: the instant up to which they are. Null: not looked up. */
  #takenUntil: number | null = null;

  constructor(storage: Pick<ObjectStorage, "sql">) {
    this.#storage = storage;
  }

  open(): void {
    this.#storage.sql.exec(`CREATE TABLE IF NOT EXISTS rejections (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, rejection TEXT NOT NULL
    )`);
  }

  has(id: string): boolean {
    const [row] = this.#storage.sql.exec("SELECT 1 AS known FROM rejections WHERE id = ?", id);
    return row !== undefined;
  }

  /** Keeps a sample, once for each id, unless there have been too many of late. */
  add(rejection: Rejection, now: number): void {
    this.#takenUntil ??= this.#findTakenUntil();
    const until = Math.max(this.#takenUntil, now) + EVERY_MS;
    if (until > now + IN_A_ROW * EVERY_MS) return;
    this.#takenUntil = until;
    const [row] = this.#storage.sql.exec<{ number: number }>(
      "INSERT OR IGNORE INTO rejections (id, at, rejection) VALUES (?, ?, ?) RETURNING number",
      rejection.id,
      now,
      JSON.stringify(rejection),
    );
    if (row === undefined) return;
    this.#storage.sql.exec("DELETE FROM rejections WHERE number <= ?", row.number - KEPT_AT_MOST);
  }

  /** A page, the newest first. @param before a number below which all of theirs are; null for the newest */
  list(before: number | null, limit: number): Page<Numbered<Rejection>> {
    return readPage(this.#storage, "SELECT number, rejection AS item FROM rejections WHERE 1", before, limit);
  }

  forget(before: number): void {
    this.#storage.sql.exec("DELETE FROM rejections WHERE at <= ?", before);
  }

  clear(): void {
    this.#takenUntil = null;
    this.#storage.sql.exec("DROP TABLE IF EXISTS rejections");
  }

  #findTakenUntil(): number {
    const rows = this.#storage.sql.exec<{ at: number }>(
      "SELECT at FROM (SELECT number, at FROM rejections ORDER BY number DESC LIMIT ?) ORDER BY number",
      IN_A_ROW,
    );
    let until = 0;
    for (const { at } of rows) until = Math.max(until, at) + EVERY_MS;
    return until;
  }
}
