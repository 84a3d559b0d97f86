// A fuzz target: inputs that are made by a grammar and then spoiled, and what must hold of each of them. Inputs are JSON, octets
// as texts of one character an octet, so that each that ever failed can be kept as a file and replayed.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface Target<Input = Json> {
  /** Also the name of its folder in the corpus. */
  readonly name: string;
  readonly inputs: fc.Arbitrary<Input>;
  /** Throws where something does not hold. */
  readonly check: (input: Input) => void | Promise<void>;
  /** Inputs in one run of the test suite: about a second of them. */
  readonly runs: number;
  /** Ends what the checks have started. */
  readonly stop?: () => Promise<void>;
}

/** A target whose inputs may be of any form that JSON has. */
export function target<Input>(declared: Target<Input>): Target {
  return declared as unknown as Target;
}

const CORPUS = new URL("corpus/", import.meta.url);

/** The inputs that are kept for a target, by the names of their files. */
export function readCorpus(name: string): ReadonlyMap<string, Json> {
  const folder = new URL(`${name}/`, CORPUS);
  if (!existsSync(folder)) return new Map();
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return new Map(files.sort().map((file) => [file, JSON.parse(readFileSync(new URL(file, folder), "utf8"))]));
}

/** Inputs, and those that are kept for the target among them. */
export function seeded<Input>(name: string, inputs: fc.Arbitrary<Input>): fc.Arbitrary<Input> {
  const kept = [...readCorpus(name).values()] as Input[];
  if (kept.length === 0) return inputs;
  return fc.oneof({ weight: 9, arbitrary: inputs }, { weight: 1, arbitrary: fc.constantFrom(...kept) });
}

/** Octets of which each was a character. */
export function octetsOf(text: string): Buffer<ArrayBuffer> {
  return Buffer.from(text, "latin1");
}
