// A domain's audit: who changed what, when.

import type { Hono } from "hono";
import { readAudit } from "../api/audit.ts";
import { type Desk, domainOf, read, show } from "./desk.ts";
import { DomainPage, pathOf } from "./layout.tsx";
import { Facts, Older, Time } from "./parts.tsx";

export const auditPages = (pages: Hono<Desk>) =>
  pages.get("/domains/:domain/audit", async (visit) => {
    const domain = domainOf(visit);
    const query = { cursor: visit.req.query("cursor") ?? "" };
    const { items, cursor } = await read(visit, readAudit, { params: { domain }, query });
    const page = (
      <DomainPage domain={domain} path="/audit" caller={visit.var.caller}>
        <h2>Audit</h2>
        <p>Every change, the newest first.</p>
        <ul class="entries">
          {items.map(({ at, by, action, forced, changes }) => (
            <li>
              <p>
                <b>{action}</b> by {by.kind === "token" ? `the token ${by.name ?? "of others"}` : by.kind}{" "}
                <Time at={at} />
              </p>
              <Facts
                facts={[
                  ...Object.entries(changes.settings).map(
                    ([name, change]) => [name, <Change {...change} />] as const,
                  ),
                  ...changes.routes.map(
                    ({ localPart, from, to }) =>
                      [`route ${localPart}`, <Change from={from} to={to} />] as const,
                  ),
                  ["more routes", changes.moreRoutes || null],
                  ...changes.keys.map(
                    ({ number, from, to }) => [`key ${number}`, <Change from={from} to={to} />] as const,
                  ),
                  ["webhook", changes.webhook && <Change {...changes.webhook} />],
                  ["forced in spite of", forced.join(" ")],
                ]}
              />
            </li>
          ))}
        </ul>
        <Older cursor={cursor} path={pathOf(domain, "/audit")} />
      </DomainPage>
    );
    return show(visit, page);
  });

/** A value before and after; null is none. */
function Change({ from, to }: { from: unknown; to: unknown }) {
  return (
    <>
      {from !== null && (
        <>
          <del>{write(from)}</del>{" "}
        </>
      )}
      {to === null ? "none" : <ins>{write(to)}</ins>}
    </>
  );
}

function write(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
