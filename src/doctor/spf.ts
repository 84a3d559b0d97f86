// Who may send for the domain (SPF, RFC 7208). Follows include and redirect as a receiver does in the worst case, and counts
// the look-ups that it would need; the addresses of hosts are not looked up. Never throws.

import { type DnsCheck, type Fault, fault, pass, quote, readRecords, warn } from "./check.ts";
import type { LookUp } from "./resolver.ts";
import { isSpf, readSpf } from "./spf-record.ts";

/** Look-ups that one evaluation may take (4.6.4). */
const LOOK_UPS_AT_MOST = 10;
const TAKES_LOOK_UP = /^(?:include|a|mx|ptr|exists|redirect=)$/;

interface Walk {
  readonly lookUp: LookUp;
  lookUps: number;
}

/** What every host gets that was not named before, by its qualifier; or why the record is void. */
type Ending = { readonly kind: "others"; readonly get: string } | Fault;

/** Checks the domain's SPF record and those that it refers to. */
export async function checkSpf(domain: string, lookUp: LookUp): Promise<DnsCheck> {
  const id = "spf";
  const walk: Walk = { lookUp, lookUps: 0 };
  const ending = await follow([domain], walk);
  if (ending.kind === "fault") return warn(id, ending.detail);
  switch (ending.get) {
    case "+":
      return warn(
        id,
        "It lets every host send, by +all here or in a record that it refers to: end with ~all.",
      );
    case "?":
      return warn(id, "It says nothing of other hosts, by ?all or for want of an all: end with ~all.");
    default:
      return pass(
        id,
        `It ends with ${ending.get}all, and takes ${walk.lookUps} of ${LOOK_UPS_AT_MOST} look-ups.`,
      );
  }
}

/** @param path the names that led here, the last one's record is read */
async function follow(path: readonly string[], walk: Walk): Promise<Ending> {
  const name = quote(path.at(-1) ?? "");
  const reading = await readRecords(walk.lookUp, path.at(-1) ?? "", "TXT");
  if (reading.kind === "fault") return reading;
  const [record, second] = reading.records.filter(isSpf);
  if (record === undefined) return fault(`There is no SPF record at ${name}: set one.`);
  if (second !== undefined)
    return fault(`${name} has several SPF records, so none counts (4.5): make them one.`);
  const spf = readSpf(record);
  if (spf.kind === "fault") return fault(`The SPF record of ${name} is void, by this: ${quote(spf.term)}`);
  for (const term of spf.terms) {
    if (term.name === "all") return others(term.qualifier);
    if (TAKES_LOOK_UP.test(term.name) && ++walk.lookUps > LOOK_UPS_AT_MOST) {
      return fault(
        `It takes more than ${LOOK_UPS_AT_MOST} look-ups, which voids it (4.6.4): refer to fewer names.`,
      );
    }
    if (term.name !== "include" && term.name !== "redirect=") continue;
    const ending = await enter(term.value, path, walk);
    if (ending.kind === "fault" || term.name === "redirect=") return ending;
    // It matches every host, so what follows is never reached.
    if (ending.get === "+") return others(term.qualifier);
  }
  return others("?");
}

/** Where macros make the name, it depends on the message: what it says is taken to be in order. */
async function enter(name: string, path: readonly string[], walk: Walk): Promise<Ending> {
  if (name.includes("%")) return others("~");
  return path.includes(name)
    ? fault(`The SPF record of ${quote(name)} refers to itself.`)
    : follow([...path, name], walk);
}

function others(get: string): Ending {
  return { kind: "others", get };
}
