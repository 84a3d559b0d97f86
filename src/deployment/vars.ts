// The deployment's vars: what the platform hands over unchecked, made checked in one place, each with its default.

import { Misconfigured } from "./secrets.ts";

export interface VarBindings {
  readonly RECORD_DAYS?: string | number;
  readonly LOG_ADDRESSES?: string;
  readonly MAX_BATCH?: string | number;
  readonly CORS_ORIGINS?: string;
  readonly WEBHOOK_ALLOW_LOCAL?: string;
  readonly DOH_URL?: string;
}

export interface Vars {
  /** Days that what is known of a message is kept. */
  readonly recordDays: number;
  /** Whether the log names addresses, or has a keyed value in place of each local-part. */
  readonly logAddresses: "plain" | "keyed";
  /** Addresses that one call may mint for. */
  readonly maxBatch: number;
  /** Origins whose pages may call the API. */
  readonly corsOrigins: readonly string[];
  /** Whether a webhook may be at `http://127.0.0.1`. */
  readonly webhookAllowLocal: boolean;
  /** Where DNS is asked, over HTTPS; null where it is not. */
  readonly dohUrl: string | null;
}

const RECORD_DAYS = { default: 90, least: 1, most: 3650 };
const MAX_BATCH = { default: 10_000, least: 1, most: 100_000 };

const DOH_URL = "https://cloudflare-dns.com/dns-query";

/** `https:` anywhere, `http:` on this machine only. */
const ORIGIN = /^(?:https:\/\/[a-z0-9.-]+|http:\/\/(?:localhost|127\.0\.0\.1))(?::[0-9]{1,5})?$/;

/** Throws `Misconfigured` where a var has a value that can't be used. */
export function readVars(env: VarBindings): Vars {
  return {
    recordDays: readWhole("RECORD_DAYS", env.RECORD_DAYS, RECORD_DAYS),
    logAddresses: readLogAddresses(env.LOG_ADDRESSES),
    maxBatch: readWhole("MAX_BATCH", env.MAX_BATCH, MAX_BATCH),
    corsOrigins: readOrigins(env.CORS_ORIGINS),
    webhookAllowLocal: readSwitch("WEBHOOK_ALLOW_LOCAL", env.WEBHOOK_ALLOW_LOCAL),
    dohUrl: readDohUrl(env.DOH_URL),
  };
}

function readWhole(
  name: string,
  value: string | number | undefined,
  range: { default: number; least: number; most: number },
): number {
  if (value === undefined) return range.default;
  const whole = /^[0-9]{1,6}$/.test(String(value)) ? Number(value) : -1;
  if (whole >= range.least && whole <= range.most) return whole;
  throw new Misconfigured(`The var ${name} is no whole number from ${range.least} to ${range.most}.`);
}

function readSwitch(name: string, value = "false"): boolean {
  if (value === "true" || value === "false") return value === "true";
  throw new Misconfigured(`The var ${name} is neither "true" nor "false".`);
}

function readOrigins(value = ""): readonly string[] {
  const origins = value.split(/[\s,]+/).filter((origin) => origin !== "");
  // As a browser writes it, or it would never be the one that asks: `https://app.example.com:443` never is.
  if (origins.every((origin) => ORIGIN.test(origin) && URL.parse(origin)?.origin === origin)) return origins;
  throw new Misconfigured('The var CORS_ORIGINS is no list of origins like "https://app.example.com".');
}

function readDohUrl(value = DOH_URL): string | null {
  if (value === "") return null;
  const url = URL.parse(value);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && url.hostname === "127.0.0.1");
  if (url !== null && isSafe && url.username + url.password === "") return url.href;
  throw new Misconfigured(`The var DOH_URL is no https: URL like "${DOH_URL}".`);
}

function readLogAddresses(value = "plain"): Vars["logAddresses"] {
  if (value === "plain" || value === "keyed") return value;
  throw new Misconfigured('The var LOG_ADDRESSES is neither "plain" nor "keyed".');
}
