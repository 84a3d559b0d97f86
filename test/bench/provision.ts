// Domains and routes, set up by the API as an operator would.

import { ADMIN_TOKEN, KEY } from "./workerd.ts";

const ROUTE = { action: "forward", to: ["inbox@example.net"] };

/** A domain that enforces, with the key that all have, and one route for all its mail. */
export async function configure(base: string, domain: string): Promise<void> {
  await put(base, `/v1/domains/${domain}?force=true`, { mode: "enforce", keys: [KEY] });
  await put(base, `/v1/domains/${domain}/routes/*`, ROUTE);
}

/** A route for each of these local-parts, one by one: a body has room for about a thousand. How long it took, in seconds. */
export async function addRoutes(
  base: string,
  domain: string,
  localParts: readonly string[],
): Promise<number> {
  const started = performance.now();
  await inParallel(localParts, (localPart) => put(base, `/v1/domains/${domain}/routes/${localPart}`, ROUTE));
  return (performance.now() - started) / 1000;
}

/** Does something for each of many, eight at a time. */
export async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const workOn = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, workOn));
}

async function put(base: string, path: string, body: object): Promise<void> {
  const response = await fetch(new URL(path, base), {
    method: "PUT",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`PUT ${path} answered ${response.status}: ${await response.text()}`);
}
