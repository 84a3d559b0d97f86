// The operations for a caller who is known without a token. What a page shows and does it asks for by these, as whoever is
// signed in, so that it is read, judged, refused and recorded as it would be of his token.

import { HonoBase as Hono } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import type { Caller } from "./caller.ts";
import { describeFailure } from "./failure.ts";
import { type Declared, mount, type Operation } from "./operation.ts";
import type { Api, Ports } from "./ports.ts";
import { type Problem, problem, respond } from "./problem.ts";

/** What an operation is asked with. */
export interface Asked<Body> {
  /** What stands in its path, by name. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Body;
}

/** What came of it; an answer without a body is null. */
export type Reply<Answered> =
  | { readonly kind: "answer"; readonly body: Answered }
  | { readonly kind: "problem"; readonly problem: Problem };

/** Asks for an operation. Never throws. */
export type Ask = <Body, Answered>(
  operation: Declared<Body, Answered>,
  asked?: Asked<Body>,
) => Promise<Reply<Answered>>;

/** Who asks, and under which id failures are logged. */
export interface Asker {
  readonly caller: Caller;
  readonly requestId: string;
}

export type AskAs = (asker: Asker, ports: Ports) => Ask;

/** Where the operations are, to themselves. */
const ORIGIN = "http://operations.invalid";

/** Makes those operations available from here. */
export function createAsking(operations: readonly Operation[]): AskAs {
  const app = new Hono<Api>({ router: new TrieRouter() });
  const askers = new WeakMap<Request, Asker>();
  app.use(async function knowCaller(context, next) {
    const asker = askers.get(context.req.raw);
    if (asker === undefined) throw new Error("Whoever asks is known.");
    context.set("caller", asker.caller);
    context.set("requestId", asker.requestId);
    await next();
  });
  mount(app, operations);
  app.notFound(() => problem("not-found", "There is nothing of that name."));
  app.onError((error, context) => respond(describeFailure(error, context)));

  return (asker, ports) =>
    async function ask(operation, asked = {}) {
      const request = requestFor(operation, asked);
      askers.set(request, asker);
      const response = await app.fetch(request, ports);
      const body = response.status === 204 ? null : await response.json();
      const reply = response.ok ? { kind: "answer", body } : { kind: "problem", problem: body };
      return reply as Reply<never>;
    };
}

function requestFor({ method, path }: Operation, { params = {}, query = {}, body }: Asked<unknown>): Request {
  const url = new URL(
    path.replace(/:([a-zA-Z]+)/g, (_whole, name: string) => encodeURIComponent(params[name] ?? "")),
    ORIGIN,
  );
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  if (body === undefined) return new Request(url, { method: method.toUpperCase() });
  const headers = { "content-type": "application/json" };
  return new Request(url, { method: method.toUpperCase(), headers, body: JSON.stringify(body) });
}
