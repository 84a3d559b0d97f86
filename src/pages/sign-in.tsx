// Signing in with a token that may read, and out.

import type { Hono } from "hono";
import { findCaller } from "../api/caller.ts";
import { describeProblem, type Problem } from "../api/problem.ts";
import { permits } from "../core/token.ts";
import { type Desk, readForm, show, type Visit } from "./desk.ts";
import { Page } from "./layout.tsx";
import { Field } from "./parts.tsx";
import { begin, end, findVisitor, SESSION_HOURS } from "./session.ts";

/** Where strangers are sent, and then go on from: the page that they asked for, or whose form they sent. */
export function signInPath(visit: Visit): string {
  const { pathname: asked, search } = new URL(visit.req.url);
  const isForm = visit.req.method === "POST";
  const pathname = isForm ? (/^\/(?:domains\/[^/]+|tokens)/.exec(asked)?.[0] ?? "/") : asked;
  return pathname === "/" ? "/sign-in" : `/sign-in?to=${encodeURIComponent(pathname + search)}`;
}

export const signInPages = (pages: Hono<Desk>) =>
  pages
    .get("/sign-in", async (visit) => {
      // A link from another site brings no cookie along (SameSite=Strict); what is clicked here does.
      if ((await findVisitor(visit)) !== null) return visit.redirect(ownPath(visit.req.query("to")), 303);
      return showSignIn(visit, ownPath(visit.req.query("to")));
    })
    .post("/sign-in", async (visit) => {
      const { token = "", to } = await readForm(visit);
      const caller = await findCaller(token, visit.env);
      if (caller === null) {
        return showSignIn(visit, ownPath(to), describeProblem("unauthorized", "It is not known here."));
      }
      if (!permits(caller, "read")) {
        return showSignIn(visit, ownPath(to), describeProblem("forbidden", "The pages need the scope read."));
      }
      await begin(visit, caller);
      return visit.redirect(ownPath(to), 303);
    })
    .post("/sign-out", (visit) => {
      end(visit);
      return visit.redirect("/sign-in", 303);
    });

/** A path of this origin; the first page where it is anything else. */
function ownPath(text = "/"): string {
  const base = "http://own.invalid";
  const url = URL.parse(text, base);
  if (url?.origin !== base || !text.startsWith("/")) return "/";
  // What is left of `/.//host` would name a host.
  return url.pathname.replace(/^\/+/, "/") + url.search;
}

function showSignIn(visit: Visit, to: string, problem?: Problem): Response {
  const cameFromElsewhere = visit.req.header("sec-fetch-site") === "cross-site";
  const page = (
    <Page title="Sign in" caller={null} problem={problem}>
      <h1>Sign in</h1>
      <form method="post" action="/sign-in" class="narrow">
        <input type="hidden" name="to" value={to} />
        <Field
          name="token"
          label="Token"
          type="password"
          hint={`The operator's (ADMIN_TOKEN), or any that may read. It is asked for again after ${SESSION_HOURS} hours.`}
          autocomplete="current-password"
          required
        />
        <button type="submit">Sign in</button>
      </form>
      {cameFromElsewhere && (
        <p>
          <a href={to}>Go on, where you are signed in</a>
        </p>
      )}
    </Page>
  );
  return show(visit, page, problem?.status ?? 200);
}
