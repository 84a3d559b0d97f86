// What is used of an object's storage, and the form that the parts of its ledger have in common.

import type { Page } from "../core/page.ts";
import { takePage } from "../core/page.ts";

export interface ObjectStorage {
  readonly kv: {
    get<Value>(key: string): Value | undefined;
    put(key: string, value: unknown): void;
    delete(key: string): boolean;
  };
  readonly sql: {
    readonly databaseSize: number;
    exec<Row extends Record<string, string | number | null>>(
      query: string,
      ...bindings: (string | number)[]
    ): Iterable<Row>;
  };
  transactionSync(closure: () => void): void;
}

/** A table of the ledger. */
export interface Table {
  /** Makes it where it is not there. */
  open(): void;
  /** Forgets what was written before, by its own terms. */
  forget(before: number, now: number): void;
  clear(): void;
}

/** An item by its number: later ones have higher numbers. */
export type Numbered<Item> = Item & { readonly number: number };

/**
 * A page of items, the newest first.
 * @param select their numbers, and each as JSON by the name of `item`; ends where a condition may follow
 * @param before a number below which all of theirs are; null for the newest
 */
export function readPage<Item>(
  { sql }: Pick<ObjectStorage, "sql">,
  select: string,
  before: number | null,
  limit: number,
): Page<Numbered<Item>> {
  const rows = sql.exec<{ number: number; item: string }>(
    `${select} AND number < ? ORDER BY number DESC LIMIT ?`,
    before ?? Number.MAX_SAFE_INTEGER,
    limit + 1,
  );
  const { items, more } = takePage(rows, limit, ({ item }) => item.length);
  return { items: items.map(({ number, item }) => ({ ...(JSON.parse(item) as Item), number })), more };
}
