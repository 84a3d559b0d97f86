// Where the domain's mail goes: bounces are checked only if Cloudflare Email Routing takes it. Never throws.

import { lowerCase } from "../core/mailbox.ts";
import { type DnsCheck, pass, quote, readRecords, warn } from "./check.ts";
import type { LookUp } from "./resolver.ts";

const ROUTING = ".mx.cloudflare.net";

/** Checks the domain's MX records. */
export async function checkMx(domain: string, lookUp: LookUp): Promise<DnsCheck> {
  const id = "mx";
  const reading = await readRecords(lookUp, domain, "MX");
  if (reading.kind === "fault") return warn(id, reading.detail);
  // A null MX (RFC 7505) has the root for a host.
  const hosts = reading.records.map(hostOf).filter((host) => host !== "");
  if (hosts.length === 0) {
    return warn(id, "No MX record takes mail, so no bounce comes to the Worker: enable Email Routing.");
  }
  const others = hosts.filter((host) => !host.endsWith(ROUTING));
  return others.length === 0
    ? pass(id, "Every MX record leads to Email Routing.")
    : warn(
        id,
        `MX records lead elsewhere: ${quote(others.join(", "))}. What comes by them goes round the Worker, and no bounce is checked: leave only those of Email Routing.`,
      );
}

/** The host of `10 mx.example.com.`, without its last dot. */
function hostOf(record: string): string {
  return lowerCase(record.slice(record.lastIndexOf(" ") + 1).replace(/\.$/, ""));
}
