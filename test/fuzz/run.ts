// One search through a target's inputs, from a seed.

import fc from "fast-check";
import type { Json, Target } from "./target.ts";

export interface Search {
  readonly seed: number;
  readonly inputs: number;
  /** Of a former failure, to begin there. */
  readonly path?: string;
}

/** Null where all held. */
export interface Found {
  /** Shrunk. */
  readonly input: Json;
  readonly error: unknown;
  readonly seed: number;
  readonly path: string;
}

/** @param onInput told of each input before it is checked */
export async function search(
  target: Target,
  { seed, inputs, path }: Search,
  onInput: (input: Json) => void = () => undefined,
): Promise<Found | null> {
  const property = fc.asyncProperty(target.inputs, async (input) => {
    onInput(input);
    await target.check(input);
  });
  const settings = { seed, numRuns: inputs, ...(path === undefined ? {} : { path }) };
  const details = await fc.check(property, settings);
  if (!details.failed) return null;
  if (details.counterexample === null) throw new Error(`Nothing was made for ${target.name}.`);
  const [input] = details.counterexample;
  return { input, error: details.errorInstance, seed: details.seed, path: details.counterexamplePath ?? "" };
}

/** The failure for people: the input, why, and how to see it again. */
export function describe(target: Target, { input, error, seed, path }: Found): string {
  return [
    `${target.name} does not hold of this input:`,
    JSON.stringify(input),
    error instanceof Error ? error.message : String(error),
    `To see it again: node test/fuzz/fuzz.ts --target ${target.name} --seed ${seed} --path ${path}`,
    `To keep it: put the input into a file test/fuzz/corpus/${target.name}/<what-it-is>.json`,
  ].join("\n");
}
