// What a check of the domain's DNS comes to, and how it asks and quotes. No I/O of its own; nothing here throws.

import type { LookUp, RecordType } from "./resolver.ts";

/** One point of a domain's DNS. None keeps it from enforcing, so none fails. */
export interface DnsCheck {
  readonly id: "mx" | "spf" | "dkim" | "dmarc";
  readonly status: "pass" | "warn";
  /** What was found, and what to do. */
  readonly detail: string;
}

/** A sentence that says what is amiss, and what to do. */
export interface Fault {
  readonly kind: "fault";
  readonly detail: string;
}

export type Reading = { readonly kind: "records"; readonly records: readonly string[] } | Fault;

/** Characters of a record that are quoted: such as are in a usual SPF record. */
const QUOTED = 150;

/** Looks up a name's records: none where there is no such name. */
export async function readRecords(lookUp: LookUp, name: string, type: RecordType): Promise<Reading> {
  const answer = await lookUp(name, type);
  switch (answer.kind) {
    case "found":
      return { kind: "records", records: answer.records };
    case "absent":
      return { kind: "records", records: [] };
    case "failed":
      return fault(`The name servers of ${name} fail, or its DNSSEC does: mend them.`);
    case "unreachable":
      return fault(`The resolver did not answer for ${name}: try again, or set another DOH_URL.`);
    case "too-many":
      return fault(`${name} was not looked up: there are too many names.`);
  }
}

/** Text out of DNS, fit to be shown: printable ASCII, of bounded length. */
export function quote(text: string): string {
  const cut = text.slice(0, QUOTED);
  return cut.replace(/[^ -~]/g, "") + (cut === text ? "" : "…");
}

/** The tags of a list (RFC 6376, 3.2), which DMARC has too; null where it is none. */
export function readTags(record: string): ReadonlyMap<string, string> | null {
  const tags = new Map<string, string>();
  const specs = record.split(";");
  if (specs.at(-1)?.trim() === "") specs.pop();
  for (const spec of specs) {
    const [, name, value = ""] = /^\s*([a-z]\w*)\s*=([ -~\s]*)$/i.exec(spec) ?? [];
    if (name === undefined || tags.has(name)) return null;
    tags.set(name, value.trim());
  }
  return tags;
}

export function pass(id: DnsCheck["id"], detail: string): DnsCheck {
  return { id, status: "pass", detail };
}

export function warn(id: DnsCheck["id"], detail: string): DnsCheck {
  return { id, status: "warn", detail };
}

export function fault(detail: string): Fault {
  return { kind: "fault", detail };
}
