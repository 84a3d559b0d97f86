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
import { readSecrets, type SecretBindings } from "../secrets.ts";
import { DIRECTORY_NAME, type DirectoryObject } from "./directory-object.ts";
import { DomainStorage } from "./domain-storage.ts";
import { snapshotKey } from "./published-snapshots.ts";
import { makeWrapped, rewrap, wrapImported } from "./wrapped-keys.ts";

/** What a domain's object uses of the deployment. */
export interface DomainObjectBindings extends SecretBindings {
  readonly SNAPSHOTS: KVNamespace;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
}

/** An outcome as it crosses to the caller: the snapshot encoded. */
export type Written =
  | { readonly kind: "created" | "written"; readonly snapshot: string; readonly effectiveBy: number | null }
  | Refusal;

/** KV takes one write a second for each key. */
const PUBLISH_EVERY_MS = 1_000;
/** When publishing is tried again after it failed, or was cut off. */
const PUBLISH_AGAIN_MS = 10_000;

export class DomainObject extends DurableObject<DomainObjectBindings> {
  readonly #storage = new DomainStorage(this.ctx.storage);
  #turn: Promise<unknown> = Promise.resolve();
  #publishedAt = 0;

  /** The domain's snapshot, encoded; null where it is not configured. Writes nothing. */
  read(): string | null {
    const snapshot = this.#storage.load();
    return snapshot === null ? null : encodeSnapshot(snapshot);
  }

  /** Creates the domain or changes its settings. */
  configure(domain: string, change: SettingsChange): Promise<Written> {
    return this.#inTurn(async () => {
      const now = Date.now();
      const former = this.#storage.load();
      const changed = changeSettings(former, change);
      if (changed.kind !== "settings") return changed;
      const { settings } = changed;
      if (former !== null) return this.#revise(former, { settings }, now);
      const keys = await this.#firstKeys(domain, change.keys, now);
      const after = this.#storage.trace()?.revision ?? 0;
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
      if (this.#storage.load() === null) return false;
      this.#storage.forget();
      await this.ctx.storage.setAlarm(Date.now() + PUBLISH_AGAIN_MS);
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
      const former = this.#storage.load();
      if (former === null) return { kind: "unconfigured" };
      const changed = change(former.routes);
      if (changed.kind !== "routes") return changed;
      const { routes, isNew } = changed;
      return this.#revise(former, { routes }, Date.now(), isNew ? "created" : "written");
    });
  }

  async #revise(
    former: Snapshot,
    change: Parameters<typeof revise>[1],
    now: number,
    kind: "created" | "written" = "written",
  ): Promise<Written> {
    const rewrapped = await rewrap(readSecrets(this.env), former);
    return this.#write(former, revise(rewrapped, change, now), now, kind);
  }

  /** The write that decides, and its publication. */
  async #write(
    former: Snapshot | null,
    snapshot: Snapshot,
    now: number,
    kind: "created" | "written",
  ): Promise<Written> {
    this.#storage.save(former, snapshot);
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
    const trace = this.#storage.trace();
    if (trace === null) return true;
    try {
      const directory = this.env.DIRECTORY.get(this.env.DIRECTORY.idFromName(DIRECTORY_NAME));
      if (trace.deleted) {
        await this.env.SNAPSHOTS.delete(snapshotKey(trace.domain));
        await directory.remove(trace.domain);
        await this.ctx.storage.deleteAll();
      } else {
        await this.env.SNAPSHOTS.put(snapshotKey(trace.domain), this.read() ?? "");
        await directory.add(trace.domain);
      }
      await this.ctx.storage.deleteAlarm();
      this.#publishedAt = Date.now();
      return true;
    } catch (error) {
      console.error(JSON.stringify({ event: "publish-failed", domain: trace.domain, error: String(error) }));
      return false;
    }
  }

  async #firstKeys(domain: string, imported: readonly ImportedKey[] | null, now: number): Promise<Key[]> {
    const secrets = readSecrets(this.env);
    if (imported === null) return [firstKey(await makeWrapped(secrets, { domain, number: 0 }), now)];
    const wrapped = imported.map(async (key) => ({
      number: key.number,
      wrapped: await wrapImported(secrets, domain, key),
    }));
    return bringKeys(await Promise.all(wrapped), now);
  }

  /** One at a time: storage lets other calls in while a write awaits cryptography or KV. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
