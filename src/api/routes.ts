// A domain's routes: the whole map, and one local-part's.

import { type Context, Hono } from "hono";
import type { Route, Routes } from "../core/route.ts";
import { readBody, readValue } from "./body.ts";
import { presentOutcome, readDomain } from "./domains.ts";
import type { Api } from "./ports.ts";
import { type FieldProblem, pointer, problem, unconfigured, unusable } from "./problem.ts";
import { readRouteName, routeBody, routesBody } from "./schemas.ts";

const NOT_A_NAME = "A local-part without a tag, or *, is expected.";

export const routes = new Hono<Api>()
  .get("/", async (context) => {
    const found = await readRoutes(context);
    return found instanceof Response ? found : context.json({ routes: presentRoutes(found) });
  })
  .put("/", async (context) => {
    const domain = readDomain(context);
    const body = await readBody(context, routesBody);
    if (body instanceof Response) return body;
    const read = readMap(body.routes);
    if (read.problems.length > 0) return unusable(read.problems);
    if (domain === null) return unconfigured(context.req.param("domain") ?? "");
    const outcome = await context.env.domains.replaceRoutes(domain, read.routes);
    return presentOutcome(outcome, domain, (snapshot) => ({ routes: presentRoutes(snapshot.routes) }));
  })
  .get("/:localPart", async (context) => {
    const found = await readRoutes(context);
    if (found instanceof Response) return found;
    const name = readRouteName(context.req.param("localPart"));
    const route = name === null ? undefined : found.get(name);
    return route === undefined
      ? problem("not-found", "There is no route of that name.")
      : context.json(route);
  })
  .put("/:localPart", async (context) => {
    const domain = readDomain(context);
    const name = readRouteName(context.req.param("localPart"));
    const body = await readBody(context, routeBody);
    if (body instanceof Response) return body;
    if (name === null) return unusable([{ pointer: "#/local-part", detail: NOT_A_NAME }]);
    if (domain === null) return unconfigured(context.req.param("domain") ?? "");
    const route: Route = body;
    const outcome = await context.env.domains.changeRoute(domain, name, route);
    return presentOutcome(outcome, domain, () => route);
  })
  .delete("/:localPart", async (context) => {
    const domain = readDomain(context);
    const name = readRouteName(context.req.param("localPart"));
    if (domain === null) return unconfigured(context.req.param("domain") ?? "");
    if (name === null) return problem("not-found", "There is no route of that name.");
    const outcome = await context.env.domains.changeRoute(domain, name, null);
    return "snapshot" in outcome ? context.body(null, 204) : presentOutcome(outcome, domain, () => ({}));
  });

async function readRoutes(context: Context<Api>): Promise<Routes | Response> {
  const domain = readDomain(context);
  const snapshot = domain && (await context.env.domains.read(domain));
  return snapshot ? snapshot.routes : unconfigured(context.req.param("domain") ?? "");
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
function presentRoutes(map: Routes): Record<string, Route> {
  return Object.fromEntries(map);
}
