// Counts of a domain's mail by day: one row for each day since the first that has any. No I/O, no clock.

import { DAY_MS } from "./day.ts";
import { DISPOSITIONS, type Disposition } from "./policy.ts";
import { TAG_STATUSES, type TagStatus } from "./tag-status.ts";

/** Days that counts are kept. */
export const COUNTED_DAYS = 90;

/** How many messages of one kind a day (days since 1970, UTC) had; of a tally, how many more, or fewer. */
export interface Count {
  readonly day: number;
  readonly status: TagStatus;
  readonly disposition: Disposition;
  readonly messages: number;
}

export interface DayCounts {
  /** RFC 3339 full-date, UTC. */
  readonly day: string;
  readonly status: Readonly<Record<TagStatus, number>>;
  readonly disposition: Readonly<Record<Disposition, number>>;
}

/** The days from the first counted one until today, the oldest first; none where nothing was counted. */
export function addUp(counts: readonly Count[], today: number): DayCounts[] {
  if (counts.length === 0) return [];
  const first = Math.min(...counts.map(({ day }) => day));
  const last = Math.max(today, ...counts.map(({ day }) => day));
  return Array.from({ length: last - first + 1 }, (_, offset) => {
    const day = first + offset;
    const counted = counts.filter((count) => count.day === day);
    return {
      day: new Date(day * DAY_MS).toISOString().slice(0, 10),
      status: sum(TAG_STATUSES, (status) => counted.filter((count) => count.status === status)),
      disposition: sum(DISPOSITIONS, (disposition) =>
        counted.filter((count) => count.disposition === disposition),
      ),
    };
  });
}

function sum<Name extends string>(
  names: readonly Name[],
  countsOf: (name: Name) => readonly Count[],
): Record<Name, number> {
  const sums = names.map((name) => [
    name,
    countsOf(name).reduce((total, { messages }) => total + messages, 0),
  ]);
  return Object.fromEntries(sums) as Record<Name, number>;
}
