// What the pages are given, and how a page is answered: what it reads and does it asks of the API's operations, as whoever
// is signed in.

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Ask, Asked, Reply } from "../api/asking.ts";
import type { Caller } from "../api/caller.ts";
import type { Declared } from "../api/operation.ts";
import type { Ports } from "../api/ports.ts";
import { describeProblem, type Problem } from "../api/problem.ts";
import type { Inspection, Pasted } from "../core/inspection.ts";
import { lowerCase } from "../core/mailbox.ts";
import { permits, type Scope } from "../core/token.ts";

export interface PagePorts extends Ports {
  /** Signs sessions. */
  readonly sessionKey: CryptoKey;
  /** Null where the domain is not configured. */
  inspect(pasted: Pasted, domain: string): Promise<Inspection | null>;
}

/** Hono's types for the pages. */
export interface Desk {
  Bindings: PagePorts;
  Variables: { readonly caller: Caller; readonly requestId: string; readonly ask: Ask };
}

export type Visit = Context<Desk>;

/** What a form was sent with, and what came of it, where its page is shown once more. */
export interface Again {
  readonly problem?: Problem;
  readonly values?: Readonly<Record<string, string>>;
}

/** A page that can't be shown; the problem says why. */
export class Unshowable extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

/** Whether whoever is signed in may do what needs this scope. */
export function may(visit: Visit, scope: Scope): boolean {
  return permits(visit.var.caller, scope);
}

/** The domain that the path names, in lower case. */
export function domainOf(visit: Visit): string {
  return lowerCase(visit.req.param("domain") ?? "");
}

/** What an operation answers. Throws `Unshowable` where it does not. */
export async function read<Body, Answered>(
  visit: Visit,
  operation: Declared<Body, Answered>,
  asked?: Asked<Body>,
): Promise<Answered> {
  const reply = await visit.var.ask(operation, asked);
  if (reply.kind === "problem") throw new Unshowable(reply.problem);
  return reply.body;
}

/** Seconds after which one may try again. */
const RETRY_AFTER_S = "10";

/** Answers with a page. */
export function show(
  visit: Context,
  page: { toString(): string },
  status: ContentfulStatusCode = 200,
): Response {
  if (status === 429 || status === 503) visit.header("retry-after", RETRY_AFTER_S);
  return visit.html(`<!doctype html>${page.toString()}`, status);
}

/**
 * Answers a form: what was done leads to a page that says so, and a problem to the form once more.
 * @param to the page's path, and how it names what was done
 */
export function conclude(
  visit: Visit,
  reply: Reply<unknown>,
  to: { readonly path: string; readonly done: string },
  again: (problem: Problem) => Response | Promise<Response>,
): Response | Promise<Response> {
  return reply.kind === "problem" ? again(reply.problem) : visit.redirect(`${to.path}?done=${to.done}`, 303);
}

/** The texts of a form's fields, by name. Files and repeated fields are none. Throws `Unshowable` where it is no form. */
export async function readForm(visit: Visit): Promise<Readonly<Record<string, string>>> {
  const form = await visit.req.parseBody({ all: true }).catch(() => {
    throw new Unshowable(describeProblem("malformed-body", "The form does not parse."));
  });
  const fields = Object.entries(form);
  return Object.fromEntries(
    fields.flatMap(([name, value]) => (typeof value === "string" ? [[name, value.trim()]] : [])),
  );
}

/** The lines, or words between commas, of a field. */
export function listOf(text = ""): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}
