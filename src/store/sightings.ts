// What this isolate has seen of each domain's mail and not yet told the domain's object: gathered in memory, and told
// seldom, so that minting costs it no write more than once an hour. What is lost with the isolate is seen again.

/** Originals (local-parts) that something was seen of. */
export interface Sightings {
  /** An address was minted for them. */
  readonly minted: readonly string[];
  /** A valid tag came back to them. */
  readonly proven: readonly string[];
  /** A bounce without evidence came to them. */
  readonly unproven: readonly string[];
}

export type SightingKind = keyof Sightings;

/** How often an isolate tells each kind, in milliseconds. What is told takes along whatever else is waiting. */
const TOLD_EVERY_MS: Readonly<Record<SightingKind, number>> = {
  minted: 3_600_000,
  proven: 3_600_000,
  unproven: 60_000,
};
/** When telling is tried again after it failed, in milliseconds. */
const TOLD_AGAIN_MS = 60_000;
/** After which a sighting of the same original is news again. */
const NEWS_AFTER_MS = 3_600_000;
/** Originals of one kind that wait or were told, for each domain; and domains. */
const ORIGINALS_AT_MOST = 500;
const DOMAINS_AT_MOST = 2_000;

interface Gathered {
  readonly waiting: Record<SightingKind, Set<string>>;
  readonly told: Record<SightingKind, Set<string>>;
  readonly toldAt: Record<SightingKind, number>;
  since: number;
}

/** One isolate's memory: shared by all its requests, gone with it. */
export type SightingMemory = Map<string, Gathered>;

/** Tells the domain's object. False where it did not write, so that all of it still waits. */
export type Tell = (domain: string, sightings: Sightings) => Promise<boolean>;

/** Takes a sighting in; what comes back is to be waited for behind the response, null where there is nothing to tell. */
export function takeSighting(
  memory: SightingMemory,
  tell: Tell,
  kind: SightingKind,
  { domain, localPart }: { domain: string; localPart: string },
  now: number,
): Promise<void> | null {
  const gathered = gatheredFor(memory, domain, now);
  const { waiting, told, toldAt } = gathered;
  if (told[kind].has(localPart)) return null;
  if (waiting[kind].size < ORIGINALS_AT_MOST) waiting[kind].add(localPart);
  if (now < toldAt[kind] + TOLD_EVERY_MS[kind]) return null;
  toldAt[kind] = now;
  return tellAll(domain, gathered, tell).catch(() => {
    toldAt[kind] = now - TOLD_EVERY_MS[kind] + TOLD_AGAIN_MS;
  });
}

async function tellAll(domain: string, { waiting, told }: Gathered, tell: Tell): Promise<void> {
  const sightings = {
    minted: [...waiting.minted],
    proven: [...waiting.proven],
    unproven: [...waiting.unproven],
  };
  if (!(await tell(domain, sightings))) return;
  for (const kind of ["minted", "proven", "unproven"] as const) {
    for (const localPart of sightings[kind]) {
      waiting[kind].delete(localPart);
      if (told[kind].size < ORIGINALS_AT_MOST) told[kind].add(localPart);
    }
  }
}

function gatheredFor(memory: SightingMemory, domain: string, now: number): Gathered {
  const known = memory.get(domain);
  if (known !== undefined) {
    if (now >= known.since + NEWS_AFTER_MS) {
      for (const told of Object.values(known.told)) told.clear();
      known.since = now;
    }
    return known;
  }
  const never = Number.NEGATIVE_INFINITY;
  const gathered: Gathered = {
    waiting: { minted: new Set(), proven: new Set(), unproven: new Set() },
    told: { minted: new Set(), proven: new Set(), unproven: new Set() },
    toldAt: { minted: never, proven: never, unproven: never },
    since: now,
  };
  memory.set(domain, gathered);
  const oldest = memory.keys().next();
  if (memory.size > DOMAINS_AT_MOST && !oldest.done) memory.delete(oldest.value);
  return gathered;
}
