// The HTTP API: who may call, what every response bears, where each resource is. Handlers take their ports from
// `context.env`; whatever they throw becomes a problem here.

import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import { addresses } from "./addresses.ts";
import { isAdminToken } from "./caller.ts";
import { domains } from "./domains.ts";
import { keys } from "./keys.ts";
import type { Api } from "./ports.ts";
import { problem } from "./problem.ts";
import { routes } from "./routes.ts";

const BODY_OCTETS_AT_MOST = 64 * 1024;

/** @param isUnreachable whether what was thrown is storage that did not answer */
export function createApi(isUnreachable: (error: Error) => boolean): Hono<Api> {
  const app = new Hono<Api>();

  app.use(secureHeaders());
  app.use(async function noStore(context, next) {
    await next();
    context.header("cache-control", "no-store");
  });
  app.use(
    "/v1/*",
    bearerAuth({
      verifyToken: (token, context) => isAdminToken(token, (context.env as Api["Bindings"]).adminToken),
      noAuthenticationHeader: { message: unauthorized },
      invalidAuthenticationHeader: { message: unauthorized },
      invalidToken: { message: unauthorized },
    }),
  );
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (_context, methods) => notAllowed(methods) }));
  app.use(bodyLimit({ maxSize: BODY_OCTETS_AT_MOST, onError: () => tooLarge() }));

  app.get("/health", (context) => context.json({ status: "ok" }));
  app.route("/v1/addresses", addresses);
  app.route("/v1/domains", domains);
  app.route("/v1/domains/:domain/routes", routes);
  app.route("/v1/domains/:domain/keys", keys);

  app.notFound((context) => problem("not-found", `There is nothing at ${context.req.path}.`));
  app.onError((error) => {
    if ("getResponse" in error) return error.getResponse();
    console.error(JSON.stringify({ event: "api-failed", error: String(error.cause ?? error) }));
    return isUnreachable(error)
      ? problem("storage-unreachable", "Nothing was lost; try again.")
      : problem("internal", "It was logged; nothing was changed by halves.");
  });
  return app;
}

/** One answer however the token is wrong. */
function unauthorized(): Response {
  return problem("unauthorized", "Send Authorization: Bearer with a valid token.");
}

function notAllowed(methods: string[]): Response {
  const allow = methods.join(", ");
  return problem("method-not-allowed", `Use ${allow}.`, { headers: { allow } });
}

function tooLarge(): Response {
  return problem("too-large", `${BODY_OCTETS_AT_MOST} octets are the limit.`);
}
