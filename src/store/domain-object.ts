// A domain's object: the only writer of its settings, keyring and routes. Each write is one transaction, which
// decides; then it is published to KV, which is all that mail and minting read. What can't be published at once is
// published by alarm. Two writes never run into one another.

import { DurableObject } from "cloudflare:workers";
import {
  changeRoute,
  changeSettings,
  type Refusal,
  type RoutesChange,
  replaceRoutes,
  type SettingsChange,
} from "../core/change.ts";
import { bringKeys, firstKey, type ImportedKey, type Key } from "../core/keyring.ts";
import type { Route, Routes } from "../core/route.ts";
import { createSnapshot, EVERYWHERE_MS, encodeSnapshot, revise, type Snapshot } from "../core/snapshot.ts";
import { NONCE_OCTETS, unwrapSecret, wrapSecret } from "../core/wrapping.ts";
import { readSecrets, type SecretBindings } from "../secrets.ts";
import { DIRECTORY_NAME, type DirectoryObject } from "./directory-object.ts";
import { importWrappingKeys } from "./opened-keys.ts";
import { snapshotKey } from "./published-snapshots.ts";

/** What a domain's object uses of the deployment. */
export interface DomainObjectBindings extends SecretBindings {
  readonly SNAPSHOTS: KVNamespace;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
}

/** An outcome as it crosses to the caller: the snapshot encoded. */
export type Written =
  | { readonly kind: "created" | "written"; readonly snapshot: string; readonly effectiveBy: number | null }
  | Refusal;

/** What stands in the object's storage beside the routes. A deleted domain stays until KV and the list know. */
type Stored = Omit<Snapshot, "routes"> & { readonly deleted: boolean };

/** KV takes one write a second for each key. */
const PUBLISH_EVERY_MS = 1_000;
/** When publishing is tried again after it failed, or was cut off. */
const PUBLISH_AGAIN_MS = 10_000;
/** Octets of a signing key that we make; they are stored as base64url text. */
const SECRET_OCTETS = 32;

export class DomainObject extends DurableObject<DomainObjectBindings> {
  #turn: Promise<unknown> = Promise.resolve();
  #publishedAt = 0;

  /** The domain's snapshot, encoded; null where it is not configured. Writes nothing. */
  read(): string | null {
    const snapshot = this.#load();
    return snapshot === null ? null : encodeSnapshot(snapshot);
  }

  /** Creates the domain or changes its settings. */
  configure(domain: string, change: SettingsChange): Promise<Written> {
    return this.#inTurn(async () => {
      const now = Date.now();
      const former = this.#load();
      const changed = changeSettings(former, change);
      if (changed.kind !== "settings") return changed;
      const { settings } = changed;
      if (former !== null) {
        const revised = revise(former, { settings, keys: await this.#rewrap(former) }, now);
        return this.#write(former, revised, now, "written");
      }
      const keys = await this.#firstKeys(domain, change.keys, now);
      const after = this.#stored()?.revision ?? 0;
      return this.#write(null, createSnapshot(domain, settings, keys, now, after), now, "created");
    });
  }

  /** Puts these routes in place of all others. */
  replaceRoutes(routes: readonly [string, Route][]): Promise<Written> {
    return this.#changeRoutes(() => replaceRoutes(routes));
  }

  /** Sets the route of one local-part; null removes it. */
  changeRoute(localPart: string, route: Route | null): Promise<Written> {
    return this.#changeRoutes((former) => changeRoute(former, localPart, route));
  }

  /** Deletes the domain: settings, keyring, routes. False where it is not configured. */
  forget(): Promise<boolean> {
    return this.#inTurn(async () => {
      const stored = this.#stored();
      if (stored === null || stored.deleted) return false;
      const { storage } = this.ctx;
      storage.transactionSync(() => {
        storage.kv.put("domain", { ...stored, keys: [], deleted: true } satisfies Stored);
        storage.sql.exec("DELETE FROM routes");
      });
      await storage.setAlarm(Date.now() + PUBLISH_AGAIN_MS);
      await this.#publish();
      return true;
    });
  }

  override alarm(): Promise<void> {
    return this.#inTurn(async () => {
      if (!(await this.#publish())) await this.ctx.storage.setAlarm(Date.now() + PUBLISH_AGAIN_MS);
    });
  }

  #changeRoutes(change: (former: Routes) => RoutesChange | Refusal): Promise<Written> {
    return this.#inTurn(async () => {
      const now = Date.now();
      const former = this.#load();
      if (former === null) return { kind: "unconfigured" };
      const changed = change(former.routes);
      if (changed.kind !== "routes") return changed;
      const { routes, isNew } = changed;
      const revised = revise(former, { routes, keys: await this.#rewrap(former) }, now);
      return this.#write(former, revised, now, isNew ? "created" : "written");
    });
  }

  /** The write that decides, and its publication. */
  async #write(
    former: Snapshot | null,
    snapshot: Snapshot,
    now: number,
    kind: "created" | "written",
  ): Promise<Written> {
    this.#save(former, snapshot);
    // In the same transaction as the write: were this object to stop here, the alarm publishes.
    await this.ctx.storage.setAlarm(now + PUBLISH_AGAIN_MS);
    let effectiveBy: number | null = now + EVERYWHERE_MS;
    if (now < this.#publishedAt + PUBLISH_EVERY_MS) {
      await this.ctx.storage.setAlarm(this.#publishedAt + PUBLISH_EVERY_MS);
    } else if (!(await this.#publish())) {
      effectiveBy = null;
    }
    return { kind, snapshot: encodeSnapshot(snapshot), effectiveBy };
  }

  /** Brings KV and the list of domains up to date with what is stored. False where either did not take it. */
  async #publish(): Promise<boolean> {
    const stored = this.#stored();
    if (stored === null) return true;
    try {
      const directory = this.env.DIRECTORY.get(this.env.DIRECTORY.idFromName(DIRECTORY_NAME));
      if (stored.deleted) {
        await this.env.SNAPSHOTS.delete(snapshotKey(stored.domain));
        await directory.remove(stored.domain);
        await this.ctx.storage.deleteAll();
      } else {
        await this.env.SNAPSHOTS.put(snapshotKey(stored.domain), this.read() ?? "");
        await directory.add(stored.domain);
      }
      await this.ctx.storage.deleteAlarm();
      this.#publishedAt = Date.now();
      return true;
    } catch (error) {
      console.error(JSON.stringify({ event: "publish-failed", domain: stored.domain, error: String(error) }));
      return false;
    }
  }

  #stored(): Stored | null {
    return this.ctx.storage.kv.get<Stored>("domain") ?? null;
  }

  #load(): Snapshot | null {
    const stored = this.#stored();
    if (stored === null || stored.deleted) return null;
    const { deleted, ...rest } = stored;
    const rows = this.ctx.storage.sql.exec<{ local_part: string; route: string }>("SELECT * FROM routes");
    const routes = new Map([...rows].map((row) => [row.local_part, JSON.parse(row.route) as Route]));
    return { ...rest, routes };
  }

  #save(former: Snapshot | null, snapshot: Snapshot): void {
    const { routes, ...rest } = snapshot;
    const { kv, sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      kv.put("domain", { ...rest, deleted: false } satisfies Stored);
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

  async #firstKeys(domain: string, imported: readonly ImportedKey[] | null, now: number): Promise<Key[]> {
    if (imported === null) return [firstKey(await this.#wrap({ domain, number: 0 }, makeSecret()), now)];
    const wrapped = imported.map(async ({ number, secret }) => ({
      number,
      wrapped: await this.#wrap({ domain, number }, secret),
    }));
    return bringKeys(await Promise.all(wrapped), now);
  }

  /** The keys, those under the previous KEYRING_SECRET wrapped anew under the current one. */
  async #rewrap(snapshot: Snapshot): Promise<readonly Key[]> {
    const wrappings = await importWrappingKeys(readSecrets(this.env));
    if (wrappings.length === 1) return snapshot.keys;
    return Promise.all(
      snapshot.keys.map(async (key) => {
        const place = { domain: snapshot.domain, number: key.number };
        const secret = await unwrapSecret(wrappings, place, key.wrapped);
        return { ...key, wrapped: await this.#wrap(place, secret) };
      }),
    );
  }

  async #wrap(place: { domain: string; number: number }, secret: string): Promise<string> {
    const [wrapping] = await importWrappingKeys(readSecrets(this.env));
    return wrapSecret(wrapping, place, secret, crypto.getRandomValues(new Uint8Array(NONCE_OCTETS)));
  }

  /** One at a time: storage lets other calls in while a write awaits cryptography or KV. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function makeSecret(): string {
  const octets = crypto.getRandomValues(new Uint8Array(SECRET_OCTETS));
  return btoa(String.fromCharCode(...octets))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
