// Whether a message is a bounce: a fact about its reverse-path, and nothing else. No I/O, no clock.

import { lowerCase, splitPath } from "./mailbox.ts";
import { isDeliveryStatusReport, type MailHeaders } from "./report.ts";
import type { Settings } from "./settings.ts";

/** Local-parts of the robots that report deliveries from an address of their own instead of the null sender. */
const MAILER_DAEMONS: ReadonlySet<string> = new Set(["mailer-daemon", "postmaster"]);

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
  const sender = splitPath(reversePath)?.localPart ?? reversePath;
  return MAILER_DAEMONS.has(lowerCase(sender)) && isDeliveryStatusReport(headers);
}
