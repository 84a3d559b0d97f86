// A domain's object: the only writer of its settings, keyring, routes and webhook. Each write is one transaction, which
// decides; then it is published to KV, which is all that mail and minting read. Its alarm publishes what could not be
// published at once, rotates the keyring, drops keys under which nothing lives, forgets what is old, and tells the webhook.
// Two writes never run into one another.

import { DurableObject } from "cloudflare:workers";
import { type Actor, compareSnapshots, isUnchanged, type Occasion, SCHEDULE } from "../core/audit.ts";
import {
  changeRoute,
  changeSettings,
  type Refusal,
  type RoutesChange,
  replaceRoutes,
  type SettingsChange,
} from "../core/change.ts";
import { DAY_MS, earliest } from "../core/day.ts";
import type { Page } from "../core/page.ts";
import type { Readiness } from "../core/readiness.ts";
import { EVERYWHERE_MS, type ImportedKey, type KeysChange, retire, tendingDueAt } from "../core/rotation.ts";
import type { Route } from "../core/route.ts";
import { createSnapshot, encodeSnapshot, revise, type Snapshot } from "../core/snapshot.ts";
import type { Summary } from "../core/summary.ts";
import { writeLine } from "../deployment/log.ts";
import { readSecrets, type SecretBindings } from "../deployment/secrets.ts";
import { readVars, type VarBindings } from "../deployment/vars.ts";
import { DomainLedger } from "./domain-ledger.ts";
import { DomainReadiness } from "./domain-readiness.ts";
import { DomainRecords } from "./domain-records.ts";
import { DomainStorage } from "./domain-storage.ts";
import { DomainWebhook } from "./domain-webhook.ts";
import type { AuditRow } from "./ledger/audit.ts";
import { PUBLISH_EVERY_MS, Publication, type PublicationBindings } from "./publication.ts";
import { Turns } from "./turns.ts";
import { addImportedKey, addOwnKey, makeFirstKeys, rewrap, tendKeys } from "./wrapped-keys.ts";

/** What a domain's object uses of the deployment. */
export interface DomainObjectBindings extends PublicationBindings, SecretBindings, VarBindings {}

type WriteKind = "created" | "written";

/** An outcome as it crosses to the caller: the snapshot encoded. */
export type Written =
  | { readonly kind: WriteKind; readonly snapshot: string; readonly effectiveBy: number | null }
  | Refusal;

/** The parts of a domain after a change, or why it can't be made. */
type Changed = RoutesChange | KeysChange | Refusal;

/** How often the alarm looks at a domain for which nothing is due: what has grown old sets no alarm. */
const TEND_EVERY_MS = 7 * DAY_MS;
/** When the alarm tries again what failed, or was cut off. */
const AGAIN_MS = 10_000;

export class DomainObject extends DurableObject<DomainObjectBindings> {
  readonly #storage = new DomainStorage(this.ctx.storage);
  readonly #turns = new Turns();
  readonly #records = new DomainRecords(this.ctx.storage, this.#storage);
  readonly #readiness = new DomainReadiness(this.#storage, this.#records.senders);
  readonly #ledger = new DomainLedger(this.#storage, this.#records, (at) => this.#wakeBy(at));
  readonly #webhook = new DomainWebhook(this.ctx.storage, {
    turns: this.#turns,
    storage: this.#storage,
    records: this.#records,
    secrets: () => readSecrets(this.env),
    log: (occasion) => this.#log(occasion),
    wakeBy: (at) => this.#wakeBy(at),
  });
  readonly #publication = new Publication(this.env, this.#storage);

  constructor(state: DurableObjectState, bindings: DomainObjectBindings) {
    super(state, bindings);
    if (!this.#storage.isConfigured) return;
    void state.blockConcurrencyWhile(() => this.#attempt("resuming-failed", () => this.#resume()));
  }

  /** The domain's snapshot, encoded; null where it is not configured. Writes nothing. */
  read(): string | null {
    const snapshot = this.#storage.load();
    return snapshot === null ? null : encodeSnapshot(snapshot);
  }

  /** Creates the domain or changes its settings. */
  configure(domain: string, change: SettingsChange, by: Actor): Promise<Written> {
    return this.#turns.take(async () => {
      const now = Date.now();
      const former = this.#storage.load();
      const changed = changeSettings(former, change, (settings) =>
        this.#readiness.findMissing(former, settings, change.force, now),
      );
      if (changed.kind !== "settings") return changed;
      const { settings, forced } = changed;
      if (former !== null) {
        return this.#revise(former, { settings }, now, "written", { by, action: "settings.changed", forced });
      }
      const keys = await makeFirstKeys(readSecrets(this.env), domain, change.keys, now);
      const after = this.#storage.trace()?.revision ?? 0;
      const snapshot = createSnapshot(domain, settings, keys, now, after);
      return this.#write(null, snapshot, now, "created", { by, action: "domain.created", forced });
    });
  }

  /** Puts these routes in place of all others. */
  replaceRoutes(routes: readonly [string, Route][], by: Actor): Promise<Written> {
    return this.#change({ by, action: "routes.replaced" }, () => replaceRoutes(routes));
  }

  /** Sets the route of one local-part; null removes it. */
  changeRoute(localPart: string, route: Route | null, by: Actor): Promise<Written> {
    return this.#change({ by, action: "route.changed" }, (former) =>
      changeRoute(former.routes, localPart, route),
    );
  }

  /** Adds a key of the domain's own, which signs when every location has it. */
  rotateKeys(by: Actor): Promise<Written> {
    return this.#change({ by, action: "key.rotated" }, (former, now) =>
      addOwnKey(readSecrets(this.env), former, now),
    );
  }

  /** Adds a key brought along. */
  bringKey(key: ImportedKey, sign: boolean, by: Actor): Promise<Written> {
    return this.#change({ by, action: "key.imported" }, (former, now) =>
      addImportedKey(readSecrets(this.env), former, key, sign, now),
    );
  }

  /** Retires a key by hand: nothing under it validates from now on. */
  retireKey(number: number, by: Actor): Promise<Written> {
    return this.#change({ by, action: "key.retired" }, ({ keys, lifetimes, messageIdLifetimes }, now) =>
      retire(keys, number, [...lifetimes, ...messageIdLifetimes], now),
    );
  }

  /** Deletes the domain: settings, keyring, routes. False where it is not configured. */
  forget(by: Actor): Promise<boolean> {
    return this.#turns.take(async () => {
      if (this.#storage.load() === null) return false;
      this.#storage.forget(() => this.#records.clear());
      this.#log({ by, action: "domain.deleted" });
      await this.ctx.storage.setAlarm(Date.now() + AGAIN_MS);
      await this.#publish();
      return true;
    });
  }

  /** What is known of the domain's signing, checked; null where it is not configured. */
  readiness(): Readiness | null {
    const snapshot = this.#storage.load();
    return snapshot && this.#readiness.check(snapshot, Date.now());
  }

  /** The domain at a glance, with counts of so many days; null where it is not configured. */
  summary(days: number): Summary | null {
    const snapshot = this.#storage.load();
    if (snapshot === null) return null;
    return {
      mode: snapshot.settings.mode,
      readiness: this.#readiness.check(snapshot, Date.now()),
      days: this.#ledger.stats(days) ?? [],
      webhook: this.#webhook.read(),
    };
  }

  /** A page of writes before that number, the newest first; null where the domain is not configured. */
  audit(before: number | null, limit: number): Page<AuditRow> | null {
    return this.#storage.isConfigured ? this.#records.audit.list(before, limit) : null;
  }

  /** What mail records and counts, and what was. */
  get ledger(): DomainLedger {
    return this.#ledger;
  }

  /** The webhook: setting it, and how it fares. */
  get webhook(): DomainWebhook {
    return this.#webhook;
  }

  override alarm(): Promise<void> {
    return this.#turns.take(async () => {
      // The domain was deleted while this waited its turn.
      if (this.#storage.trace() === null) return this.ctx.storage.deleteAlarm();
      const now = Date.now();
      // Set first: whatever stops this run, another follows.
      await this.ctx.storage.setAlarm(now + AGAIN_MS);
      const tended = !this.#storage.isConfigured || (await this.#tend(now));
      const published = await this.#publish();
      this.#deliver(now);
      if (tended && published) await this.#schedule(now);
    });
  }

  /** Does what time asks for, one by one: what fails for one is no reason to leave the others undone. */
  async #tend(now: number): Promise<boolean> {
    const done = [
      await this.#attempt("tending-failed", () => this.#tendKeys(now)),
      await this.#forget(now),
      await this.#attempt("noticing-failed", async () => {
        const outline = this.#storage.outline();
        if (outline !== null) this.#records.notice(outline, now);
      }),
    ];
    return done.every((isDone) => isDone);
  }

  async #forget(now: number): Promise<boolean> {
    if (!this.#records.isForgetDue(now)) return true;
    const pruned = await this.#attempt("pruning-failed", async () =>
      this.#records.audit.forget(now - this.#keepMs),
    );
    const forgotten = await this.#attempt("forgetting-failed", async () =>
      this.#records.forget(this.#keepMs, now),
    );
    return pruned && forgotten;
  }

  /** Makes up for what an earlier version of this object, or one that was cut off, may have left undone. */
  async #resume(): Promise<void> {
    const { storage } = this.ctx;
    const now = Date.now();
    if ((await storage.getAlarm()) === null) await storage.setAlarm(now + AGAIN_MS);
    this.#storage.modeSince ??= now;
    this.#records.open();
  }

  /** Changes routes or keys of a configured domain, whose keyring is first brought up to the time. */
  #change(
    occasion: Occasion,
    change: (former: Snapshot, now: number) => Changed | Promise<Changed>,
  ): Promise<Written> {
    return this.#turns.take(async () => {
      const now = Date.now();
      const former = this.#storage.load();
      if (former === null) return { kind: "unconfigured" };
      const changed = await change(revise(former, {}, now), now);
      if (changed.kind !== "keys" && changed.kind !== "routes") return changed;
      const parts = changed.kind === "keys" ? { keys: changed.keys } : { routes: changed.routes };
      return this.#revise(former, parts, now, changed.isNew ? "created" : "written", occasion);
    });
  }

  async #revise(
    former: Snapshot,
    parts: Parameters<typeof revise>[1],
    now: number,
    kind: WriteKind,
    occasion: Occasion,
  ): Promise<Written> {
    const revised = await rewrap(readSecrets(this.env), revise(former, parts, now));
    await this.#rewrapWebhook(former.domain);
    return this.#write(former, revised, now, kind, occasion);
  }

  /** The write that decides, and its publication. */
  async #write(
    former: Snapshot | null,
    snapshot: Snapshot,
    now: number,
    kind: WriteKind,
    occasion: Occasion,
  ): Promise<Written> {
    this.#save(former, snapshot, now, occasion);
    // In the same transaction as the write: were this object to stop here, the alarm publishes.
    await this.ctx.storage.setAlarm(now + AGAIN_MS);
    let effectiveBy: number | null = now + EVERYWHERE_MS;
    if (now < this.#publication.nextAt) {
      if (former === null) await this.#attempt("listing-failed", () => this.#publication.list());
      await this.ctx.storage.setAlarm(this.#publication.nextAt);
    } else if (await this.#publish()) {
      await this.#schedule(now);
    } else {
      effectiveBy = null;
    }
    return { kind, snapshot: encodeSnapshot(snapshot), effectiveBy };
  }

  /** Writes the snapshot, and to the audit what it changed. */
  #save(former: Snapshot | null, snapshot: Snapshot, now: number, occasion: Occasion): void {
    const { by, action, forced = [] } = occasion;
    const changes = compareSnapshots(former, snapshot, now);
    const isNews = former === null || !isUnchanged(changes);
    this.#storage.save(former, snapshot, now, () => {
      if (former === null) this.#records.open();
      if (isNews) this.#records.audit.add({ at: now, by, action, forced, changes });
    });
    if (isNews) this.#log(occasion);
  }

  #log({ by, action, forced = [] }: Occasion): void {
    const { domain } = this.#storage.trace() ?? { domain: null };
    writeLine({ event: "changed", domain, action, by: by.id ?? by.kind, forced: forced.length > 0 });
  }

  async #tendKeys(now: number): Promise<void> {
    const outline = this.#storage.outline();
    const due = outline && tendingDueAt(outline.keys, outline.settings.rotateDays, now);
    const former = due === null || due > now ? null : this.#storage.load();
    const tended = former && (await tendKeys(readSecrets(this.env), former, now));
    if (tended === null) return;
    await this.#rewrapWebhook(tended.domain);
    this.#save(former, tended, now, { by: SCHEDULE, action: "keys.tended" });
  }

  /** The webhook's secret is wrapped anew when the keys are. */
  async #rewrapWebhook(domain: string): Promise<void> {
    const { webhook } = this.#records;
    await this.#attempt("rewrapping-failed", () => webhook.rewrap(readSecrets(this.env), domain));
  }

  /** Has the alarm come by then at the latest; null is never. */
  async #wakeBy(at: number | null): Promise<void> {
    if (at === null) return;
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || at < alarm) await this.ctx.storage.setAlarm(at);
  }

  /** Sends what is due. Nothing waits for it: a receiver that hangs holds up no write, and no key. */
  #deliver(now: number): void {
    const due = this.#records.webhook.dueAt(now);
    const domain = this.#storage.trace()?.domain;
    if (due === null || due > now || domain === undefined) return;
    const { webhook } = this.#records;
    const work = this.#attempt("delivering-failed", async () => {
      await webhook.deliver(readSecrets(this.env), domain);
      await this.#wakeBy(webhook.dueAt(Date.now()));
    });
    this.ctx.waitUntil(work);
  }

  /** Sets the alarm for when something is due. Where that can't be found, the alarm that is set comes sooner. */
  async #schedule(now: number): Promise<void> {
    await this.#attempt("scheduling-failed", async () => {
      const outline = this.#storage.outline();
      if (outline === null) return;
      const { keys, settings } = outline;
      const due = [
        tendingDueAt(keys, settings.rotateDays, now),
        this.#records.noticeDueAt(outline, now),
        this.#records.webhook.dueAt(now),
        // What is old is forgotten then, too.
        now + TEND_EVERY_MS,
      ];
      await this.ctx.storage.setAlarm(Math.max(earliest(due) ?? 0, now + PUBLISH_EVERY_MS));
    });
  }

  /** How long what is known of messages and senders is kept. */
  get #keepMs(): number {
    return readVars(this.env).recordDays * DAY_MS;
  }

  /** Publishes what is stored, and deletes what is left of a domain that is gone. False where it was not taken. */
  async #publish(): Promise<boolean> {
    return this.#attempt("publish-failed", async () => {
      const { gone } = await this.#publication.publish();
      if (!gone) return;
      await this.ctx.storage.deleteAlarm();
      await this.ctx.storage.deleteAll();
    });
  }

  /** Whether the work was done; what it throws is logged. */
  async #attempt(failure: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const { domain } = this.#storage.trace() ?? { domain: null };
      console.error(JSON.stringify({ event: failure, domain, error: String(error) }));
      return false;
    }
  }
}
