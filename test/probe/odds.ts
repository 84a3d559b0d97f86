// What fails at random under the probe, seeded: each call to storage with its share, and the ledgers' answers for as long as
// they hang. What has failed is counted.

import { Random } from "../random.ts";

/** What can fail by chance. */
export type Chanced = "kv-get" | "domain-object" | "directory-object";

export interface Odds {
  readonly seed: number;
  /** Of so many calls how many fail, from 0 to 1. */
  readonly shares: Readonly<Partial<Record<Chanced, number>>>;
  readonly ledgersHang: boolean;
}

let odds: Odds = { seed: 0, shares: {}, ledgersHang: false };
let random = new Random(0);
let struck: Record<string, number> = {};

export function setOdds(next: Odds): void {
  odds = next;
  random = new Random(next.seed);
}

/** Whether this call fails. */
export function strikes(what: Chanced): boolean {
  const share = odds.shares[what] ?? 0;
  if (share === 0 || !random.chance(share)) return false;
  count(what);
  return true;
}

/** The object's stub, whose ledger never answers while ledgers hang. */
export function hangLedger<Stub extends object>(stub: Stub): Stub {
  if (!odds.ledgersHang) return stub;
  const never = () => {
    count("ledger-hangs");
    return new Promise(() => undefined);
  };
  const hung = new Proxy({}, { get: () => never });
  return new Proxy(stub, {
    get: (real, name) => (name === "ledger" ? hung : Reflect.get(real, name, real)),
  });
}

/** How often what has failed since this was asked last. */
export function takeStruck(): Record<string, number> {
  const taken = struck;
  struck = {};
  return taken;
}

function count(what: string): void {
  struck[what] = (struck[what] ?? 0) + 1;
}
