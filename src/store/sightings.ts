// What this isolate has seen of each domain's mail and not yet told the domain's object: gathered in memory, and told
// seldom, so that minting costs it no write more than once an hour. What is lost with the isolate is seen again.

/** Originals (local-parts) that something was seen of, and when they last were; milliseconds since 1970. */
export interface Sightings {
  /** A reverse-path was minted for them. */
  readonly minted: readonly Sighting[];
  /** A Message-ID was minted for them, or came back to them. */
  readonly answerable: readonly Sighting[];
  /** A valid tag came back to them. */
  readonly proven: readonly Sighting[];
  /** A bounce without evidence came to them. */
  readonly unproven: readonly Sighting[];
}

type Sighting = readonly [localPart: string, at: number];

export type SightingKind = keyof Sightings;

/** How often an isolate tells each kind, in milliseconds. */
const TOLD_EVERY_MS: Readonly<Record<SightingKind, number>> = {
  minted: 3_600_000,
  answerable: 3_600_000,
  proven: 3_600_000,
  unproven: 60_000,
};
/** What is told along: minting must not cause a write over what mail has brought. */
const TOLD_TOGETHER: Readonly<Record<SightingKind, readonly SightingKind[]>> = {
  minted: ["minted", "answerable"],
  answerable: ["minted", "answerable"],
  proven: ["minted", "answerable", "proven", "unproven"],
  unproven: ["minted", "answerable", "proven", "unproven"],
};
/** When telling is tried again after it failed, in milliseconds. */
const TOLD_AGAIN_MS = 60_000;
/** After which a sighting of the same original is news again. */
const NEWS_AFTER_MS = 3_600_000;
/** Originals of one kind that wait or were told, for each domain; and domains. */
const ORIGINALS_AT_MOST = 500;
const DOMAINS_AT_MOST = 2_000;

interface Gathered {
  readonly waiting: Record<SightingKind, Map<string, number>>;
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
  if (waiting[kind].size < ORIGINALS_AT_MOST || waiting[kind].has(localPart))
    waiting[kind].set(localPart, now);
  if (now < toldAt[kind] + TOLD_EVERY_MS[kind]) return null;
  toldAt[kind] = now;
  return tellTogether(domain, gathered, TOLD_TOGETHER[kind], tell).catch(() => {
    toldAt[kind] = now - TOLD_EVERY_MS[kind] + TOLD_AGAIN_MS;
  });
}

async function tellTogether(
  domain: string,
  { waiting, told }: Gathered,
  kinds: readonly SightingKind[],
  tell: Tell,
): Promise<void> {
  const listed = (kind: SightingKind) => (kinds.includes(kind) ? [...waiting[kind]] : []);
  const sightings = {
    minted: listed("minted"),
    answerable: listed("answerable"),
    proven: listed("proven"),
    unproven: listed("unproven"),
  };
  if (!(await tell(domain, sightings))) return;
  for (const kind of kinds) {
    for (const [localPart] of sightings[kind]) {
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
    waiting: { minted: new Map(), answerable: new Map(), proven: new Map(), unproven: new Map() },
    told: { minted: new Set(), answerable: new Set(), proven: new Set(), unproven: new Set() },
    toldAt: { minted: never, answerable: never, proven: never, unproven: never },
    since: now,
  };
  memory.set(domain, gathered);
  const oldest = memory.keys().next();
  if (memory.size > DOMAINS_AT_MOST && !oldest.done) memory.delete(oldest.value);
  return gathered;
}
