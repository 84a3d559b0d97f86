// The pages, served beside the API by the same Worker: rendered here, without any script. Whoever is signed in sees and does
// what his token may, by the API's own operations.

import { bodyLimit } from "hono/body-limit";
import { csrf } from "hono/csrf";
import { HonoBase as Hono } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import type { AskAs } from "../api/asking.ts";
import { describeFailure } from "../api/failure.ts";
import type { ApiDocument } from "../api/openapi.ts";
import { describeProblem, type Problem } from "../api/problem.ts";
import { auditPages } from "./audit.tsx";
import { type Desk, domainOf, show, Unshowable, type Visit } from "./desk.ts";
import { doctorPages } from "./doctor.tsx";
import { inspectPages } from "./inspect.tsx";
import { keyringPages } from "./keyring.tsx";
import { Page, pathOf } from "./layout.tsx";
import { mailPages } from "./mail.tsx";
import { overviewPages } from "./overview.tsx";
import { recordPages } from "./records.tsx";
import { Reference } from "./reference.tsx";
import { routePages } from "./routes.tsx";
import { findVisitor } from "./session.ts";
import { settingsPages } from "./settings.tsx";
import { signInPages, signInPath } from "./sign-in.tsx";
import { startPages } from "./start.tsx";
import { STYLE } from "./style.ts";
import { tokenPages } from "./tokens.tsx";
import { webhookPages } from "./webhook.tsx";

/** Paths of what only those see who are signed in. */
const INSIDE = ["/", "/domains/*", "/tokens/*"];

const FORM = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i;
const FORM_OCTETS = 64 * 1024;
/** A bounce brings a whole message along; as much again for how a form is written. */
const INSPECTED_OCTETS = 4 * 1024 * 1024;

export function createPages(document: () => ApiDocument, askAs: AskAs): Hono<Desk> {
  const pages = new Hono<Desk>({ router: new TrieRouter() });
  const largeForms = bodyLimit({ maxSize: INSPECTED_OCTETS, onError: tooLarge });
  const smallForms = bodyLimit({ maxSize: FORM_OCTETS, onError: tooLarge });

  for (const path of [...INSIDE, "/sign-in", "/sign-out"]) {
    pages.use(path, csrf());
    // Which looks at forms alone, and some are answered without their body being read.
    pages.use(path, async (visit, next) =>
      visit.req.method === "POST" && !FORM.test(visit.req.header("content-type") ?? "")
        ? showProblem(visit, describeProblem("unsupported-media-type", "A form is expected."))
        : next(),
    );
    pages.use(path, (visit, next) =>
      visit.req.path.endsWith("/inspect") ? largeForms(visit, next) : smallForms(visit, next),
    );
  }
  for (const path of INSIDE) {
    pages.use(path, async function admit(visit, next) {
      const caller = await findVisitor(visit);
      if (caller === null) return visit.redirect(signInPath(visit), 303);
      visit.set("caller", caller);
      if (!(await visit.env.isWithinRate(caller))) {
        return showProblem(visit, describeProblem("too-many-requests", "Try again in ten seconds."));
      }
      visit.set("ask", askAs({ caller, requestId: visit.var.requestId }, visit.env));
      return next();
    });
  }
  for (const part of [
    signInPages,
    overviewPages,
    mailPages,
    keyringPages,
    routePages,
    recordPages,
    webhookPages,
    auditPages,
    inspectPages,
    doctorPages,
    settingsPages,
    startPages,
    tokenPages,
  ]) {
    part(pages);
  }
  pages.get("/docs", (visit) => show(visit, <Reference document={document()} />));
  pages.get("/style.css", (visit) => visit.body(STYLE, 200, { "content-type": "text/css; charset=utf-8" }));
  // Where a form was sent to, its page is shown: after signing in anew, or a reload by address.
  pages.get("/domains", (visit) => visit.redirect("/", 303));
  pages.get("/tokens/revoke", (visit) => visit.redirect("/tokens", 303));
  pages.get("/domains/:domain/:form{mode|delete}", (visit) => visit.redirect(pathOf(domainOf(visit)), 303));
  pages.get("/domains/:domain/:page/:form", (visit) =>
    visit.redirect(pathOf(domainOf(visit), `/${encodeURIComponent(visit.req.param("page"))}`), 303),
  );
  pages.all("/domains/*", (visit) =>
    showProblem(visit, describeProblem("not-found", `There is nothing at ${visit.req.path}.`)),
  );
  pages.onError((error, visit) => showProblem(visit, describeThrown(error, visit)));
  return pages;
}

function describeThrown(error: Error, visit: Visit): Problem {
  if (error instanceof Unshowable) return error.problem;
  if ("getResponse" in error) {
    return describeProblem(
      "forbidden",
      "The form did not come from a page of this deployment; open the page anew.",
    );
  }
  return describeFailure(error, visit);
}

function tooLarge(visit: object): Response {
  return showProblem(
    visit as Visit,
    describeProblem("too-large", "Of a form 64 KiB are taken, and of what is inspected 4 MiB."),
  );
}

function showProblem(visit: Visit, problem: Problem): Response {
  const page = (
    <Page title={problem.title} caller={visit.var.caller ?? null} problem={problem}>
      <h1>{problem.title}</h1>
      <p>
        <a href="/">To the first page</a>
      </p>
    </Page>
  );
  return show(visit, page, problem.status);
}
