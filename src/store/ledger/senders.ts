// What shows whether a domain signs its mail, in its object's SQLite: when mail was signed, and whose bounces brought
// evidence and whose did not. Every call is one transaction, or none.

import { continueSigning, type Signing } from "../../core/readiness.ts";
import type { ObjectStorage, Table } from "../object-storage.ts";
import type { Sightings } from "../sightings.ts";

/** How exact times are kept: a write an hour is enough, and all that signing may cost. */
const HOUR_MS = 3_600_000;
/** Senders kept: strangers can bounce to any name before a route's `+`, and to any at all where there is a `*` route. */
const SENDERS_AT_MOST = 10_000;
/** Unsigned senders that are told. */
const UNSIGNED_TOLD = 1_000;
/** When a sender was last seen. */
const SEEN_AT = "max(coalesce(signed_at, 0), coalesce(unproven_at, 0))";

export class Senders implements Table {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  open(): void {
    this.#storage.sql.exec(`CREATE TABLE IF NOT EXISTS senders (
      local_part TEXT PRIMARY KEY, signed_at INTEGER, unproven_at INTEGER
    ) WITHOUT ROWID`);
  }

  /** When mail of the domain was signed last without a gap; null where it never was. */
  get signing(): Signing | null {
    return this.#storage.kv.get<Signing>("signing") ?? null;
  }

  /**
   * Takes note of what was seen.
   * @param lifetimeDays longer than which no gap in signing is
   * @returns false where it was only minting, less than an hour after the last note: nothing was written then
   */
  note(sightings: Sightings, lifetimeDays: number, now: number): boolean {
    const { minted, answerable, proven, unproven } = sightings;
    const { kv } = this.#storage;
    const onlyMinted = proven.length + unproven.length === 0;
    if (onlyMinted && now - (kv.get<number>("notedAt") ?? 0) < HOUR_MS) return false;
    this.#storage.transactionSync(() => {
      kv.put("notedAt", now);
      this.#noteSigning([...minted, ...proven], lifetimeDays, now);
      for (const [localPart, at] of [...minted, ...answerable, ...proven]) this.#sign(localPart, at);
      this.#draw(unproven);
    });
    return true;
  }

  /** Originals that drew bounces without evidence, and that nothing was ever signed for; the latest first. */
  unsignedSenders(): string[] {
    const rows = this.#storage.sql.exec<{ local_part: string }>(
      "SELECT local_part FROM senders WHERE signed_at IS NULL ORDER BY unproven_at DESC LIMIT ?",
      UNSIGNED_TOLD,
    );
    return [...rows].map((row) => row.local_part);
  }

  /** Forgets who was last seen before. */
  forget(before: number): void {
    this.#storage.sql.exec(`DELETE FROM senders WHERE ${SEEN_AT} <= ?`, before);
  }

  /** Forgets everything. */
  clear(): void {
    for (const key of ["signing", "notedAt"]) this.#storage.kv.delete(key);
    this.#storage.sql.exec("DROP TABLE IF EXISTS senders");
  }

  /** Isolates tell late what they saw, and their clocks are not this one: no time counts as later than now. */
  #noteSigning(seen: readonly (readonly [string, number])[], lifetimeDays: number, now: number): void {
    const former = this.signing;
    let signing = former;
    for (const at of seen.map(([, seenAt]) => Math.min(seenAt, now)).sort((one, other) => one - other)) {
      if (signing === null || at > signing.last) signing = continueSigning(signing, lifetimeDays, at);
    }
    if (signing === null || signing === former) return;
    const isNews = former === null || signing.since !== former.since || signing.last - former.last >= HOUR_MS;
    if (isNews) this.#storage.kv.put("signing", signing);
  }

  #sign(localPart: string, at: number): void {
    this.#storage.sql.exec(
      `INSERT INTO senders VALUES (?1, ?2, NULL) ON CONFLICT DO UPDATE SET signed_at = ?2
       WHERE signed_at IS NULL OR signed_at <= ?3`,
      localPart,
      at,
      at - HOUR_MS,
    );
  }

  #draw(unproven: readonly (readonly [string, number])[]): void {
    if (unproven.length === 0) return;
    const { sql } = this.#storage;
    const [{ held }] = [...sql.exec<{ held: number }>("SELECT count(*) AS held FROM senders")] as [
      { held: number },
    ];
    let room = SENDERS_AT_MOST - held;
    for (const [localPart, at] of unproven) {
      const [known] = sql.exec("SELECT 1 FROM senders WHERE local_part = ?", localPart);
      if (known !== undefined) {
        sql.exec(
          `UPDATE senders SET unproven_at = ?2 WHERE local_part = ?1 AND coalesce(unproven_at, 0) <= ?3`,
          localPart,
          at,
          at - HOUR_MS,
        );
      } else if (room > 0) {
        sql.exec("INSERT INTO senders VALUES (?, NULL, ?)", localPart, at);
        room -= 1;
      }
    }
  }
}
