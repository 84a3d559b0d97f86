// The list of domains: the one object of the deployment that writes it. Domain objects tell it of themselves.

import { DurableObject } from "cloudflare:workers";

/** The name by which the one object is found. */
export const DIRECTORY_NAME = "directory";

export interface DomainsPage {
  /** In alphabetical order. */
  readonly domains: string[];
  /** Whether more follow. */
  readonly more: boolean;
}

export class DirectoryObject extends DurableObject {
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS domains (domain TEXT PRIMARY KEY) WITHOUT ROWID");
  }

  /** Lists a domain; one that is listed stays so. */
  add(domain: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO domains VALUES (?)", domain);
  }

  remove(domain: string): void {
    this.#sql.exec("DELETE FROM domains WHERE domain = ?", domain);
  }

  /** At most `limit` domains behind `after`, which need not be listed. */
  list(after: string, limit: number): DomainsPage {
    const rows = this.#sql
      .exec<{ domain: string }>(
        "SELECT domain FROM domains WHERE domain > ? ORDER BY domain LIMIT ?",
        after,
        limit + 1,
      )
      .toArray();
    return { domains: rows.slice(0, limit).map((row) => row.domain), more: rows.length > limit };
  }
}
