// Tokens: making one, shown this once; those there are; revoking.

import type { Hono } from "hono";
import { createToken, listTokens, revokeToken } from "../api/tokens.ts";
import { ALL_DOMAINS, SCOPES, type Scope } from "../core/token.ts";
import { type Again, conclude, type Desk, listOf, read, readForm, show, type Visit } from "./desk.ts";
import { Page } from "./layout.tsx";
import { Once, showOnce } from "./once.tsx";
import { Action, Facts, Field, Grave, Mark, Older, Time } from "./parts.tsx";

const MEANINGS: Readonly<Record<Scope, string>> = {
  sign: "mint addresses: what an app that sends mail needs",
  validate: "find out what a tag is worth",
  read: "see settings and records, on these pages too",
  admin: "all of it, and change things",
};

export const tokenPages = (pages: Hono<Desk>) =>
  pages
    .get("/tokens", (visit) => showTokens(visit, {}))
    .post("/tokens", async (visit) => {
      const values = await readForm(visit);
      const scopes = SCOPES.filter((scope) => values[`scope-${scope}`] === "on");
      const body = { name: values["name"] ?? "", scopes, domains: listOf(values["domains"]) };
      const reply = await visit.var.ask(createToken, { body });
      return reply.kind === "problem"
        ? showTokens(visit, { problem: reply.problem, values })
        : showOnce(
            visit,
            showTokens(visit, {}, reply.body),
            `the token ${reply.body.name}`,
            reply.body.token,
          );
    })
    .post("/tokens/revoke", async (visit) => {
      const { id = "" } = await readForm(visit);
      const reply = await visit.var.ask(revokeToken, { params: { id } });
      return conclude(visit, reply, { path: "/tokens", done: "revoked" }, (problem) =>
        showTokens(visit, { problem }),
      );
    });

/** @param made a token that was just made; its text is shown this once */
async function showTokens(
  visit: Visit,
  again: Again,
  made?: { name: string; token: string },
): Promise<Response> {
  const query = { cursor: visit.req.query("cursor") ?? "" };
  const { items, cursor } = await read(visit, listTokens, { query });
  const { caller } = visit.var;
  const page = (
    <Page title="Tokens" caller={caller} done={visit.req.query("done")} problem={again.problem}>
      <h1>Tokens</h1>
      {made && <Once what={`the token ${made.name}`} text={made.token} />}
      {items.length === 0 && <p>There is none yet.</p>}
      <ul class="entries">
        {items.map(({ id, name, scopes, domains, created, keyringSecret }) => (
          <li>
            <p>
              <b>{name}</b> {keyringSecret === "gone" && <Mark kind="fail">ended</Mark>}
            </p>
            <Facts
              facts={[
                ["Scopes", scopes.join(", ")],
                ["Domains", domains.join(", ")],
                ["Made", <Time at={created} />],
                ["Id", <code>{id}</code>],
              ]}
            />
            <Grave label={`Revoke ${name}`}>
              <p>Whoever uses it is refused from then on.</p>
              <Action to="/tokens/revoke" label={`Revoke ${name} now`} values={{ id }} kind="grave" />
            </Grave>
          </li>
        ))}
      </ul>
      <Older cursor={cursor} path="/tokens" />
      <form method="post" action="/tokens" class="narrow">
        <h2>Make a token</h2>
        <Field name="name" label="Name" hint="For this list and the audit." required again={again} />
        <fieldset>
          <legend>It may</legend>
          {SCOPES.map((scope) => (
            <label class="check">
              <input
                type="checkbox"
                name={`scope-${scope}`}
                {...(again.values?.[`scope-${scope}`] ? { checked: true } : {})}
              />
              <span>
                <b>{scope}</b>: {MEANINGS[scope]}
              </span>
            </label>
          ))}
        </fieldset>
        <Field
          name="domains"
          label="For the domains"
          hint={`One a line; ${ALL_DOMAINS} alone for all.`}
          rows={2}
          required
          again={again}
        />
        <button type="submit">Make the token</button>
      </form>
    </Page>
  );
  return show(visit, page, again.problem?.status);
}
