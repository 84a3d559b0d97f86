// What the domain asks others to do with mail that forges it (DMARC, RFC 9989). Never throws.

import { lowerCase } from "../core/mailbox.ts";
import { type DnsCheck, type Fault, fault, pass, quote, readRecords, readTags, warn } from "./check.ts";
import type { LookUp } from "./resolver.ts";

const RECORD = /^v\s*=\s*DMARC1\s*(?:;|$)/;
/** Labels of the longest parent that the tree walk asks for (RFC 9989, 4.10). */
const LABELS_AT_MOST = 7;

type Found =
  | { readonly kind: "record"; readonly name: string; readonly record: string; readonly inherited: boolean }
  | Fault;

/** Checks the domain's policy, its own or that of a domain above it. */
export async function checkDmarc(domain: string, lookUp: LookUp): Promise<DnsCheck> {
  const id = "dmarc";
  const found = await findRecord(domain, lookUp);
  if (found.kind === "fault") return warn(id, found.detail);
  const { name, record, inherited } = found;
  const tags = readTags(record);
  if (tags === null) return warn(id, `${name} is no list of tags: ${quote(record)}`);
  const tag = inherited && tags.has("sp") ? "sp" : "p";
  // Without it, as if it were none (RFC 9989, 4.7).
  const policy = lowerCase(tags.get(tag) ?? "none");
  const said = `${name} says ${tag}=${quote(policy)}.`;
  const deaf = tags.get("rua") ? "" : " Without rua there are no reports.";
  if (policy === "none") {
    return warn(
      id,
      `${said} What forges you is delivered: look at the reports, and once all your mail passes, set quarantine.${deaf}`,
    );
  }
  return policy === "quarantine" || policy === "reject"
    ? pass(id, said + deaf)
    : warn(id, `${said} Set none, quarantine or reject.${deaf}`);
}

/** The domain's own record; else, of those above it, the one with the fewest labels, or the one that ends the walk. */
async function findRecord(domain: string, lookUp: LookUp): Promise<Found> {
  let found: Found = fault(
    `There is no DMARC record, or several at a name: set one at _dmarc.${domain}, with p=none and a rua that takes reports.`,
  );
  for (let labels = domain.split("."); ; labels = labels.slice(1).slice(-LABELS_AT_MOST)) {
    const inherited = labels.join(".") !== domain;
    // One label is a registry's, not the owner's.
    if (inherited && labels.length < 2) return found;
    const name = `_dmarc.${labels.join(".")}`;
    const reading = await readRecords(lookUp, name, "TXT");
    if (reading.kind === "fault") return reading;
    const [record, second] = reading.records.filter((text) => RECORD.test(text));
    if (record === undefined || second !== undefined) continue;
    const psd = readTags(record)?.get("psd");
    // A public suffix speaks only for domains below it that say nothing themselves.
    if (psd !== "y" || found.kind === "fault") found = { kind: "record", name, record, inherited };
    if (!inherited || psd === "y" || psd === "n") return found;
  }
}
