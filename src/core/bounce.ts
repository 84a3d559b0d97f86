// Whether a message is a bounce: a fact about its reverse-path, and nothing else. No I/O, no clock.

import { lowerCase, splitPath } from "./mailbox.ts";
import { isDeliveryStatusReport, type MailHeaders } from "./report.ts";
import type { Settings } from "./settings.ts";
import { readTag } from "./tag.ts";

/**
 * Local-parts of the robots that report deliveries from an address of their own instead of the null sender, each with
 * why it is here. Left out: names seen in `From:` only (`mailadm`), robots that write no delivery-status report
 * (`mdaemon`), people and cron jobs (`root`, `daemon`, `admin`), and those who send bulk mail (`noreply`, `bounces`).
 */
export const MAILER_DAEMONS: ReadonlyMap<string, string> = new Map([
  [
    "mailer-daemon",
    "what Sendmail, Postfix, Exim and qmail call their robot; some gateways put it in the envelope too",
  ],
  [
    "postmaster",
    "the mailbox that every domain has (RFC 5321, 4.5.1); X.400 gateways and Sun's messaging server report from it",
  ],
]);

/** Whether it is the null sender. The platform may hand it over in either form. */
export function isNullSender(reversePath: string): boolean {
  return reversePath === "" || reversePath === "<>";
}

/** Envelope and headers decide; no body is read for it. */
export function isBounce(
  reversePath: string,
  headers: MailHeaders,
  bounceSenders: Settings["bounceSenders"],
): boolean {
  if (isNullSender(reversePath)) return true;
  if (bounceSenders === "null-only") return false;
  const sender = splitPath(reversePath.replace(/^<(.*)>$/s, "$1"))?.localPart ?? reversePath;
  // A robot's own reverse-path may be signed in its turn.
  const robot = lowerCase(readTag(sender).localPart);
  return MAILER_DAEMONS.has(robot) && isDeliveryStatusReport(headers);
}
