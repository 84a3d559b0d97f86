// The reverse-paths of mail that is to be tried again: greylisting knows a message by them, so a retry bears the one that it
// had. Bounded, in memory alone: after a restart a retry may be signed anew. No clock.

/** What a greylisting server knows a message by, as far as the relay can. */
export interface Attempt {
  readonly sender: string;
  readonly ref: string | null;
  readonly recipient: string;
}

interface Kept {
  readonly reversePath: string;
  /** When it was minted, in milliseconds. */
  readonly mintedAt: number;
}

/** From the minting on, not from the last attempt: what is sent under it needs the rest of its lifetime to come back in. */
const KEPT_MS = 24 * 60 * 60_000;

export class RetryMemory {
  readonly #kept = new Map<string, Kept>();
  readonly #attemptsAtMost: number;

  /** @param attemptsAtMost the oldest make room */
  constructor(attemptsAtMost = 20_000) {
    this.#attemptsAtMost = attemptsAtMost;
  }

  /** Keeps what an attempt was made under. What is kept of an earlier one stays. */
  remember(attempt: Attempt, kept: Kept): void {
    const key = keyOf(attempt);
    if (this.recall(attempt, kept.mintedAt) !== null) return;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#attemptsAtMost && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** What an earlier attempt was made under, and when that was minted; null where there was none in the last 24 hours. */
  recall(attempt: Attempt, now: number): Kept | null {
    const kept = this.#kept.get(keyOf(attempt));
    return kept !== undefined && now - kept.mintedAt < KEPT_MS ? kept : null;
  }
}

function keyOf({ sender, ref, recipient }: Attempt): string {
  return [sender, ref ?? "", recipient].join("\n").toLowerCase();
}
