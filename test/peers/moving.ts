// A Worker and an Exim, both under a clock that is set by hand, between which a domain moves: what either makes, what
// either takes back, and for how long.

import type { MintOptions, SettingsChange } from "../../src/client/countersign.ts";
import { startProbedWorker } from "../worker/probed-worker.ts";
import { configureExim } from "./dated-exim.ts";

export const DAY = 86_400_000;

/** The next day whose number ends in 000, by which the days of `prvs` begin anew: 2027-07-01 at first. */
export const WRAP = (Math.floor(Date.now() / DAY / 1000) + 1) * 1000 * DAY;

/** A day that has no such day near it. In the future, as alarms go by the true clock: none rings. */
export const START = WRAP + 200 * DAY;

/** Which of the forward-paths it takes a bounce for at an instant. */
export type Takes = (at: number, paths: readonly string[]) => boolean[] | Promise<boolean[]>;

export async function startMoving() {
  const worker = await startProbedWorker();
  const exim = configureExim();
  const setClock = (at: number) => worker.setClock(at - Date.now());

  const workerTakes = async (at: number, paths: readonly string[]): Promise<boolean[]> => {
    await setClock(at);
    const receive = async (to: string): Promise<boolean> => {
      const outcome = (await (await worker.receive({ from: "", to })).json()) as Outcome;
      if (outcome.thrown !== null) throw new Error(outcome.thrown);
      return outcome.forwarded.length > 0;
    };
    return Promise.all(paths.map(receive));
  };
  const eximTakes = (at: number, paths: readonly string[]): boolean[] =>
    exim.takesBounces(at, paths).map((code) => code === "250");

  return {
    exim,
    workerTakes,
    eximTakes,
    client: worker.client,
    setClock,
    /** Enforces at once: all of the domain's mail was signed before. */
    create: async (at: number, domain: string, settings: SettingsChange) => {
      await setClock(at);
      await worker.client.domains.put(domain, { mode: "enforce", ...settings }, { force: true });
      await worker.client.routes.put(domain, "*", { action: "forward", to: ["inbox@example.net"] });
    },
    /** The reverse-path that the Worker mints, and the one of a message that Exim sends. */
    mint: async (at: number, address: string, options: MintOptions = {}): Promise<string> => {
      await setClock(at);
      return (await worker.client.mint(address, options)).reversePath;
    },
    send: (at: number, sender: string): string => exim.send(at, sender),
    statusOf: async (at: number, path: string): Promise<string> => {
      await setClock(at);
      return (await worker.client.validate(path)).status;
    },
    stop: async () => {
      exim.stop();
      await worker.stop();
    },
  };
}

export type Moving = Awaited<ReturnType<typeof startMoving>>;

interface Outcome {
  readonly forwarded: readonly string[];
  readonly thrown: string | null;
}

/** For some days the tag of each; it is the same all day long. */
export type DailyTags = ReadonlyMap<number, string>;

/** Days from a first one on, by their first instants. */
export const daysFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, day) => first + day * DAY);

/** For each tag what becomes of it at the first and at the last minute of its days: + where it is taken, - where not. */
export async function follow(takes: Takes, tags: DailyTags, days = 9): Promise<string[]> {
  const marks = new Map([...tags.keys()].map((madeOn) => [madeOn, ""]));
  const span = new Set([...tags.keys()].flatMap((madeOn) => daysFrom(madeOn, days)));
  for (const day of span) {
    const living = [...tags].filter(([madeOn]) => madeOn <= day && day < madeOn + days * DAY);
    for (const moment of [day + 30_000, day + DAY - 30_000]) {
      const taken = await takes(
        moment,
        living.map(([, path]) => path),
      );
      for (const [at, [madeOn]] of living.entries())
        marks.set(madeOn, `${marks.get(madeOn)}${taken[at] ? "+" : "-"}`);
    }
  }
  return [...marks.values()];
}

/** Taken on the day that it was made and for seven days more, and then refused. */
export const SEVEN_DAYS = `${"+".repeat(16)}--`;
