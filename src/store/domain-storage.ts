// A domain's snapshot in its object's storage, the routes as rows of their own; since when it has its mode, and which
// revision KV has taken. Every call is one transaction, or none.

import type { Route } from "../core/route.ts";
import { complete, type Outline, type Snapshot } from "../core/snapshot.ts";

/** What stands in the object's storage beside the routes. A deleted domain stays until KV and the list know. */
type Stored = Outline & { readonly deleted: boolean };

export class DomainStorage {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Name and revision of the domain, deleted or not; null where there never was one. */
  trace(): { readonly domain: string; readonly revision: number; readonly deleted: boolean } | null {
    return this.#stored();
  }

  /** Whether there is such a domain: it was made, and has not been deleted. */
  get isConfigured(): boolean {
    return this.trace()?.deleted === false;
  }

  /** The domain's snapshot; null where it is not configured. */
  load(): Snapshot | null {
    const outline = this.outline();
    if (outline === null) return null;
    const rows = this.#storage.sql.exec<{ local_part: string; route: string }>("SELECT * FROM routes");
    const routes = new Map([...rows].map((row) => [row.local_part, JSON.parse(row.route) as Route]));
    return { ...outline, routes };
  }

  /** The domain's snapshot without its routes, which are not read for it; null where it is not configured. */
  outline(): Outline | null {
    const stored = this.#stored();
    if (stored === null || stored.deleted) return null;
    const { deleted, ...outline } = stored;
    return complete(outline);
  }

  /** The revision that KV and the list have taken; 0 for none. */
  get published(): number {
    return this.#storage.kv.get<number>("published") ?? 0;
  }

  set published(revision: number) {
    this.#storage.kv.put("published", revision);
  }

  /** Since when the domain has been in its mode, in milliseconds since 1970; null where no one took note. */
  get modeSince(): number | null {
    return this.#storage.kv.get<number>("modeSince") ?? null;
  }

  set modeSince(at: number) {
    this.#storage.kv.put("modeSince", at);
  }

  /** When what is old was last looked for, in milliseconds since 1970; 0 for never. */
  get forgottenAt(): number {
    return this.#storage.kv.get<number>("forgottenAt") ?? 0;
  }

  set forgottenAt(at: number) {
    this.#storage.kv.put("forgottenAt", at);
  }

  /**
   * Puts a snapshot in place of the former one, of which it writes only the routes that differ.
   * @param alongside what else belongs to this transaction
   */
  save(former: Snapshot | null, snapshot: Snapshot, now: number, alongside?: (() => void) | undefined): void {
    const { routes, ...rest } = snapshot;
    const { kv, sql } = this.#storage;
    this.#storage.transactionSync(() => {
      alongside?.();
      kv.put("domain", { ...rest, deleted: false } satisfies Stored);
      if (former?.settings.mode !== snapshot.settings.mode) kv.put("modeSince", now);
      sql.exec(
        "CREATE TABLE IF NOT EXISTS routes (local_part TEXT PRIMARY KEY, route TEXT NOT NULL) WITHOUT ROWID",
      );
      for (const localPart of former?.routes.keys() ?? []) {
        if (!routes.has(localPart)) sql.exec("DELETE FROM routes WHERE local_part = ?", localPart);
      }
      for (const [localPart, route] of routes) {
        if (former?.routes.get(localPart) === route) continue;
        sql.exec("INSERT OR REPLACE INTO routes VALUES (?, ?)", localPart, JSON.stringify(route));
      }
    });
  }

  /**
   * Deletes all but the name and revision, which KV and the list must still be told.
   * @param alongside what else belongs to this transaction
   */
  forget(alongside: () => void): void {
    const stored = this.#stored();
    if (stored === null) return;
    this.#storage.transactionSync(() => {
      alongside();
      this.#storage.kv.put("domain", { ...stored, keys: [], deleted: true } satisfies Stored);
      for (const key of ["published", "forgottenAt"]) this.#storage.kv.delete(key);
      this.#storage.sql.exec("DELETE FROM routes");
    });
  }

  #stored(): Stored | null {
    return this.#storage.kv.get<Stored>("domain") ?? null;
  }
}
