// What the API needs from outside: interfaces of its own, which index.ts fills.

import type { Outcome, SettingsChange } from "../core/change.ts";
import type { OpenKey } from "../core/keyring.ts";
import type { Mailbox } from "../core/mailbox.ts";
import type { Readiness } from "../core/readiness.ts";
import type { ImportedKey } from "../core/rotation.ts";
import type { Route } from "../core/route.ts";
import type { Snapshot } from "../core/snapshot.ts";

export interface Ports {
  /** The instant of the request, in milliseconds since 1970. */
  readonly now: number;
  readonly adminToken: string;
  readonly open: OpenKey;
  /** Fresh random octets. */
  readonly random: (octets: number) => Uint8Array;
  readonly snapshots: {
    /** Null where the domain is not configured; its object has been asked then. */
    read(domain: string): Promise<Snapshot | null>;
    confirm(domain: string): Promise<Snapshot | null>;
  };
  /** Takes note that a reverse-path, or only a Message-ID, was minted for this original. Never fails, never awaited. */
  note(sighting: "minted" | "answerable", original: Mailbox): void;
  /** One line for each minted address. */
  log(line: object): void;
  /** The domains' objects. Every call may throw `StorageUnreachable`. */
  readonly domains: {
    read(domain: string): Promise<Snapshot | null>;
    list(after: string, limit: number): Promise<{ domains: string[]; more: boolean }>;
    configure(domain: string, change: SettingsChange): Promise<Outcome>;
    readiness(domain: string): Promise<Readiness | null>;
    forget(domain: string): Promise<boolean>;
    replaceRoutes(domain: string, routes: readonly [string, Route][]): Promise<Outcome>;
    /** The key added is the last of the snapshot's. */
    rotateKeys(domain: string): Promise<Outcome>;
    bringKey(domain: string, key: ImportedKey, sign: boolean): Promise<Outcome>;
    retireKey(domain: string, number: number): Promise<Outcome>;
    changeRoute(domain: string, localPart: string, route: Route | null): Promise<Outcome>;
  };
}

/** Hono's types for an app whose handlers take the ports from `context.env`. */
export interface Api {
  Bindings: Ports;
}
