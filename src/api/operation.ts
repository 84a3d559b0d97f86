// An operation of the API: one declaration, of which come its route, who may call it, how its body is read, and its part
// of the OpenAPI document. What is described is what runs.

import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type * as v from "valibot";
import { isDomain, lowerCase } from "../core/mailbox.ts";
import { permits, reaches, type Scope } from "../core/token.ts";
import { readBody } from "./body.ts";
import type { Api } from "./ports.ts";
import { type ProblemType, problem, unconfigured, unusable } from "./problem.ts";

export type Schema = v.GenericSchema;

/** A query parameter, by its name. */
export type QueryName = "limit" | "limitIfAny" | "cursor" | "days" | "force";

/** Octets that a body may have. */
export const BODY_OCTETS_AT_MOST = 64 * 1024;

/** What a handler answers where it succeeds; any other way it answers a response. */
export type Answer<Body> =
  | { readonly status: 200 | 201; readonly body: Body }
  | { readonly status: 204; readonly body?: never };

interface Declaration<Body extends Schema, Answered extends Schema> {
  readonly id: string;
  readonly method: "get" | "put" | "patch" | "post" | "delete";
  /** As Hono writes it: `/v1/domains/:domain`. */
  readonly path: string;
  /** What a token needs; null where none is asked for. */
  readonly scope: Scope | null;
  readonly summary: string;
  /** What the summary leaves open. */
  readonly description?: string;
  readonly query?: readonly QueryName[];
  readonly body?: Body;
  /** Reads a form, where one is taken too. Values are texts, or lists of them. */
  readonly form?: (fields: Readonly<Record<string, unknown>>) => unknown;
  readonly bodyOctetsAtMost?: number;
  readonly statuses: readonly (200 | 201 | 204)[];
  readonly answer: Answered | null;
  /** What the answer in text/plain is, where it is given too. */
  readonly plain?: string;
  /** Those that do not follow from the rest. */
  readonly problems?: readonly ProblemType[];
  readonly example: { readonly body?: v.InferInput<Body>; readonly answer?: v.InferInput<Answered> };
  handle(
    context: Context<Api>,
    body: v.InferOutput<Body>,
  ): Promise<Answer<v.InferInput<Answered>> | Response>;
}

/** An operation, whatever its body and answer. */
export interface Operation extends Omit<Declaration<Schema, Schema>, "handle"> {
  handle(context: Context<Api>, body: never): Promise<Answer<unknown> | Response>;
}

/** An operation, whose body and answer are known to those who ask for it from here. */
export interface Declared<Body, Answered> extends Operation {
  /** Never there: it holds the types. */
  readonly types?: (body: Body) => Answered;
}

/** Declares an operation: its example, handler and schemas have to agree. */
export function operation<Body extends Schema, Answered extends Schema>(
  declared: Declaration<Body, Answered>,
): Declared<v.InferInput<Body>, v.InferInput<Answered>> {
  return declared as unknown as Declared<v.InferInput<Body>, v.InferInput<Answered>>;
}

/** Gives each operation its route. */
export function mount(app: Hono<Api>, operations: readonly Operation[]): void {
  for (const declared of operations) {
    const octetsAtMost = declared.bodyOctetsAtMost ?? BODY_OCTETS_AT_MOST;
    app.on(
      declared.method.toUpperCase(),
      declared.path,
      (context, next) => guard(declared, context, next),
      // A body that nobody asked for is not read, however large.
      declared.body === undefined ? (_context, next) => next() : boundBody(octetsAtMost),
      (context) => run(declared, context),
    );
  }
}

/** The domain that the path names, in lower case. The guard has seen to it that the caller reaches it. */
export function domainOf(context: Context<Api>): string {
  return lowerCase(context.req.param("domain") ?? "");
}

/** Whether the text names a domain that can be configured. */
export function isConfigurable(domain: string): boolean {
  return isDomain(domain) && domain.includes(".");
}

/** Answers 403 to whoever may not call this, whether or not what he names exists. */
async function guard(
  { scope, path, method }: Operation,
  context: Context<Api>,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  if (scope !== null) {
    const { caller } = context.var;
    if (!permits(caller, scope)) {
      return problem("forbidden", `The token has no scope for this: ${scope} is needed.`);
    }
    if (path.includes("/:domain")) {
      const domain = domainOf(context);
      if (!reaches(caller, domain)) return forbiddenDomain();
      if (!isConfigurable(domain)) {
        return method === "get" || method === "delete" ? unconfigured(domain) : unusable([NO_DOMAIN]);
      }
    }
  }
  await next();
  return undefined;
}

/**
 * Refuses a body that is larger. One whose length is told is not touched for it: only to ask whether there is a body makes
 * a stream of it, which cost a call a tenth of its time.
 */
function boundBody(octetsAtMost: number) {
  const count = bodyLimit({ maxSize: octetsAtMost, onError: () => tooLarge(octetsAtMost) });
  return async function boundBody(context: Context<Api>, next: () => Promise<void>) {
    const told = context.req.header("content-length");
    if (told === undefined || context.req.header("transfer-encoding") !== undefined) {
      return count(context, next);
    }
    return Number(told) <= octetsAtMost ? next() : tooLarge(octetsAtMost);
  };
}

const NO_DOMAIN = {
  pointer: "#/domain",
  detail: "The path names no domain name with at least one dot.",
};

/** What a caller reads of any domain that he does not reach. */
export function forbiddenDomain(): Response {
  return problem("forbidden", OUTSIDE);
}

export const OUTSIDE = "The domain is none of this token's.";

async function run(declared: Operation, context: Context<Api>): Promise<Response> {
  const body = declared.body && (await readBody(context, declared.body, declared.form));
  if (body instanceof Response) return body;
  const answer = await declared.handle(context, body as never);
  if (answer instanceof Response) return answer;
  return answer.status === 204 ? context.body(null, 204) : context.json(answer.body as object, answer.status);
}

function tooLarge(octets: number): Response {
  return problem("too-large", `${octets} octets are the limit.`);
}
