// Tokens in the directory's SQLite: a row each, without its text. A row waits until KV has taken it; a revoked one is
// deleted when KV has. Every call is one transaction.

import { type Page, takePage } from "../core/page.ts";
import type { Scope, Token } from "../core/token.ts";

/** What is used of an object's storage. */
interface TokenSql {
  exec<Row extends Record<string, string | number | null>>(
    query: string,
    ...bindings: (string | number | null)[]
  ): Iterable<Row>;
}

type Row = {
  id: string;
  name: string;
  scopes: string;
  domains: string;
  created: number;
  digest: string;
  mac_key: string;
};

/** Holds for a token none of whose domains is outside `?`, a list in JSON; null holds for all. */
const WITHIN = `(?2 IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(tokens.domains) AS named
  WHERE named.value NOT IN (SELECT value FROM json_each(?2))))`;

export class TokenStorage {
  readonly #sql: TokenSql;

  constructor(sql: TokenSql) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS tokens (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, scopes TEXT NOT NULL, domains TEXT NOT NULL, created INTEGER NOT NULL,
        digest TEXT NOT NULL, mac_key TEXT NOT NULL, revoked INTEGER NOT NULL, waiting INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS tokens_waiting ON tokens (waiting) WHERE waiting = 1`);
  }

  add({ id, name, scopes, domains, created, digest, macKey }: Token): void {
    this.#sql.exec(
      "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, 0, 1)",
      id,
      name,
      JSON.stringify(scopes),
      JSON.stringify(domains),
      created,
      digest,
      macKey,
    );
  }

  /** The token of that id; null where there is none, or it is revoked. */
  find(id: string): Token | null {
    const [row] = this.#sql.exec<Row>("SELECT * FROM tokens WHERE id = ? AND revoked = 0", id);
    return row === undefined ? null : read(row);
  }

  /**
   * A page of the tokens behind the id `after`, the oldest first.
   * @param within only those all of whose domains are among these; null for all
   */
  list(after: string, limit: number, within: readonly string[] | null): Page<Token> {
    const rows = this.#sql.exec<Row>(
      `SELECT * FROM tokens WHERE id > ?1 AND revoked = 0 AND ${WITHIN} ORDER BY id LIMIT ?3`,
      after,
      within && JSON.stringify(within),
      limit + 1,
    );
    const { items, more } = takePage(rows, limit, ({ domains }) => domains.length);
    return { items: items.map(read), more };
  }

  /** Revokes the token. False where there is none of that id within these domains. */
  revoke(id: string, within: readonly string[] | null): boolean {
    const revoked = this.#sql.exec(
      `UPDATE tokens SET revoked = 1, waiting = 1 WHERE id = ?1 AND revoked = 0 AND ${WITHIN} RETURNING id`,
      id,
      within && JSON.stringify(within),
    );
    return [...revoked].length > 0;
  }

  /** At most `limit` of those that KV has not taken yet, with the token as it shall be there; null is a revoked one. */
  waiting(limit: number): { readonly id: string; readonly token: Token | null }[] {
    const rows = this.#sql.exec<Row & { revoked: number }>(
      "SELECT * FROM tokens WHERE waiting = 1 LIMIT ?",
      limit,
    );
    return [...rows].map((row) => ({ id: row.id, token: row.revoked === 1 ? null : read(row) }));
  }

  /** Takes note that KV has this one as it was told. */
  settle(id: string, token: Token | null): void {
    if (token === null) this.#sql.exec("DELETE FROM tokens WHERE id = ? AND revoked = 1", id);
    else this.#sql.exec("UPDATE tokens SET waiting = 0 WHERE id = ? AND revoked = 0", id);
  }
}

function read({ mac_key: macKey, scopes, domains, id, name, created, digest }: Row): Token {
  return {
    id,
    name,
    scopes: JSON.parse(scopes) as Scope[],
    domains: JSON.parse(domains) as string[],
    created,
    digest,
    macKey,
  };
}
