// What workerd holds of the machine's memory while it works, and whether that grows with the mail: its resident set, from
// /proc, each time after garbage was collected, since the collector's own waves are higher than what a leak adds in a while.

import { readdirSync, readFileSync } from "node:fs";

export interface Sample {
  readonly messages: number;
  readonly octets: number;
}

export interface Growth {
  readonly samples: number;
  /** Medians of the first and the last quarter after warming up, in octets. */
  readonly first: number;
  readonly last: number;
  /** Octets for each message, between the two. */
  readonly perMessage: number;
  readonly peak: number;
}

export class Memory {
  readonly #pid: number | null;
  readonly #collectGarbage: () => Promise<unknown>;
  readonly #samples: Sample[] = [];

  constructor(collectGarbage: () => Promise<unknown>) {
    this.#pid = findWorkerd();
    this.#collectGarbage = collectGarbage;
  }

  /** @param messages how many have been handled until now */
  async sample(messages: number): Promise<void> {
    if (this.#pid === null) return;
    await this.#collectGarbage();
    const octets = readResident(this.#pid);
    if (octets > 0) this.#samples.push({ messages, octets });
  }

  /** By messages, not by time, since what is asked is what each leaves behind. Null where nothing could be measured. */
  growth(from: number, to: number): Growth | null {
    const quarter = (to - from) / 4;
    const between = (low: number, high: number) =>
      this.#samples.filter(({ messages }) => messages >= low && messages <= high);
    const [early, late] = [between(from, from + quarter), between(to - quarter, to)];
    if (early.length === 0 || late.length === 0) return null;
    const [first, last] = [median(early), median(late)];
    const apart = meanOf(late) - meanOf(early);
    const peak = Math.max(...this.#samples.map(({ octets }) => octets));
    return { samples: this.#samples.length, first, last, perMessage: (last - first) / apart, peak };
  }

  /** The medians of each tenth of the messages, in octets. */
  tenths(messages: number): number[] {
    return Array.from({ length: 10 }, (_, tenth) => {
      const [low, high] = [(messages / 10) * tenth, (messages / 10) * (tenth + 1)];
      return median(this.#samples.filter((sample) => sample.messages >= low && sample.messages < high));
    });
  }
}

function median(samples: readonly Sample[]): number {
  const sorted = samples.map(({ octets }) => octets).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function meanOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { messages }) => sum + messages, 0) / samples.length;
}

/** 0 where it has gone. */
function readResident(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** This process's workerd, the one started last: wrangler has another in front. Null where there is no /proc. */
function findWorkerd(): number | null {
  const parents = new Map<number, { parent: number; name: string }>();
  try {
    for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const stat = readStat(Number(entry));
      if (stat !== null) parents.set(Number(entry), stat);
    }
  } catch {
    return null;
  }
  const isOurs = (pid: number): boolean =>
    pid === process.pid || (parents.has(pid) && isOurs(parents.get(pid)?.parent ?? 0));
  const found = [...parents].filter(([pid, { name }]) => name === "workerd" && isOurs(pid));
  return found.at(-1)?.[0] ?? null;
}

function readStat(pid: number): { parent: number; name: string } | null {
  try {
    const [, name = "", parent] = /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    return null;
  }
}
