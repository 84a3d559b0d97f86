// Domains: their settings, creation and deletion.

import { type Context, Hono } from "hono";
import type { Outcome, SettingsChange } from "../core/change.ts";
import { isDomain, lowerCase } from "../core/mailbox.ts";
import type { Settings } from "../core/settings.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { readBody } from "./body.ts";
import { readLimit } from "./list.ts";
import type { Api } from "./ports.ts";
import { problem, unconfigured, unusable, unusableFields } from "./problem.ts";
import { settingsBody } from "./schemas.ts";

export const domains = new Hono<Api>()
  .get("/", async (context) => {
    const limit = readLimit(context);
    if (limit instanceof Response) return limit;
    // A cursor is the last domain of the page before: it stays right whatever comes and goes.
    const page = await context.env.domains.list(context.req.query("cursor") ?? "", limit);
    const items = page.domains.map((domain) => ({ domain }));
    return context.json({ items, cursor: page.more ? (page.domains.at(-1) ?? null) : null });
  })
  .get("/:domain", async (context) => {
    const domain = readDomain(context);
    const snapshot = domain && (await context.env.domains.read(domain));
    return snapshot ? context.json(present(snapshot)) : unconfigured(context.req.param("domain"));
  })
  .get("/:domain/readiness", async (context) => {
    const domain = readDomain(context);
    const readiness = domain && (await context.env.domains.readiness(domain));
    return readiness ? context.json(readiness) : unconfigured(context.req.param("domain"));
  })
  .put("/:domain", (context) => configure(context, "put"))
  .patch("/:domain", (context) => configure(context, "patch"))
  .delete("/:domain", async (context) => {
    const domain = readDomain(context);
    const existed = domain && (await context.env.domains.forget(domain));
    return existed ? context.body(null, 204) : unconfigured(context.req.param("domain"));
  });

/** The domain that the path names, in lower case; null where it is no domain name. */
export function readDomain(context: Context<Api>): string | null {
  const domain = lowerCase(context.req.param("domain") ?? "");
  return isDomain(domain) && domain.includes(".") ? domain : null;
}

/** The response to a write. */
export function presentOutcome(
  outcome: Outcome,
  domain: string,
  written: (snapshot: Snapshot) => object,
): Response {
  switch (outcome.kind) {
    case "created":
    case "written": {
      const { effectiveBy } = outcome;
      const body = {
        ...written(outcome.snapshot),
        effectiveBy: effectiveBy === null ? null : new Date(effectiveBy).toISOString(),
      };
      return Response.json(body, { status: outcome.kind === "created" ? 201 : 200 });
    }
    case "unconfigured":
      return unconfigured(domain);
    case "no-such-route":
      return problem("not-found", "There is no route of that name.");
    case "keys-fixed":
      return problem(
        "conflict",
        "Keys are brought along when a domain is created; this one is there already.",
      );
    case "not-ready":
      return problem(
        "not-ready",
        `${outcome.missing.join(" ")} A domain that does not sign all its mail would turn away its own genuine bounces; when you know better, ?force=true.`,
      );
    case "unusable":
      return unusableFields(outcome.faults);
    case "no-such-key":
      return problem("not-found", "The keyring has no key of that number.");
    case "only-signing-key":
      return problem(
        "conflict",
        "It is the only key that signs. Rotate first, and retire it when the new one signs.",
      );
    case "number-held":
      return problem("conflict", `That number is held by another key${describeRelease(outcome.freeFrom)}.`);
    case "no-free-number":
      return problem("conflict", `All ten numbers are held${describeRelease(outcome.freeFrom)}.`);
  }
}

function describeRelease(freeFrom: number | null): string {
  return freeFrom === null
    ? ", and stays so until a key is retired"
    : `, under which something may live until ${new Date(freeFrom).toISOString()}`;
}

async function configure(context: Context<Api>, kind: SettingsChange["kind"]): Promise<Response> {
  const domain = readDomain(context);
  if (domain === null) {
    return unusable([
      { pointer: "#/domain", detail: "The path names no domain name with at least one dot." },
    ]);
  }
  const body = await readBody(context, settingsBody);
  if (body instanceof Response) return body;
  const { keys = null, ...settings } = body;
  const foreign = settings.exempt?.findIndex((entry) => entry.includes("@") && !entry.endsWith(`@${domain}`));
  if (foreign !== undefined && foreign >= 0) {
    return unusable([{ pointer: `#/exempt/${foreign}`, detail: `It is no address of ${domain}.` }]);
  }
  const force = context.req.query("force") === "true";
  const outcome = await context.env.domains.configure(domain, { kind, settings, keys, force });
  return presentOutcome(outcome, domain, present);
}

function present(snapshot: Snapshot): { domain: string } & Settings {
  return { domain: snapshot.domain, ...snapshot.settings };
}
