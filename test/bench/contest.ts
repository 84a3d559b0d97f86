// Contestants in turn: each round runs all of them once, in an order that moves on by one, so that whatever the machine does
// meanwhile meets all alike. What counts is the median of the ratios within the rounds, not the ratio of any two figures.

/** Does a fixed piece of work. */
export type Contestant = () => Promise<unknown>;

export interface Figure {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** How long each took in each round, in seconds. */
export type Times<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/** @param uncounted rounds before those that count, for the compiler and the caches */
export async function compete<Name extends string>(
  contestants: Readonly<Record<Name, Contestant>>,
  rounds: number,
  uncounted = 3,
): Promise<Times<Name>> {
  const names = Object.keys(contestants) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -uncounted; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + uncounted) % names.length] as Name;
      const start = performance.now();
      await contestants[name]();
      const seconds = (performance.now() - start) / 1000;
      if (round >= 0) times[name].push(seconds);
    }
  }
  return times;
}

export function figureOf(values: readonly number[]): Figure {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { least: at(0), median: at(0.5), most: at(1) };
}

/** How many times as fast `one` is as `other`, round by round. */
export function speedRatio<Name extends string>(times: Times<Name>, one: Name, other: Name): Figure {
  return figureOf(times[one].map((seconds, round) => (times[other][round] ?? Number.NaN) / seconds));
}

/** Pieces of work in a second, where each run has so many. */
export function rateOf(times: readonly number[], pieces: number): Figure {
  return figureOf(times.map((seconds) => pieces / seconds));
}
