// The directory, one object of the deployment: the only writer of tokens and of the list of domains. Domain objects tell
// it of themselves. Making or revoking a token is one write, which decides; KV is told afterwards, and again by its alarm
// until it takes it.

import { DurableObject } from "cloudflare:workers";
import { type Page, takePage } from "../core/page.ts";
import { encodeToken, type Token } from "../core/token.ts";
import { TokenStorage } from "./token-storage.ts";
import { Turns } from "./turns.ts";

/** The name by which the one object is found. */
export const DIRECTORY_NAME = "directory";

/** What the directory uses of the deployment. */
export interface DirectoryBindings {
  readonly SNAPSHOTS: KVNamespace;
}

/** When what KV did not take is told again, in milliseconds. */
const AGAIN_MS = 10_000;
/** Tokens told in one go: a Worker on the Free plan has 50 subrequests. */
const TOLD_AT_ONCE = 40;

/** The KV key of a token. */
export function tokenKey(id: string): string {
  return `token:${id}`;
}

export class DirectoryObject extends DurableObject<DirectoryBindings> {
  readonly #sql = this.ctx.storage.sql;
  readonly #tokens = new TokenStorage(this.#sql);
  readonly #turns = new Turns();

  constructor(state: DurableObjectState, bindings: DirectoryBindings) {
    super(state, bindings);
    this.#sql.exec("CREATE TABLE IF NOT EXISTS domains (domain TEXT PRIMARY KEY) WITHOUT ROWID");
  }

  /** Lists a domain; one that is listed stays so. */
  add(domain: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO domains VALUES (?)", domain);
  }

  remove(domain: string): void {
    this.#sql.exec("DELETE FROM domains WHERE domain = ?", domain);
  }

  /**
   * A page of the domains behind `after`, which need not be listed, in alphabetical order.
   * @param within only those among these; null for all
   */
  list(after: string, limit: number, within: readonly string[] | null): Page<string> {
    const rows = this.#sql.exec<{ domain: string }>(
      `SELECT domain FROM domains WHERE domain > ?1
       AND (?2 IS NULL OR domain IN (SELECT value FROM json_each(?2))) ORDER BY domain LIMIT ?3`,
      after,
      within && JSON.stringify(within),
      limit + 1,
    );
    const { items, more } = takePage(rows, limit);
    return { items: items.map(({ domain }) => domain), more };
  }

  /** The token of that id, encoded; null where there is none. */
  readToken(id: string): string | null {
    const token = this.#tokens.find(id);
    return token && encodeToken(token);
  }

  /** A page of the tokens behind the id `after` whose domains are all among these; null for any. The oldest first. */
  listTokens(after: string, limit: number, within: readonly string[] | null): Page<Token> {
    return this.#tokens.list(after, limit, within);
  }

  /** Adds a token. False where KV did not take it yet. */
  addToken(token: Token): Promise<boolean> {
    return this.#write(() => this.#tokens.add(token));
  }

  /** Revokes a token whose domains are all among these; null for any. False where there is none of that id. */
  async revokeToken(id: string, within: readonly string[] | null): Promise<boolean> {
    let revoked = false;
    await this.#write(() => {
      revoked = this.#tokens.revoke(id, within);
    });
    return revoked;
  }

  override async alarm(): Promise<void> {
    await this.#turns.take(() => this.#publish());
  }

  /** The write that decides. Storage takes it together with the alarm, which is the first thing that publishing sets. */
  #write(decide: () => void): Promise<boolean> {
    return this.#turns.take(async () => {
      this.ctx.storage.transactionSync(decide);
      return this.#publish();
    });
  }

  /** Tells KV of tokens that it has not taken yet. False where it did not take all. */
  async #publish(): Promise<boolean> {
    const waiting = this.#tokens.waiting(TOLD_AT_ONCE);
    // Set first: whatever stops this run, another follows.
    if (waiting.length > 0) await this.ctx.storage.setAlarm(Date.now() + AGAIN_MS);
    else await this.ctx.storage.deleteAlarm();
    const told = await Promise.allSettled(waiting.map(({ id, token }) => this.#tell(id, token)));
    const failed = told.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      console.error(
        JSON.stringify({ event: "publish-failed", what: "tokens", error: String(failed.reason) }),
      );
      return false;
    }
    if (waiting.length === TOLD_AT_ONCE) return false;
    await this.ctx.storage.deleteAlarm();
    return true;
  }

  async #tell(id: string, token: Token | null): Promise<void> {
    const { SNAPSHOTS } = this.env;
    if (token === null) await SNAPSHOTS.delete(tokenKey(id));
    else await SNAPSHOTS.put(tokenKey(id), encodeToken(token));
    this.#tokens.settle(id, token);
  }
}
