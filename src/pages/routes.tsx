// A domain's routes: where each address's mail goes; setting one, removing one.

import type { Hono } from "hono";
import { deleteRoute, putRoute, readRoute, readRoutes } from "../api/routes.ts";
import { DEFAULT_ROUTE } from "../core/route.ts";
import {
  type Again,
  conclude,
  type Desk,
  domainOf,
  listOf,
  may,
  read,
  readForm,
  show,
  type Visit,
} from "./desk.ts";
import { DomainPage, pathOf } from "./layout.tsx";
import { Action, Field, Grave, Mark, Older } from "./parts.tsx";

type Values = Readonly<Record<string, string>>;
type ShownRoute = Awaited<ReturnType<typeof readPart>>["routes"][string];

/** An empty mode is the domain's. */
const MODES = [
  ["", "the domain's"],
  ["off", "off"],
  ["observe", "observe"],
  ["enforce", "enforce"],
] as const;

const ACTIONS = [
  ["forward", "forward to the destinations"],
  ["consume", "consume: record bounces, refuse all else"],
  ["reject", "reject with the reason"],
] as const;

export const routePages = (pages: Hono<Desk>) =>
  pages
    .get("/domains/:domain/routes", (visit) => showRoutes(visit, {}))
    .post("/domains/:domain/routes", async (visit) => {
      const domain = domainOf(visit);
      const values = await readForm(visit);
      const params = { domain, localPart: values["local-part"] ?? "" };
      const reply = await visit.var.ask(putRoute, { params, body: bodyOf(values) as ShownRoute });
      return conclude(visit, reply, { path: pathOf(domain, "/routes"), done: "route" }, (problem) =>
        showRoutes(visit, { problem, values }),
      );
    })
    .post("/domains/:domain/routes/remove", async (visit) => {
      const domain = domainOf(visit);
      const { "local-part": localPart = "" } = await readForm(visit);
      const reply = await visit.var.ask(deleteRoute, { params: { domain, localPart } });
      return conclude(visit, reply, { path: pathOf(domain, "/routes"), done: "no-route" }, (problem) =>
        showRoutes(visit, { problem }),
      );
    });

/** The route that a form describes; what is wrong with it the operation finds. */
export function bodyOf({ action = "forward", to, reason = "", mode = "" }: Values) {
  const withMode = mode === "" ? {} : { mode };
  if (action === "forward") return { action, to: listOf(to), ...withMode };
  return action === "reject" ? { action, reason, ...withMode } : { action, ...withMode };
}

function readPart(visit: Visit) {
  const query = { limit: "50", cursor: visit.req.query("cursor") ?? "" };
  return read(visit, readRoutes, { params: { domain: domainOf(visit) }, query });
}

async function showRoutes(visit: Visit, again: Again): Promise<Response> {
  const domain = domainOf(visit);
  const { routes, cursor } = await readPart(visit);
  const mayWrite = may(visit, "admin");
  const edited = visit.req.query("edit") ?? "";
  const found =
    edited === "" ? null : await visit.var.ask(readRoute, { params: { domain, localPart: edited } });
  const route = found?.kind === "answer" ? found.body : undefined;
  const page = (
    <DomainPage
      domain={domain}
      path="/routes"
      caller={visit.var.caller}
      done={visit.req.query("done")}
      problem={again.problem}
    >
      <h2>Routes</h2>
      <p>
        An address's route is looked up by its local-part, then by what stands before its first +, then by{" "}
        <code>{DEFAULT_ROUTE}</code>. What has none does not exist.
      </p>
      <ul class="entries">
        {Object.entries(routes).map(([name, each]) => (
          <li>
            <p>
              <b>{name}</b> {each.mode && <Mark kind={each.mode}>{each.mode}</Mark>}{" "}
              <span>{describeRoute(each)}</span>
            </p>
            {mayWrite && (
              <div class="acts">
                <a href={`${pathOf(domain, "/routes")}?edit=${encodeURIComponent(name)}#set`}>
                  Change {name}
                </a>
                <Grave label={`Remove ${name}`}>
                  <p>Mail to it is then refused: the address does not exist.</p>
                  <Action
                    to={pathOf(domain, "/routes/remove")}
                    label={`Remove ${name} now`}
                    values={{ "local-part": name }}
                    kind="grave"
                  />
                </Grave>
              </div>
            )}
          </li>
        ))}
      </ul>
      {Object.keys(routes).length === 0 && <p>There is none: no address of the domain takes mail.</p>}
      <Older cursor={cursor} path={pathOf(domain, "/routes")} />
      {mayWrite && (
        <form method="post" action={pathOf(domain, "/routes")} id="set" class="narrow">
          <h3>{route ? `Change the route of ${edited}` : "Set a route"}</h3>
          <RouteFields localPart={edited} route={route} again={again} />
          <button type="submit">Set the route</button>
        </form>
      )}
    </DomainPage>
  );
  return show(visit, page, again.problem?.status);
}

/** The fields that describe a route. */
export function RouteFields(props: { localPart: string; route?: ShownRoute | undefined; again: Again }) {
  const { localPart, route, again } = props;
  return (
    <>
      <Field
        name="local-part"
        label="Local-part"
        hint={`What stands before the @; ${DEFAULT_ROUTE} for all others.`}
        value={localPart}
        required
        again={again}
      />
      <Field
        name="action"
        label="Mail to it is to be"
        options={ACTIONS}
        value={route?.action}
        again={again}
      />
      <Field
        name="to"
        label="Destinations, to forward to"
        hint="Verified in Cloudflare Email Routing; one a line, tried in order."
        rows={2}
        value={route?.action === "forward" ? route.to.join("\n") : ""}
        again={again}
      />
      <Field
        name="reason"
        label="Reason, to reject with"
        value={route?.action === "reject" ? route.reason : ""}
        again={again}
      />
      <Field name="mode" label="Mode" options={MODES} value={route?.mode} again={again} />
    </>
  );
}

function describeRoute(route: ShownRoute): string {
  switch (route.action) {
    case "forward":
      return `forwards to ${route.to.join(", then ")}`;
    case "consume":
      return "records bounces, and refuses all else";
    case "reject":
      return `refuses: ${route.reason}`;
  }
}
