// Domains: their settings, creation and deletion, and whether they are ready to enforce.

import type { Context } from "hono";
import type * as v from "valibot";
import { actorOf } from "../core/audit.ts";
import type { SettingsChange } from "../core/change.ts";
import { DEFAULTS } from "../core/settings.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { domainAnswer, domainsAnswer, readinessAnswer, writtenDomainAnswer } from "./answers.ts";
import { cursorOf, readPage } from "./list.ts";
import { domainOf, operation } from "./operation.ts";
import { presentOutcome } from "./outcome.ts";
import type { Api } from "./ports.ts";
import { unconfigured, unusable } from "./problem.ts";
import { settingsBody } from "./schemas.ts";

const DOMAIN = { domain: "example.com", ...DEFAULTS, exempt: [], dkimSelectors: [] };
const WRITTEN = { ...DOMAIN, effectiveBy: "2026-11-24T12:02:30.000Z" };

export const listDomains = operation({
  id: "listDomains",
  method: "get",
  path: "/v1/domains",
  scope: "read",
  summary: "List the domains",
  query: ["limit", "cursor"],
  statuses: [200],
  answer: domainsAnswer,
  problems: ["unusable-values"],
  example: { answer: { items: [{ domain: "example.com" }], cursor: null } },
  async handle(context) {
    const page = readPage(context);
    if (page instanceof Response) return page;
    const found = await context.env.domains.list(page.after, page.limit, context.var.caller);
    const items = found.items.map((domain) => ({ domain }));
    return { status: 200, body: { items, cursor: cursorOf(found, (domain) => domain) } };
  },
});

export const readDomain = operation({
  id: "readDomain",
  method: "get",
  path: "/v1/domains/:domain",
  scope: "read",
  summary: "Read a domain's settings",
  statuses: [200],
  answer: domainAnswer,
  problems: ["not-found"],
  example: { answer: DOMAIN },
  async handle(context) {
    const domain = domainOf(context);
    const snapshot = await context.env.domains.read(domain);
    return snapshot === null ? unconfigured(domain) : { status: 200, body: present(snapshot) };
  },
});

export const putDomain = operation({
  id: "putDomain",
  method: "put",
  path: "/v1/domains/:domain",
  scope: "admin",
  summary: "Create a domain, or replace its settings",
  description:
    "What the body leaves out gets its default. Keys, routes and records stay as they are. `keys` are brought along at creation only: they work at once, the last listed signs, the others validate, and `rotateDays` is then 0.",
  query: ["force"],
  body: settingsBody,
  statuses: [200, 201],
  answer: writtenDomainAnswer,
  problems: ["conflict", "not-ready"],
  example: { body: {}, answer: WRITTEN },
  handle: (context, body) => configure(context, "put", body),
});

export const patchDomain = operation({
  id: "patchDomain",
  method: "patch",
  path: "/v1/domains/:domain",
  scope: "admin",
  summary: "Change some of a domain's settings",
  query: ["force"],
  body: settingsBody,
  statuses: [200],
  answer: writtenDomainAnswer,
  problems: ["not-found", "conflict", "not-ready"],
  example: { body: { lifetimeDays: 7 }, answer: WRITTEN },
  handle: (context, body) => configure(context, "patch", body),
});

export const deleteDomain = operation({
  id: "deleteDomain",
  method: "delete",
  path: "/v1/domains/:domain",
  scope: "admin",
  summary: "Delete a domain and forget everything of it",
  statuses: [204],
  answer: null,
  problems: ["not-found"],
  example: {},
  async handle(context) {
    const domain = domainOf(context);
    return (await context.env.domains.forget(domain, actorOf(context.var.caller)))
      ? { status: 204 }
      : unconfigured(domain);
  },
});

export const readReadiness = operation({
  id: "readReadiness",
  method: "get",
  path: "/v1/domains/:domain/readiness",
  scope: "read",
  summary: "Find out whether a domain is ready to enforce",
  description:
    "Only `signing` and `observing` can fail. `mx`, `spf`, `dkim` and `dmarc` are looked up in the DNS, for the selectors in `dkimSelectors`.",
  statuses: [200],
  answer: readinessAnswer,
  problems: ["not-found"],
  example: {
    answer: {
      ready: false,
      checks: [{ id: "signing", status: "fail", detail: "Nothing was minted for this domain yet." }],
    },
  },
  async handle(context) {
    const domain = domainOf(context);
    const { domains, snapshots, examineDns } = context.env;
    const dns = async () => {
      // What the domain's object says is said where its snapshot can't be read, too.
      const snapshot = await snapshots.read(domain).catch(() => null);
      return snapshot === null ? [] : examineDns(domain, snapshot.settings.dkimSelectors);
    };
    const [readiness, inDns] = await Promise.all([domains.readiness(domain), dns()]);
    if (readiness === null) return unconfigured(domain);
    return { status: 200, body: { ready: readiness.ready, checks: [...readiness.checks, ...inDns] } };
  },
});

export const domainOperations = [
  listDomains,
  readDomain,
  putDomain,
  patchDomain,
  deleteDomain,
  readReadiness,
];

async function configure(
  context: Context<Api>,
  kind: SettingsChange["kind"],
  body: v.InferOutput<typeof settingsBody>,
) {
  const domain = domainOf(context);
  const { keys = null, ...settings } = body;
  const foreign = settings.exempt?.findIndex((entry) => entry.includes("@") && !entry.endsWith(`@${domain}`));
  if (foreign !== undefined && foreign >= 0) {
    return unusable([{ pointer: `#/exempt/${foreign}`, detail: `It is no address of ${domain}.` }]);
  }
  const force = context.req.query("force") === "true";
  const outcome = await context.env.domains.configure(
    domain,
    { kind, settings, keys, force },
    actorOf(context.var.caller),
  );
  return presentOutcome(outcome, domain, present);
}

function present({ domain, settings }: Snapshot) {
  const { exempt, dkimSelectors, ...rest } = settings;
  return { domain, ...rest, exempt: [...exempt], dkimSelectors: [...dkimSelectors] };
}
