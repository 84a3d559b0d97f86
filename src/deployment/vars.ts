// The deployment's vars: what the platform hands over unchecked, made checked in one place, each with its default.

import { Misconfigured } from "./secrets.ts";

export interface VarBindings {
  readonly RECORD_DAYS?: string | number;
  readonly LOG_ADDRESSES?: string;
}

export interface Vars {
  /** Days that what is known of a message is kept. */
  readonly recordDays: number;
  /** Whether the log names addresses, or has a keyed value in place of each local-part. */
  readonly logAddresses: "plain" | "keyed";
}

const RECORD_DAYS = { default: 90, least: 1, most: 3650 };

/** Throws `Misconfigured` where a var has a value that can't be used. */
export function readVars(env: VarBindings): Vars {
  return { recordDays: readDays(env.RECORD_DAYS), logAddresses: readLogAddresses(env.LOG_ADDRESSES) };
}

function readDays(value: string | number = RECORD_DAYS.default): number {
  const days = /^[0-9]{1,4}$/.test(String(value)) ? Number(value) : 0;
  if (days >= RECORD_DAYS.least && days <= RECORD_DAYS.most) return days;
  throw new Misconfigured(
    `The var RECORD_DAYS is no whole number from ${RECORD_DAYS.least} to ${RECORD_DAYS.most}.`,
  );
}

function readLogAddresses(value = "plain"): Vars["logAddresses"] {
  if (value === "plain" || value === "keyed") return value;
  throw new Misconfigured('The var LOG_ADDRESSES is neither "plain" nor "keyed".');
}
