// The DNS of a mail domain, checked: where its mail goes, who may send for it, with which keys it signs, and what others do
// with mail that forges it. Never throws, whatever is answered.

import type { DnsCheck } from "./check.ts";
import { checkDkim } from "./dkim.ts";
import { checkDmarc } from "./dmarc.ts";
import { checkMx } from "./mx.ts";
import type { LookUp } from "./resolver.ts";
import { checkSpf } from "./spf.ts";

export type { DnsCheck } from "./check.ts";

/**
 * Examines a domain: mx, spf, dkim and dmarc, in this order.
 * @param domain in lower case
 */
export async function examine(
  domain: string,
  dkimSelectors: readonly string[],
  lookUp: LookUp,
): Promise<DnsCheck[]> {
  return Promise.all([
    checkMx(domain, lookUp),
    checkSpf(domain, lookUp),
    checkDkim(domain, dkimSelectors, lookUp),
    checkDmarc(domain, lookUp),
  ]);
}
