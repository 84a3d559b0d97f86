// The HTTP API: what every response bears, who may call, and the operations. Handlers take their ports from
// `context.env`; whatever they throw becomes a problem here.

import type { Context } from "hono";
import { HonoBase as Hono } from "hono/hono-base";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import { TrieRouter } from "hono/router/trie-router";
import { describedOperations } from "./about.ts";
import { addressOperations } from "./addresses.ts";
import { type AskAs, createAsking } from "./asking.ts";
import { auditOperations } from "./audit.ts";
import { findCaller } from "./caller.ts";
import { domainOperations } from "./domains.ts";
import { describeFailure } from "./failure.ts";
import { keyOperations } from "./keys.ts";
import type { ApiDocument } from "./openapi.ts";
import { mount } from "./operation.ts";
import type { Api } from "./ports.ts";
import { problem, respond } from "./problem.ts";
import { recordOperations } from "./records.ts";
import { routeOperations } from "./routes.ts";
import { tokenOperations } from "./tokens.ts";
import { webhookOperations } from "./webhook.ts";

/** What every response bears. A page may load this origin's stylesheet, and no script at all. */
const MARKS = Object.entries({
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  // Without it a browser's forms would not name their origin, by which forged ones are told.
  "referrer-policy": "same-origin",
  "strict-transport-security": "max-age=15552000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
});

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** What a browser is told that asks before it calls, and may keep for ten minutes; and what a page may read of an answer. */
const PREFLIGHT = [
  ["access-control-allow-methods", "GET,PUT,PATCH,POST,DELETE"],
  ["access-control-allow-headers", "Authorization,Content-Type"],
  ["access-control-max-age", "600"],
] as const;
const EXPOSED = [["access-control-expose-headers", "Retry-After,X-Request-Id"]] as const;

/** The API, the document that describes it, and the same operations for whoever is known without a token. */
export function createApi(): {
  readonly app: Hono<Api>;
  readonly document: () => ApiDocument;
  readonly askAs: AskAs;
} {
  // The one router that `methodNotAllowed` uses too: the others that Hono chooses from stay out of the Worker.
  const app = new Hono<Api>({ router: new TrieRouter() });

  app.use(requestId());
  app.use(async function markResponse(context, next) {
    await next();
    // Not by `context.header`, which makes a new response for each: that cost a call a seventh of its time.
    const { headers } = context.res;
    for (const [name, value] of MARKS) headers.set(name, value);
    // A response that a handler made itself does not have it yet.
    headers.set("x-request-id", context.var.requestId);
  });
  app.use("/v1/*", allowOrigins());
  app.use("/v1/*", authenticate());
  app.use("/v1/*", async function boundRate(context, next) {
    if (await context.env.isWithinRate(context.var.caller)) return next();
    return problem("too-many-requests", "Try again after as many seconds as Retry-After says.");
  });
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (_context, methods) => notAllowed(methods) }));

  const declared = [
    ...addressOperations,
    ...domainOperations,
    ...routeOperations,
    ...keyOperations,
    ...recordOperations,
    ...auditOperations,
    ...webhookOperations,
    ...tokenOperations,
  ];
  const { operations, document } = describedOperations(declared);
  mount(app, operations);

  app.notFound((context) => problem("not-found", `There is nothing at ${context.req.path}.`));
  app.onError((error, context) => {
    if ("getResponse" in error) return error.getResponse();
    return respond(describeFailure(error, context));
  });
  return { app, document, askAs: createAsking(declared) };
}

/** CORS for the origins that the deployment names (Fetch, 3.2); where it names none, nothing here knows of it. */
function allowOrigins() {
  return async function allowOrigins(context: Context<Api>, next: () => Promise<void>) {
    const { corsOrigins } = context.env;
    const origin = context.req.header("origin") ?? "";
    const isPreflight = context.req.method === "OPTIONS" && corsOrigins.length > 0;
    if (!isPreflight) await next();
    if (corsOrigins.length > 0) context.header("vary", "Origin", { append: true });
    if (corsOrigins.includes(origin)) {
      for (const [name, value] of isPreflight ? PREFLIGHT : EXPOSED) context.header(name, value);
      context.header("access-control-allow-origin", origin);
    }
    return isPreflight ? context.body(null, 204) : undefined;
  };
}

/** Lets in whoever bears a token that is known here; one answer however it is wrong (RFC 6750, 2.1). */
function authenticate() {
  return async function authenticate(context: Context<Api>, next: () => Promise<void>) {
    const [, token = ""] = BEARER.exec(context.req.header("authorization") ?? "") ?? [];
    const caller = token === "" ? null : await findCaller(token, context.env);
    if (caller === null) return unauthorized();
    context.set("caller", caller);
    return next();
  };
}

function unauthorized(): Response {
  return problem("unauthorized", "Send Authorization: Bearer with a valid token.");
}

function notAllowed(methods: string[]): Response {
  const allow = methods.join(", ");
  return problem("method-not-allowed", `Use ${allow}.`, { allow });
}
