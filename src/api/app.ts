// The HTTP API: what every response bears, who may call, and the operations. Handlers take their ports from
// `context.env`; whatever they throw becomes a problem here.

import type { Context } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { cors } from "hono/cors";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import { TrieRouter } from "hono/router/trie-router";
import { secureHeaders } from "hono/secure-headers";
import { Hono } from "hono/tiny";
import { describedOperations } from "./about.ts";
import { addressOperations } from "./addresses.ts";
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

/** What a page may load: this origin's stylesheet, and no script at all. */
const POLICY = {
  defaultSrc: ["'none'"],
  styleSrc: ["'self'"],
  imgSrc: ["data:"],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
};

/** How long a browser may keep what it was told of CORS, in seconds. */
const PREFLIGHT_S = 600;

/** The API, and the document that describes it. */
export function createApi(): { readonly app: Hono<Api>; readonly document: () => ApiDocument } {
  // The one router that `methodNotAllowed` uses too: the others that Hono chooses from stay out of the Worker.
  const app = new Hono<Api>({ router: new TrieRouter() });

  app.use(requestId());
  app.use(secureHeaders({ contentSecurityPolicy: POLICY, xFrameOptions: "DENY" }));
  app.use(async function markResponse(context, next) {
    await next();
    context.header("cache-control", "no-store");
    // A response that a handler made itself does not have it yet.
    context.header("x-request-id", context.var.requestId);
  });
  app.use("/v1/*", allowOrigins());
  app.use("/v1/*", authenticate());
  app.use("/v1/*", async function boundRate(context, next) {
    if (await context.env.isWithinRate(context.var.caller)) return next();
    return problem("too-many-requests", "Try again after as many seconds as Retry-After says.");
  });
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (_context, methods) => notAllowed(methods) }));

  const { operations, document } = describedOperations([
    ...addressOperations,
    ...domainOperations,
    ...routeOperations,
    ...keyOperations,
    ...recordOperations,
    ...auditOperations,
    ...webhookOperations,
    ...tokenOperations,
  ]);
  mount(app, operations);

  app.notFound((context) => problem("not-found", `There is nothing at ${context.req.path}.`));
  app.onError((error, context) => {
    if ("getResponse" in error) return error.getResponse();
    return respond(describeFailure(error, context));
  });
  return { app, document };
}

/** CORS for the origins that the deployment names; where it names none, nothing here knows of it. */
function allowOrigins() {
  const share = cors({
    origin: (origin, context: Context<Api>) => (context.env.corsOrigins.includes(origin) ? origin : null),
    allowMethods: ["GET", "PUT", "PATCH", "POST", "DELETE"],
    allowHeaders: ["Authorization", "Content-Type"],
    exposeHeaders: ["Retry-After", "X-Request-Id"],
    maxAge: PREFLIGHT_S,
  });
  return async function allowOrigins(context: Context<Api>, next: () => Promise<void>) {
    return context.env.corsOrigins.length === 0 ? next() : share(context, next);
  };
}

/** Lets in whoever bears a token that is known here; one answer however it is wrong. */
function authenticate() {
  return bearerAuth({
    async verifyToken(token, context: Context<Api>) {
      const caller = await findCaller(token, context.env);
      if (caller !== null) context.set("caller", caller);
      return caller !== null;
    },
    noAuthenticationHeader: { message: unauthorized },
    invalidAuthenticationHeader: { message: unauthorized },
    invalidToken: { message: unauthorized },
  });
}

function unauthorized(): Response {
  return problem("unauthorized", "Send Authorization: Bearer with a valid token.");
}

function notAllowed(methods: string[]): Response {
  const allow = methods.join(", ");
  return problem("method-not-allowed", `Use ${allow}.`, { allow });
}
