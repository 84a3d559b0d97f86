// A domain's routes: the whole map or a page of it, and one local-part's.

import type { Context } from "hono";
import type * as v from "valibot";
import { actorOf } from "../core/audit.ts";
import { takePage } from "../core/page.ts";
import type { Route, Routes } from "../core/route.ts";
import { routesAnswer, writtenRouteAnswer, writtenRoutesAnswer } from "./answers.ts";
import { readValue } from "./body.ts";
import { cursorOf, readPage } from "./list.ts";
import { domainOf, operation } from "./operation.ts";
import { presentOutcome, presentRemoval } from "./outcome.ts";
import type { Api } from "./ports.ts";
import { type FieldProblem, pointer, problem, unconfigured, unusable } from "./problem.ts";
import { readRouteName, routeBody, routesBody } from "./schemas.ts";

const NOT_A_NAME = "A local-part without a tag, or *, is expected.";

const ROUTE = { action: "forward" as const, to: ["alice@inbox.example"] };
const EFFECTIVE_BY = "2026-11-24T12:02:30.000Z";

type ShownRoute = v.InferInput<typeof routeBody>;

export const readRoutes = operation({
  id: "readRoutes",
  method: "get",
  path: "/v1/domains/:domain/routes",
  scope: "read",
  summary: "Read a domain's routes",
  description: "All of them at once; with `limit` or `cursor` a page, in alphabetical order.",
  query: ["limitIfAny", "cursor"],
  statuses: [200],
  answer: routesAnswer,
  problems: ["not-found", "unusable-values"],
  example: { answer: { routes: { alice: ROUTE } } },
  async handle(context) {
    const found = await findRoutes(context);
    if (found instanceof Response) return found;
    const { limit, cursor } = context.req.query();
    if (limit === undefined && cursor === undefined) return { status: 200, body: { routes: present(found) } };
    const page = readPage(context);
    if (page instanceof Response) return page;
    const behind = [...found]
      .filter(([name]) => name > page.after)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const part = takePage(behind, page.limit);
    return { status: 200, body: { routes: present(part.items), cursor: cursorOf(part, ([name]) => name) } };
  },
});

export const putRoutes = operation({
  id: "putRoutes",
  method: "put",
  path: "/v1/domains/:domain/routes",
  scope: "admin",
  summary: "Put these routes in place of all others",
  body: routesBody,
  statuses: [200],
  answer: writtenRoutesAnswer,
  problems: ["not-found"],
  example: {
    body: { routes: { alice: ROUTE } },
    answer: { routes: { alice: ROUTE }, effectiveBy: EFFECTIVE_BY },
  },
  async handle(context, { routes }) {
    const domain = domainOf(context);
    const reading = readMap(routes);
    if (reading.problems.length > 0) return unusable(reading.problems);
    const outcome = await context.env.domains.replaceRoutes(
      domain,
      reading.routes,
      actorOf(context.var.caller),
    );
    return presentOutcome(outcome, domain, (snapshot) => ({ routes: present(snapshot.routes) }));
  },
});

export const readRoute = operation({
  id: "readRoute",
  method: "get",
  path: "/v1/domains/:domain/routes/:localPart",
  scope: "read",
  summary: "Read one route",
  statuses: [200],
  answer: routeBody,
  problems: ["not-found"],
  example: { answer: ROUTE },
  async handle(context) {
    const found = await findRoutes(context);
    if (found instanceof Response) return found;
    const name = nameOf(context);
    const route = name === null ? undefined : found.get(name);
    return route === undefined ? noSuchRoute() : { status: 200, body: presentRoute(route) };
  },
});

export const putRoute = operation({
  id: "putRoute",
  method: "put",
  path: "/v1/domains/:domain/routes/:localPart",
  scope: "admin",
  summary: "Set the route of one local-part",
  body: routeBody,
  statuses: [200, 201],
  answer: writtenRouteAnswer,
  problems: ["not-found"],
  example: { body: ROUTE, answer: { ...ROUTE, effectiveBy: EFFECTIVE_BY } },
  async handle(context, body) {
    const domain = domainOf(context);
    const name = nameOf(context);
    if (name === null) return unusable([{ pointer: "#/local-part", detail: NOT_A_NAME }]);
    const outcome = await context.env.domains.changeRoute(domain, name, body, actorOf(context.var.caller));
    return presentOutcome(outcome, domain, () => body);
  },
});

export const deleteRoute = operation({
  id: "deleteRoute",
  method: "delete",
  path: "/v1/domains/:domain/routes/:localPart",
  scope: "admin",
  summary: "Remove one route",
  statuses: [204],
  answer: null,
  problems: ["not-found"],
  example: {},
  async handle(context) {
    const domain = domainOf(context);
    const name = nameOf(context);
    if (name === null) return noSuchRoute();
    const by = actorOf(context.var.caller);
    return presentRemoval(await context.env.domains.changeRoute(domain, name, null, by), domain);
  },
});

export const routeOperations = [readRoutes, putRoutes, readRoute, putRoute, deleteRoute];

async function findRoutes(context: Context<Api>): Promise<Routes | Response> {
  const domain = domainOf(context);
  const snapshot = await context.env.domains.read(domain);
  return snapshot === null ? unconfigured(domain) : snapshot.routes;
}

function nameOf(context: Context<Api>): string | null {
  return readRouteName(context.req.param("localPart") ?? "");
}

function noSuchRoute(): Response {
  return problem("not-found", "There is no route of that name.");
}

/** Reads each route by itself: a map read as a whole would drop local-parts like `constructor`. */
function readMap(map: Record<string, unknown>): { routes: [string, Route][]; problems: FieldProblem[] } {
  const routes = new Map<string, Route>();
  const problems: FieldProblem[] = [];
  for (const [text, value] of Object.entries(map)) {
    const path = ["routes", text];
    const name = readRouteName(text);
    const reading = readValue(routeBody, value, path);
    if (reading.kind === "problems") problems.push(...reading.problems);
    else if (name === null) problems.push({ pointer: pointer(path), detail: NOT_A_NAME });
    else if (routes.has(name)) problems.push({ pointer: pointer(path), detail: "It stands here twice." });
    else routes.set(name, reading.value);
  }
  return { routes: [...routes], problems };
}

/** `Object.fromEntries` makes own fields, whatever their name. */
function present(routes: Iterable<readonly [string, Route]>): Record<string, ShownRoute> {
  return Object.fromEntries([...routes].map(([name, route]) => [name, presentRoute(route)]));
}

/** A route as an answer shows it. */
export function presentRoute(route: Route): ShownRoute {
  return route.action === "forward" ? { ...route, to: [...route.to] } : route;
}
