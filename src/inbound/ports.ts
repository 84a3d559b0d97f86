// What receiving a message needs from outside: an interface of its own, which index.ts fills.

import type { Claim, Judging } from "../core/judge.ts";
import type { Counted, MessageRecord } from "../core/record.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { Entry } from "./entry.ts";

export interface Receiving {
  readonly snapshots: {
    /** The domain's snapshot as this location has it; null where the domain is not configured. */
    read(domain: string): Promise<Snapshot | null>;
    /** The same, after the domain's object was asked. Throws where it can't be. */
    confirm(domain: string): Promise<Snapshot | null>;
  };
  readonly keys: Omit<Judging, "admit">;
  /** Whether the message of that id is among those that the claim's address may bring. Never fails. */
  readonly admit: (claim: Claim, id: string) => Promise<boolean>;
  /** Keeps a message in its domain's ledger, once for each id. Throws where it does not. */
  readonly record: (domain: string, record: MessageRecord, entry: Entry) => Promise<void>;
  /** Has work done behind the handler's back; what it throws is tried again, then logged. */
  readonly later: (work: () => Promise<void>, entry: Entry) => void;
  /**
   * Counts a message in its domain's ledger, some time soon; one that is recorded by itself only where it had been counted
   * as deferred. Never fails.
   */
  readonly count: (domain: string, counted: Counted, isRecorded: boolean) => void;
  /** Takes note of what came back to an original: a valid tag, a signed Message-ID, a bounce without evidence. Never fails. */
  readonly note: (
    sighting: "proven" | "answerable" | "unproven",
    original: { domain: string; localPart: string },
  ) => void;
  /** One line for each invocation. */
  readonly log: (entry: Entry) => void;
}
