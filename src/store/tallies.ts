// What this isolate has counted of each domain's mail and not yet told the domain's object: gathered in memory, and told
// every two seconds at the most, so that a flood of forged bounces costs a handful of calls. What can't be told waits.

import { dayOf } from "../core/day.ts";
import type { Counted, ForwardFailure, Rejection, Tally } from "../core/record.ts";
import type { Count } from "../core/stats.ts";
import { Recent } from "./recent.ts";

/** How long is gathered before it is told, in milliseconds; and after a minute of telling without a pause. */
const GATHER_MS = 2_000;
const GATHER_BUSY_MS = 15_000;
const BUSY_AFTER = 30;
/** Samples of refused mail, and failures of destinations, in one tally. */
const SAMPLES_AT_MOST = 20;
/** Messages remembered at least, so that one that is handed over again is not counted again; and domains at most. */
const MESSAGES_REMEMBERED = 5_000;
const DOMAINS_AT_MOST = 1_000;

/** After which a request that gathers is taken to be gone, in milliseconds. */
const GONE_AFTER_MS = 40_000;
/** When telling is tried, in milliseconds after one another; and tallies that wait for it, beyond which they are joined. */
const TRY_AFTER_MS = [0, 2_000];
const UNTOLD_AT_MOST = 3;
const NEVER = Number.NEGATIVE_INFINITY;

interface Gathered {
  readonly counts: Map<string, Count>;
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

type CountedAs = Pick<Count, "day" | "status" | "disposition">;

/** One isolate's memory: shared by all its requests, gone with it. */
export interface TallyMemory {
  readonly domains: Map<string, DomainTally>;
  /** How messages were counted, by id. */
  readonly counted: Recent<CountedAs>;
}

/** What telling needs from outside. */
export interface Telling {
  tell(domain: string, tally: Tally): Promise<void>;
  pause(ms: number): Promise<void>;
  makeId(): string;
  now(): number;
}

export function emptyTallies(): TallyMemory {
  return { domains: new Map(), counted: new Recent(MESSAGES_REMEMBERED) };
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
  const now = telling.now();
  const { status, disposition } = counted;
  const as = { day: dayOf(now), status, disposition };
  const former = memory.counted.get(counted.id);
  const wasDeferred = former?.disposition === "deferred" && disposition !== "deferred";
  if (former === undefined || wasDeferred) memory.counted.set(counted.id, as);
  if ((former !== undefined || isRecorded) && !wasDeferred) return null;
  const tally = tallyOf(memory, domain);
  tally.waiting ??= nothing();
  if (wasDeferred) add(tally.waiting, { ...former, messages: -1 });
  if (!isRecorded) gather(tally.waiting, as, counted);
  if (now < tally.gatheringSince + GONE_AFTER_MS) return null;
  tally.gatheringSince = now;
  return tellLater(tally, telling, domain);
}

function gather(waiting: Gathered, as: CountedAs, counted: Counted): void {
  add(waiting, { ...as, messages: 1 });
  if (waiting.samples.size < SAMPLES_AT_MOST) {
    // Described only now: of a flood twenty are.
    const { rejection } = counted;
    if (rejection !== null) waiting.samples.set(rejection.id, rejection);
  }
  for (const failure of counted.failures) {
    if (waiting.failures.size < SAMPLES_AT_MOST) waiting.failures.set(failure.to, failure);
  }
}

function add({ counts }: Pick<Gathered, "counts">, count: Count): void {
  const name = `${count.day} ${count.status} ${count.disposition}`;
  const held = counts.get(name)?.messages ?? 0;
  counts.set(name, { ...count, messages: held + count.messages });
}

async function tellLater(tally: DomainTally, telling: Telling, domain: string): Promise<void> {
  tally.inARow = telling.now() - tally.gatheredAt < GATHER_MS ? tally.inARow + 1 : 0;
  await telling.pause(tally.inARow > BUSY_AFTER ? GATHER_BUSY_MS : GATHER_MS);
  // Who comes from now on gathers anew.
  tally.gatheringSince = NEVER;
  tally.gatheredAt = telling.now();
  tally.untold = [...tally.untold, take(tally, telling.makeId())];
  while (tally.untold.length > UNTOLD_AT_MOST) tally.untold = joinOldest(tally.untold);
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

/** Two that could not be told are told as one from now on, by the id of the later. */
function joinOldest([one, other, ...rest]: readonly Tally[]): readonly Tally[] {
  if (one === undefined || other === undefined) return rest;
  const counts = new Map<string, Count>();
  for (const count of [...one.counts, ...other.counts]) add({ counts }, count);
  const samples = [...one.samples, ...other.samples].slice(0, SAMPLES_AT_MOST);
  const failures = [...one.failures, ...other.failures].slice(0, SAMPLES_AT_MOST);
  return [{ id: other.id, counts: [...counts.values()], samples, failures }, ...rest];
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
