// Tokens: making, listing and revoking them. Nobody makes, sees or revokes more than he may do himself, and a token's
// text is shown once.

import { ALL_DOMAINS, type Grant, isWithin, type MadeUnder, type Token } from "../core/token.ts";
import { newTokenAnswer, tokensAnswer } from "./answers.ts";
import { cursorOf, readPage } from "./list.ts";
import { operation } from "./operation.ts";
import { formatTime } from "./outcome.ts";
import { problem } from "./problem.ts";
import { tokenBody } from "./schemas.ts";

const TOKEN = {
  id: "019ab5f2c3d04be17a90",
  name: "newsletter",
  scopes: ["sign" as const],
  domains: ["example.com"],
  created: "2026-11-24T12:00:00.000Z",
  keyringSecret: "current" as const,
};

export const listTokens = operation({
  id: "listTokens",
  method: "get",
  path: "/v1/tokens",
  scope: "admin",
  summary: "List the tokens, the oldest first",
  description:
    "Those that are within the caller's own domains. `keyringSecret` says under which KEYRING_SECRET a token was made: it is valid as long as that one is the current or the previous one.",
  query: ["limit", "cursor"],
  statuses: [200],
  answer: tokensAnswer,
  problems: ["unusable-values"],
  example: { answer: { items: [TOKEN], cursor: null } },
  async handle(context) {
    const page = readPage(context);
    if (page instanceof Response) return page;
    const found = await context.env.tokens.list(page.after, page.limit, context.var.caller);
    return {
      status: 200,
      body: { items: found.items.map(present), cursor: cursorOf(found, ({ id }) => id) },
    };
  },
});

export const createToken = operation({
  id: "createToken",
  method: "post",
  path: "/v1/tokens",
  scope: "admin",
  summary: "Make a token",
  description:
    "`token` is shown this once. `admin` includes the other scopes, and `*` stands for all domains.",
  body: tokenBody,
  statuses: [201],
  answer: newTokenAnswer,
  example: {
    body: { name: "newsletter", scopes: ["sign"], domains: ["example.com"] },
    answer: {
      ...TOKEN,
      token: "cs_019ab5f2c3d04be17a90_<secret>",
      effectiveBy: "2026-11-24T12:02:30.000Z",
    },
  },
  async handle(context, { name, scopes, domains }) {
    const grant: Grant = { scopes, domains };
    if (!isWithin(grant, context.var.caller)) {
      return problem("forbidden", "A token makes none that may do more than itself.");
    }
    const { text, effectiveBy, ...token } = await context.env.tokens.create(name, grant);
    context.env.log({ event: "token-created", id: token.id, scopes, domains, by: context.var.caller.id });
    return {
      status: 201,
      body: {
        ...present({ ...token, madeUnder: "current" }),
        token: text,
        effectiveBy: formatTime(effectiveBy),
      },
    };
  },
});

export const revokeToken = operation({
  id: "revokeToken",
  method: "delete",
  path: "/v1/tokens/:id",
  scope: "admin",
  summary: "Revoke a token",
  description: "At once here, and elsewhere when that location has heard of it, a minute or so.",
  statuses: [204],
  answer: null,
  problems: ["not-found"],
  example: {},
  async handle(context) {
    const { caller } = context.var;
    const id = context.req.param("id") ?? "";
    if (await context.env.tokens.revoke(id, caller)) {
      context.env.log({ event: "token-revoked", id, by: caller.id });
      return { status: 204 };
    }
    // Whoever may not revoke all tokens is not told which there are.
    return caller.domains.includes(ALL_DOMAINS)
      ? problem("not-found", "There is no token of that id.")
      : problem("forbidden", "No token of that id is within this token's domains.");
  },
});

export const tokenOperations = [listTokens, createToken, revokeToken];

function present({
  id,
  name,
  scopes,
  domains,
  created,
  madeUnder,
}: Token & { readonly madeUnder: MadeUnder }) {
  return {
    id,
    name,
    scopes: [...scopes],
    domains: [...domains],
    created: formatTime(created),
    keyringSecret: madeUnder,
  };
}
