// A domain's audit: who changed what, when.

import { type AuditEntry, showActor } from "../core/audit.ts";
import { auditAnswer } from "./answers.ts";
import { cursorOf, numberOf, readPage } from "./list.ts";
import { domainOf, operation } from "./operation.ts";
import { formatTime } from "./outcome.ts";
import { unconfigured } from "./problem.ts";
import { presentRoute } from "./routes.ts";

export const readAudit = operation({
  id: "readAudit",
  method: "get",
  path: "/v1/domains/:domain/audit",
  scope: "read",
  summary: "Read who changed what of a domain, the newest first",
  description:
    "Each entry is one write, and lists what differs before and after it; what was not there, or is not any more, is null. `forced` says in spite of what enforcing was forced. The id and name of a token that reaches beyond the caller's domains are null.",
  query: ["limit", "cursor"],
  statuses: [200],
  answer: auditAnswer,
  problems: ["not-found", "unusable-values"],
  example: {
    answer: {
      items: [
        {
          id: "2",
          at: "2026-11-24T12:00:00.000Z",
          by: { kind: "admin", id: null, name: null },
          action: "settings.changed",
          forced: ["Nothing was minted for this domain yet."],
          changes: {
            settings: { mode: { from: "observe", to: "enforce" } },
            routes: [],
            moreRoutes: 0,
            keys: [],
            webhook: null,
          },
        },
      ],
      cursor: null,
    },
  },
  async handle(context) {
    const domain = domainOf(context);
    const page = readPage(context);
    if (page instanceof Response) return page;
    const found = await context.env.domains.audit(domain, numberOf(page.after), page.limit);
    if (found === null) return unconfigured(domain);
    const cursor = cursorOf(found, ({ id }) => String(id));
    const shown = found.items.map((entry) => ({
      ...present(entry),
      by: showActor(entry.by, context.var.caller),
    }));
    return { status: 200, body: { items: shown, cursor } };
  },
});

export const auditOperations = [readAudit];

function present({ id, at, action, forced, changes }: AuditEntry & { readonly id: number }) {
  const { settings, routes, moreRoutes, keys, webhook = null } = changes;
  if (action === "domain.deleted") throw new Error("A domain that is deleted has no audit.");
  return {
    id: String(id),
    at: formatTime(at),
    action,
    forced: [...forced],
    changes: {
      settings,
      routes: routes.map(({ localPart, from, to }) => ({
        localPart,
        from: from && presentRoute(from),
        to: to && presentRoute(to),
      })),
      moreRoutes,
      keys: [...keys],
      webhook,
    },
  };
}
