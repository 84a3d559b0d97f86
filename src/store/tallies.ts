// What this isolate has counted of each domain's mail and not yet told the domain's object: gathered in memory, and told
// every two seconds at the most, so that a flood of forged bounces costs a handful of calls. What can't be told waits.

import type { Disposition } from "../core/policy.ts";
import type { Counted, ForwardFailure, Rejection, Tally } from "../core/record.ts";
import type { TagStatus } from "../core/tag-status.ts";

/** How long is gathered before it is told, in milliseconds; and after a minute of telling without a pause. */
const GATHER_MS = 2_000;
const GATHER_BUSY_MS = 15_000;
const BUSY_AFTER = 30;
/** Samples of refused mail, and failures of destinations, in one tally. */
const SAMPLES_AT_MOST = 20;
/** Messages remembered, so that one that is handed over again is not counted again; and domains. */
const MESSAGES_AT_MOST = 10_000;
const DOMAINS_AT_MOST = 2_000;

/** After which a request that gathers is taken to be gone, in milliseconds. */
const GONE_AFTER_MS = 40_000;
/** When telling is tried, in milliseconds after one another, and tallies that wait for it. */
const TRY_AFTER_MS = [0, 5_000];
const UNTOLD_AT_MOST = 100;
const NEVER = Number.NEGATIVE_INFINITY;

interface Gathered {
  readonly counts: Map<string, [TagStatus, Disposition, number]>;
  readonly samples: Map<string, Rejection>;
  readonly failures: Map<string, ForwardFailure>;
}

interface DomainTally {
  waiting: Gathered | null;
  /** Taken together, and not known to have been told; each is told by the id that it has. */
  untold: readonly Tally[];
  /** Since when a request has been gathering. It may be gone, so it counts for a while only. */
  gatheringSince: number;
  /** How many were gathered in a row, and when the last was. */
  inARow: number;
  gatheredAt: number;
}

/** One isolate's memory: shared by all its requests, gone with it. */
export interface TallyMemory {
  readonly domains: Map<string, DomainTally>;
  /** How messages were counted, by id. */
  readonly counted: Map<string, Disposition>;
}

/** What telling needs from outside. */
export interface Telling {
  tell(domain: string, tally: Tally): Promise<void>;
  pause(ms: number): Promise<void>;
  makeId(): string;
  now(): number;
}

export function emptyTallies(): TallyMemory {
  return { domains: new Map(), counted: new Map() };
}

/**
 * Counts a message. What comes back is to be waited for behind the response; null where another request waits for it.
 * @param isRecorded whether it is recorded by itself, and counted so: nothing is to be told then, unless it had been
 * counted as deferred
 */
export function countMessage(
  memory: TallyMemory,
  telling: Telling,
  domain: string,
  counted: Counted,
  isRecorded: boolean,
): Promise<void> | null {
  const former = memory.counted.get(counted.id);
  const wasDeferred = former === "deferred" && counted.disposition !== "deferred";
  remember(memory.counted, counted.id, counted.disposition);
  if ((former !== undefined || isRecorded) && !wasDeferred) return null;
  const tally = tallyOf(memory, domain);
  tally.waiting ??= nothing();
  if (wasDeferred) add(tally.waiting, counted.status, "deferred", -1);
  if (!isRecorded) gather(tally.waiting, counted);
  const now = telling.now();
  if (now < tally.gatheringSince + GONE_AFTER_MS) return null;
  tally.gatheringSince = now;
  return tellLater(tally, telling, domain);
}

function gather(waiting: Gathered, { status, disposition, rejection, failures }: Counted): void {
  add(waiting, status, disposition, 1);
  if (rejection !== null && waiting.samples.size < SAMPLES_AT_MOST) {
    waiting.samples.set(rejection.id, rejection);
  }
  for (const failure of failures) {
    if (waiting.failures.size < SAMPLES_AT_MOST) waiting.failures.set(failure.to, failure);
  }
}

/** A message that is deferred after it was done stays what it was. */
function remember(known: TallyMemory["counted"], id: string, disposition: Disposition): void {
  const former = known.get(id);
  if (former !== undefined && disposition === "deferred") return;
  known.delete(id);
  known.set(id, disposition);
  if (known.size > MESSAGES_AT_MOST) dropOldest(known);
}

function add({ counts }: Gathered, status: TagStatus, disposition: Disposition, messages: number): void {
  const name = `${status} ${disposition}`;
  const [, , held] = counts.get(name) ?? [status, disposition, 0];
  counts.set(name, [status, disposition, held + messages]);
}

async function tellLater(tally: DomainTally, telling: Telling, domain: string): Promise<void> {
  tally.inARow = telling.now() - tally.gatheredAt < GATHER_MS ? tally.inARow + 1 : 0;
  await telling.pause(tally.inARow > BUSY_AFTER ? GATHER_BUSY_MS : GATHER_MS);
  // Who comes from now on gathers anew.
  tally.gatheringSince = NEVER;
  tally.gatheredAt = telling.now();
  tally.untold = [...tally.untold, take(tally, telling.makeId())].slice(-UNTOLD_AT_MOST);
  for (const waitMs of TRY_AFTER_MS) {
    await telling.pause(waitMs);
    if (await tellAll(tally, telling, domain)) break;
  }
}

/** False where some could not be told: they wait for the next request that tells. */
async function tellAll(tally: DomainTally, { tell }: Telling, domain: string): Promise<boolean> {
  try {
    for (const one of tally.untold) {
      await tell(domain, one);
      tally.untold = tally.untold.filter((other) => other !== one);
    }
    return true;
  } catch {
    return false;
  }
}

function take(tally: DomainTally, id: string): Tally {
  const { counts, samples, failures } = tally.waiting ?? nothing();
  tally.waiting = null;
  return {
    id,
    counts: [...counts.values()],
    samples: [...samples.values()],
    failures: [...failures.values()],
  };
}

function tallyOf({ domains }: TallyMemory, domain: string): DomainTally {
  const known = domains.get(domain);
  if (known !== undefined) return known;
  const tally = { waiting: null, untold: [], gatheringSince: NEVER, inARow: 0, gatheredAt: NEVER };
  domains.set(domain, tally);
  if (domains.size > DOMAINS_AT_MOST) dropOldest(domains);
  return tally;
}

function nothing(): Gathered {
  return { counts: new Map(), samples: new Map(), failures: new Map() };
}

function dropOldest(map: Map<string, unknown>): void {
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
