// One message on its way through the relay, and under which reverse-path it goes on.

import type { Parameters } from "../path.ts";
import type { Refusal } from "../reply.ts";
import type { Sender } from "./sender.ts";

export interface Transaction {
  readonly sender: Sender;
  /** As the client gave it. */
  readonly reversePath: string;
  readonly parameters: Parameters;
  /** Null before its first recipient. */
  passage: Passage | null;
  /** Why it goes nowhere, for each further recipient alike; null while it may. */
  refusal: Refusal | null;
  /** What the smarthost has seen of it so far. */
  readonly tried: Passage[];
  /** Those that the smarthost has accepted, as it was given them. */
  readonly recipients: string[];
}

/** What a transaction at the smarthost was begun with. */
export type Passage = Signed | Unsigned;

export interface Signed {
  readonly kind: "signed";
  readonly reversePath: string;
  /** In milliseconds since 1970. */
  readonly mintedAt: number;
  readonly ref: string | null;
  /** Minted with it, and not used yet; null where none was. */
  readonly messageId: string | null;
}

export interface Unsigned {
  readonly kind: "unsigned";
  readonly reversePath: string;
  readonly why: "null-sender" | "tagged" | "foreign" | "untagged-destination";
}

/** Whether a destination can have the message in the same transaction as those before it. */
export function admits(passage: Passage, isUntagged: boolean): boolean {
  if (passage.kind === "signed") return !isUntagged;
  return passage.why === "untagged-destination" ? isUntagged : true;
}
