// A domain's keyring: what each key does, rotating, bringing a key along, retiring one. No answer holds a secret.

import { actorOf } from "../core/audit.ts";
import { type Key, stateOf } from "../core/keyring.ts";
import { takePage } from "../core/page.ts";
import { keysAnswer, writtenKeyAnswer } from "./answers.ts";
import { cursorOf, readPage } from "./list.ts";
import { domainOf, operation } from "./operation.ts";
import { formatTime, presentOutcome, presentRemoval } from "./outcome.ts";
import { problem, unconfigured } from "./problem.ts";
import { keyBody } from "./schemas.ts";

const KEY = {
  number: 1,
  state: "pending" as const,
  created: "2026-11-24T12:00:00.000Z",
  notBefore: "2026-11-24T12:02:30.000Z",
  expires: null,
  imported: false,
};

export const listKeys = operation({
  id: "listKeys",
  method: "get",
  path: "/v1/domains/:domain/keys",
  scope: "admin",
  summary: "List what each key of a domain does",
  query: ["limit", "cursor"],
  statuses: [200],
  answer: keysAnswer,
  problems: ["not-found", "unusable-values"],
  example: { answer: { items: [KEY], cursor: null } },
  async handle(context) {
    const domain = domainOf(context);
    const snapshot = await context.env.domains.read(domain);
    if (snapshot === null) return unconfigured(domain);
    const page = readPage(context);
    if (page instanceof Response) return page;
    const after = page.after === "" ? -1 : Number(page.after);
    const keys = snapshot.keys
      .filter((key) => key.number > after)
      .toSorted((one, other) => one.number - other.number);
    const part = takePage(keys, page.limit);
    const items = part.items.map((key) => present(snapshot.keys, key, context.env.now));
    return { status: 200, body: { items, cursor: cursorOf(part, (key) => String(key.number)) } };
  },
});

export const addKey = operation({
  id: "addKey",
  method: "post",
  path: "/v1/domains/:domain/keys",
  scope: "admin",
  summary: "Rotate the key of a domain, or bring one along",
  description:
    "`{}` makes a new key, which signs from its `notBefore`, when every location has it. A key that is brought along validates from now on, and signs only with `sign`.",
  body: keyBody,
  statuses: [201],
  answer: writtenKeyAnswer,
  problems: ["not-found", "conflict"],
  example: { body: {}, answer: { ...KEY, effectiveBy: "2026-11-24T12:02:30.000Z" } },
  async handle(context, { number, secret, sign = false }) {
    const { domains, now } = context.env;
    const by = actorOf(context.var.caller);
    const domain = domainOf(context);
    const outcome =
      number === undefined || secret === undefined
        ? await domains.rotateKeys(domain, by)
        : await domains.bringKey(domain, { number, secret }, sign, by);
    return presentOutcome(outcome, domain, ({ keys }) => {
      const added = keys.at(-1);
      if (added === undefined) throw new Error("A keyring that gained a key has one.");
      return present(keys, added, now);
    });
  },
});

export const retireKey = operation({
  id: "retireKey",
  method: "delete",
  path: "/v1/domains/:domain/keys/:number",
  scope: "admin",
  summary: "Retire a key at once",
  description: "Bounces of mail that was sent under it are refused from now on.",
  statuses: [204],
  answer: null,
  problems: ["not-found", "conflict"],
  example: {},
  async handle(context) {
    const domain = domainOf(context);
    const number = context.req.param("number") ?? "";
    if (!/^[0-9]$/.test(number)) return problem("not-found", "The keyring has no key of that number.");
    const by = actorOf(context.var.caller);
    return presentRemoval(await context.env.domains.retireKey(domain, Number(number), by), domain);
  },
});

export const keyOperations = [listKeys, addKey, retireKey];

function present(keys: readonly Key[], key: Key, now: number) {
  const { number, created, notBefore, expires, imported } = key;
  return {
    number,
    state: stateOf(keys, key, now),
    created: formatTime(created),
    notBefore: formatTime(notBefore),
    expires: formatTime(expires),
    imported,
  };
}
