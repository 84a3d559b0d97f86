// What all pages have in common: the head, the way around, what was done, what went wrong.

import type { Child } from "hono/jsx";
import type { Caller } from "../api/caller.ts";
import type { FieldProblem, Problem } from "../api/problem.ts";
import { permits, type Scope } from "../core/token.ts";

/** What a page may say after a form: what was done, by the word in its address. */
const DONE: ReadonlyMap<string | undefined, string> = new Map(
  Object.entries({
    mode: "The mode was changed.",
    rotated: "A new key was made. It signs as soon as every location has it.",
    retired: "The key was retired.",
    route: "The route was set.",
    "no-route": "The route was removed.",
    settings: "The settings were saved.",
    "no-webhook": "The webhook was removed.",
    redelivered: "It is sent once more.",
    revoked: "The token was revoked.",
    created: "The domain was made. It observes.",
    deleted: "The domain was deleted, with all that was known of it.",
  }),
);

/** The pages of a domain, and what each needs. */
const DOMAIN_PAGES: readonly (readonly [path: string, title: string, scope: Scope])[] = [
  ["", "Mail", "read"],
  ["/bounces", "Bounces", "read"],
  ["/rejections", "Rejections", "read"],
  ["/routes", "Routes", "read"],
  ["/keys", "Keys", "admin"],
  ["/webhook", "Webhook", "admin"],
  ["/inspect", "Inspect", "validate"],
  ["/doctor", "Doctor", "read"],
  ["/settings", "Settings", "read"],
  ["/audit", "Audit", "read"],
  ["/start", "Set up", "admin"],
];

/** A page for whoever is signed in; null for strangers. */
export function Page(props: {
  readonly title: string;
  readonly caller: Caller | null;
  readonly done?: string | undefined;
  readonly problem?: Problem | undefined;
  readonly children?: Child;
}) {
  const { title, caller, done, problem, children } = props;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${problem ? "Error: " : ""}${title} · Countersign`}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body class="desk">
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="top">
          <a class="brand" href="/">
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d="M3 6.5h18v11H3z M3 7l9 6.5L21 7" />
              <path class="tick" d="M13 17.5l3 3 6-7" />
            </svg>
            Countersign
          </a>
          {caller && (
            <nav aria-label="Countersign">
              <a href="/">Domains</a>
              {permits(caller, "admin") && <a href="/tokens">Tokens</a>}
              <a href="/docs">API</a>
              <form method="post" action="/sign-out">
                <button class="link" type="submit">
                  Sign out
                </button>
              </form>
            </nav>
          )}
        </header>
        <main id="main" tabindex={-1}>
          {DONE.has(done) && (
            <p class="done" role="status">
              {DONE.get(done)}
            </p>
          )}
          {problem && <ProblemNote problem={problem} />}
          {children}
        </main>
        {caller && (
          <footer>
            Signed in {caller.id === null ? "as the operator" : `with the token ${caller.name}`}. All times
            are UTC.
          </footer>
        )}
      </body>
    </html>
  );
}

/** A page of a domain. */
export function DomainPage(props: {
  readonly domain: string;
  /** Of DOMAIN_PAGES. */
  readonly path: string;
  readonly caller: Caller;
  readonly done?: string | undefined;
  readonly problem?: Problem | undefined;
  readonly children?: Child;
}) {
  const { domain, path, caller, children } = props;
  const title = DOMAIN_PAGES.find(([known]) => known === path)?.[1] ?? "";
  return (
    <Page {...props} title={`${title}: ${domain}`}>
      <h1>{domain}</h1>
      <nav class="tabs" aria-label={`Pages of ${domain}`}>
        {DOMAIN_PAGES.filter(([, , scope]) => permits(caller, scope)).map(([known, name]) => (
          <a href={pathOf(domain, known)} {...(known === path ? { "aria-current": "page" } : {})}>
            {name}
          </a>
        ))}
      </nav>
      {children}
    </Page>
  );
}

/** The path of a domain's page. */
export function pathOf(domain: string, page = ""): string {
  return `/domains/${encodeURIComponent(domain)}${page}`;
}

function ProblemNote({ problem }: { problem: Problem }) {
  const { title, detail, errors } = problem;
  return (
    <div class="problem" role="alert">
      <p>
        <strong>{title}</strong> {!errors && detail}
      </p>
      {errors && (
        <ul>
          {errors.map((error) => (
            <li>
              {fieldOf(error)}: {error.detail}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The field that a problem is about, as forms name it: the first step of its pointer. */
export function fieldOf({ pointer }: FieldProblem): string {
  return pointer.split("/")[1] ?? "";
}
