// A domain's keyring: what each key does, rotating, bringing a key along, retiring one. No answer holds a secret.

import { Hono } from "hono";
import { type Key, stateOf } from "../core/keyring.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { readBody } from "./body.ts";
import { presentOutcome, readDomain } from "./domains.ts";
import { readLimit } from "./list.ts";
import type { Api } from "./ports.ts";
import { problem, unconfigured } from "./problem.ts";
import { keyBody } from "./schemas.ts";

export const keys = new Hono<Api>()
  .get("/", async (context) => {
    const domain = readDomain(context);
    const snapshot = domain && (await context.env.domains.read(domain));
    if (!snapshot) return unconfigured(context.req.param("domain") ?? "");
    const limit = readLimit(context);
    if (limit instanceof Response) return limit;
    // A cursor is the number of the page's last key: it stays right whatever comes and goes.
    const after = Number(context.req.query("cursor") ?? -1);
    const keys = snapshot.keys
      .filter((key) => key.number > after)
      .toSorted((one, other) => one.number - other.number);
    const items = keys.slice(0, limit).map((key) => present(snapshot, key, context.env.now));
    return context.json({ items, cursor: keys.length > limit ? String(items.at(-1)?.number) : null });
  })
  .post("/", async (context) => {
    const { domains, now } = context.env;
    const domain = readDomain(context);
    const body = await readBody(context, keyBody);
    if (body instanceof Response) return body;
    if (domain === null) return unconfigured(context.req.param("domain") ?? "");
    const { number, secret, sign = false } = body;
    const outcome =
      number === undefined || secret === undefined
        ? await domains.rotateKeys(domain)
        : await domains.bringKey(domain, { number, secret }, sign);
    return presentOutcome(outcome, domain, (snapshot) => present(snapshot, snapshot.keys.at(-1), now));
  })
  .delete("/:number", async (context) => {
    const domain = readDomain(context);
    const number = /^[0-9]$/.test(context.req.param("number")) ? Number(context.req.param("number")) : null;
    if (domain === null) return unconfigured(context.req.param("domain") ?? "");
    if (number === null) return problem("not-found", "The keyring has no key of that number.");
    const outcome = await context.env.domains.retireKey(domain, number);
    return "snapshot" in outcome ? context.body(null, 204) : presentOutcome(outcome, domain, () => ({}));
  });

function present({ keys }: Snapshot, key: Key | undefined, now: number) {
  if (key === undefined) return {};
  const { number, created, notBefore, expires, imported } = key;
  const state = stateOf(keys, key, now);
  return {
    number,
    state,
    created: time(created),
    notBefore: time(notBefore),
    expires: time(expires),
    imported,
  };
}

function time(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
