// What the API needs from outside: interfaces of its own, which index.ts fills.

import type { Actor, AuditEntry } from "../core/audit.ts";
import type { Outcome, Refusal, SettingsChange } from "../core/change.ts";
import type { OpenKey } from "../core/keyring.ts";
import type { Mailbox } from "../core/mailbox.ts";
import type { Page } from "../core/page.ts";
import type { Check, Readiness } from "../core/readiness.ts";
import type { Bounce, Rejection } from "../core/record.ts";
import type { ImportedKey } from "../core/rotation.ts";
import type { Route } from "../core/route.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { DayCounts } from "../core/stats.ts";
import type { Summary } from "../core/summary.ts";
import type { Grant, MadeUnder, Token } from "../core/token.ts";
import type { Caller, Credentials } from "./caller.ts";

export interface Ports extends Credentials {
  /** The instant of the request, in milliseconds since 1970. */
  readonly now: number;
  readonly open: OpenKey;
  /** Fresh random octets. */
  readonly random: (octets: number) => Uint8Array;
  /** Addresses that one call may mint for. */
  readonly maxBatch: number;
  /** Origins whose pages may call the API. */
  readonly corsOrigins: readonly string[];
  /** Whether a webhook may be at `http://127.0.0.1`. */
  readonly webhookAllowLocal: boolean;
  /** Whether one more call of this caller is within the rate. */
  isWithinRate(caller: Caller): Promise<boolean>;
  /** Whether what was thrown is storage that did not answer. */
  isUnreachable(error: unknown): boolean;
  readonly snapshots: {
    /** Null where the domain is not configured; its object has been asked then. */
    read(domain: string): Promise<Snapshot | null>;
    confirm(domain: string): Promise<Snapshot | null>;
  };
  /** Looks the domain up in the DNS, and checks what is there; empty where a deployment leaves that out. Never fails. */
  examineDns(domain: string, dkimSelectors: readonly string[]): Promise<readonly Check[]>;
  /** Takes note that a reverse-path, or only a Message-ID, was minted for this original. Never fails, never awaited. */
  note(sighting: "minted" | "answerable", original: Mailbox): void;
  /** One line of the log. */
  log(line: object): void;
  /** The domains' objects. Every call may throw `StorageUnreachable`. */
  readonly domains: {
    read(domain: string): Promise<Snapshot | null>;
    /** A page of those behind `after` that the caller may reach, in alphabetical order. */
    list(after: string, limit: number, caller: Grant): Promise<Page<string>>;
    /** Every write goes to the audit, with who asked for it. */
    configure(domain: string, change: SettingsChange, by: Actor): Promise<Outcome>;
    readiness(domain: string): Promise<Readiness | null>;
    /** At a glance, with counts of so many days. */
    summary(domain: string, days: number): Promise<Summary | null>;
    forget(domain: string, by: Actor): Promise<boolean>;
    /** A page of the writes before that number, the newest first; null where the domain is not configured. */
    audit(
      domain: string,
      before: number | null,
      limit: number,
    ): Promise<Page<AuditEntry & { readonly id: number }> | null>;
    replaceRoutes(domain: string, routes: readonly [string, Route][], by: Actor): Promise<Outcome>;
    /** The key added is the last of the snapshot's. */
    rotateKeys(domain: string, by: Actor): Promise<Outcome>;
    bringKey(domain: string, key: ImportedKey, sign: boolean, by: Actor): Promise<Outcome>;
    retireKey(domain: string, number: number, by: Actor): Promise<Outcome>;
    changeRoute(domain: string, localPart: string, route: Route | null, by: Actor): Promise<Outcome>;
    /** Counts of so many days, today among them; null where the domain is not configured. So are the lists. */
    stats(domain: string, days: number): Promise<readonly DayCounts[] | null>;
    /** A page of what came back before that number, the newest first. */
    bounces(domain: string, before: number | null, limit: number): Promise<Page<Bounce & Numbered> | null>;
    rejections(
      domain: string,
      before: number | null,
      limit: number,
    ): Promise<Page<Rejection & Numbered> | null>;
    /** Null where there is no webhook. */
    webhook(domain: string): Promise<WebhookHealth | null>;
    /** `secret` is told this once. */
    setWebhook(
      domain: string,
      url: string,
      by: Actor,
    ): Promise<{ readonly kind: "created" | "written"; readonly secret: string } | Refusal>;
    removeWebhook(domain: string, by: Actor): Promise<boolean>;
    redeliver(domain: string, id: string): Promise<"queued" | "no-webhook" | "no-event" | "disabled">;
  };
  /** The directory. Every call may throw `StorageUnreachable`. */
  readonly tokens: {
    read(id: string): Promise<Token | null>;
    /** A page of those behind the id `after` that are within what the caller may reach, the oldest first. */
    list(
      after: string,
      limit: number,
      caller: Grant,
    ): Promise<Page<Token & { readonly madeUnder: MadeUnder }>>;
    /** `text` is the token itself, of which nothing else is kept. */
    create(
      name: string,
      grant: Grant,
    ): Promise<Token & { readonly text: string; readonly effectiveBy: number | null }>;
    /** False where none of that id is within what the caller may reach. */
    revoke(id: string, caller: Grant): Promise<boolean>;
  };
}

/** Later items have higher numbers. */
interface Numbered {
  readonly number: number;
}

/** A webhook, and how its deliveries fare; instants in milliseconds since 1970. */
export interface WebhookHealth {
  readonly url: string;
  readonly lastSuccess: number | null;
  readonly lastFailure: number | null;
  readonly lastError: string | null;
  readonly pending: number;
  readonly disabled: boolean;
}

/** Hono's types for an app whose handlers take the ports from `context.env`. */
export interface Api {
  Bindings: Ports;
  Variables: { readonly caller: Caller; readonly requestId: string };
}
