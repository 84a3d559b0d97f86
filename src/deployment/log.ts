// The log: one structured line for each message and each minted address, with the field's own verbs and without any
// content. Where the deployment asks for it, addresses are keyed values.

import { pseudonymOf, replaceAddresses } from "../core/pseudonym.ts";

/** Fields that hold an address, or a list of them. */
const ADDRESSES: ReadonlySet<string> = new Set(["original", "address", "to"]);

/** Writes a line as it is. */
export function writeLine(line: object): void {
  console.log(JSON.stringify(line));
}

/** Writes a line with keyed values in place of the local-parts in it, those in the platform's error texts too. */
export async function writeKeyedLine(key: CryptoKey, line: object): Promise<void> {
  writeLine((await replaceIn(key, "", line)) as object);
}

async function replaceIn(key: CryptoKey, field: string, value: unknown): Promise<unknown> {
  if (typeof value === "string") {
    if (ADDRESSES.has(field)) return pseudonymOf(key, value);
    return field === "error" ? replaceAddresses(key, value) : value;
  }
  if (Array.isArray(value)) return Promise.all(value.map((item) => replaceIn(key, field, item)));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(async ([name, inner]) => [
    name,
    await replaceIn(key, name, inner),
  ]);
  return Object.fromEntries(await Promise.all(fields)) as object;
}
