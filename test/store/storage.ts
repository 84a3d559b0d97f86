// An object's storage on a real SQLite (Node's): only what surrounds that stands in for the platform's.

import { DatabaseSync } from "node:sqlite";
import type { ObjectStorage } from "../../src/store/object-storage.ts";

export interface TestStorage extends ObjectStorage {
  /** All of its keys and values. */
  readonly kept: Map<string, unknown>;
  /** Sets how large it claims to be. */
  databaseSize: number;
  query(sql: string): readonly Readonly<Record<string, unknown>>[];
  /** What a statement fails for, having been carried out; null where it does not. */
  fault: (query: string, bindings: readonly (string | number)[]) => string | null;
}

export function openStorage(): TestStorage {
  const database = new DatabaseSync(":memory:");
  const kept = new Map<string, unknown>();
  const storage = {
    kept,
    databaseSize: 0,
    fault: (() => null) as TestStorage["fault"],
    query: (sql: string) => database.prepare(sql).all(),
    kv: {
      get: (key: string) => kept.get(key),
      put: (key: string, value: unknown) => kept.set(key, structuredClone(value)),
      delete: (key: string) => kept.delete(key),
    },
    sql: {
      get databaseSize() {
        return storage.databaseSize;
      },
      exec(query: string, ...bindings: (string | number)[]) {
        const statements = query.split(";").filter((statement) => statement.trim() !== "");
        const rows = statements.map((statement) => {
          const prepared = database.prepare(statement);
          const named = Object.fromEntries(bindings.map((value, at) => [`?${at + 1}`, value]));
          return statement.includes("?1") ? prepared.all(named) : prepared.all(...bindings);
        });
        const fault = storage.fault(query, bindings);
        if (fault !== null) throw new Error(fault);
        return rows.at(-1) ?? [];
      },
    },
    transactionSync(closure: () => void) {
      database.exec("SAVEPOINT step");
      const before = new Map(kept);
      try {
        closure();
        database.exec("RELEASE step");
      } catch (error) {
        database.exec("ROLLBACK TO step; RELEASE step");
        kept.clear();
        for (const [key, value] of before) kept.set(key, value);
        throw error;
      }
    },
  };
  return storage as TestStorage;
}
