// Setting a domain up, step by step: from its first route to the day that it enforces.

import type { Hono } from "hono";
import { mintAddress } from "../api/addresses.ts";
import { readDomain, readReadiness } from "../api/domains.ts";
import { putRoute, readRoutes } from "../api/routes.ts";
import { createToken } from "../api/tokens.ts";
import {
  type Again,
  conclude,
  type Desk,
  domainOf,
  read,
  readForm,
  show,
  Unshowable,
  type Visit,
} from "./desk.ts";
import { DomainPage, pathOf } from "./layout.tsx";
import { Once, showOnce } from "./once.tsx";
import { Facts, Field, Mark, Time } from "./parts.tsx";
import { recipes } from "./recipes.ts";
import { forbidden } from "./refusals.ts";
import { bodyOf, RouteFields } from "./routes.tsx";

const PATH = "/start";

/** What was just made, and is shown this once. */
interface Made {
  readonly minted?: {
    readonly address: string;
    readonly reversePath: string;
    readonly messageId: string | null;
    readonly expires: string;
  };
  readonly token?: { readonly name: string; readonly token: string };
}

/** The way from nothing to enforcing, for a deployment without a domain. */
export function FirstSteps({ canCreate }: { canCreate: boolean }) {
  return (
    <section>
      <p>
        Spammers send mail with your address as the sender, and badly run servers bounce it to you. Here every
        message that you send gets a signed reverse-path, and a bounce that does not come back to one is
        refused.
      </p>
      <ol class="steps">
        <li>Name a domain whose mail comes in by Cloudflare Email Routing.</li>
        <li>Say where the mail of its addresses goes.</li>
        <li>Mint the first address.</li>
        <li>Send all of its mail with minted addresses.</li>
        <li>Watch for a week what would be refused.</li>
        <li>Enforce.</li>
      </ol>
      {!canCreate && (
        <p>There is no domain that your token reaches. One that may change things can add it.</p>
      )}
    </section>
  );
}

export const startPages = (pages: Hono<Desk>) =>
  pages
    .get("/domains/:domain/start", (visit) => showStart(visit, {}, {}))
    .post("/domains/:domain/start/route", async (visit) => {
      const domain = domainOf(visit);
      const values = await readForm(visit);
      const params = { domain, localPart: values["local-part"] ?? "" };
      const reply = await visit.var.ask(putRoute, { params, body: bodyOf(values) as never });
      return conclude(visit, reply, { path: pathOf(domain, PATH), done: "route" }, (problem) =>
        showStart(visit, { problem, values }, {}),
      );
    })
    .post("/domains/:domain/start/mint", async (visit) => {
      const values = await readForm(visit);
      const reply = await visit.var.ask(mintAddress, { body: { address: values["address"] ?? "" } });
      return reply.kind === "problem"
        ? showStart(visit, { problem: reply.problem, values }, {})
        : showStart(visit, {}, { minted: reply.body });
    })
    .post("/domains/:domain/start/token", async (visit) => {
      const values = await readForm(visit);
      const domain = domainOf(visit);
      await read(visit, readDomain, { params: { domain } });
      const body = { name: values["name"] ?? "", scopes: ["sign" as const], domains: [domain] };
      const reply = await visit.var.ask(createToken, { body });
      return reply.kind === "problem"
        ? showStart(visit, { problem: reply.problem, values }, {})
        : showOnce(
            visit,
            showStart(visit, {}, { token: reply.body }),
            `the token ${reply.body.name}`,
            reply.body.token,
          );
    });

async function showStart(visit: Visit, again: Again, made: Made): Promise<Response> {
  const domain = domainOf(visit);
  const refused = forbidden(visit, "admin", domain);
  if (refused !== null) throw new Unshowable(refused);
  const asked = { params: { domain } };
  const [{ mode }, { routes }, { ready, checks }] = await Promise.all([
    read(visit, readDomain, asked),
    read(visit, readRoutes, { ...asked, query: { limit: "5" } }),
    read(visit, readReadiness, asked),
  ]);
  const names = Object.keys(routes);
  const localPart = names.find((name) => name !== "*") ?? "alice";
  const detailOf = (wanted: string) => checks.find(({ id }) => id === wanted)?.detail;
  const page = (
    <DomainPage
      domain={domain}
      path={PATH}
      caller={visit.var.caller}
      done={visit.req.query("done")}
      problem={again.problem}
    >
      <h2>Set up</h2>
      <ol class="steps">
        <Step title="The domain" done>
          <p>
            {mode === "observe" && "It observes: all mail is delivered, and nothing is refused yet. "}In
            Cloudflare, its Email Routing has to hand the mail to this Worker: <code>addresses</code> in
            wrangler.toml, or a catch-all rule that sends to the Worker.
          </p>
        </Step>
        <Step title="Where its mail goes" done={names.length > 0}>
          {names.length > 0 && (
            <p>
              There are routes for {names.join(", ")}
              {names.length === 5 && " and maybe others"}: <a href={pathOf(domain, "/routes")}>all routes</a>.
            </p>
          )}
          <p>
            Each address that takes mail needs one, <code>postmaster</code> and <code>abuse</code> too. An
            address of an app that only sends may <i>consume</i>.
          </p>
          <form method="post" action={pathOf(domain, `${PATH}/route`)} class="narrow">
            <RouteFields localPart="" again={again} />
            <button type="submit">Set the route</button>
          </form>
          <p>
            Mailboxes that take DMARC and TLS reports should be{" "}
            <a href={`${pathOf(domain, "/settings")}#field-exempt`}>exempt</a>: some send such reports with
            the null sender, like a bounce, and they answer no mail of yours.
          </p>
        </Step>
        <Step title="The first address" done={made.minted !== undefined}>
          {made.minted && <Minted {...made.minted} />}
          <form method="post" action={pathOf(domain, `${PATH}/mint`)} class="narrow">
            <Field
              name="address"
              label="Sender of a message"
              value={`${localPart}@${domain}`}
              type="email"
              required
              again={again}
            />
            <button type="submit">Mint</button>
          </form>
        </Step>
        <Step title="Send with it">
          <p>
            Mint once for each message, when you hand it over; use the reverse-path as MAIL FROM and the
            Message-ID as the header. All of the domain's mail has to be signed, or its bounces are refused
            later on.
          </p>
          {made.token && <Once what={`the token ${made.token.name}`} text={made.token.token} />}
          <form method="post" action={pathOf(domain, `${PATH}/token`)} class="narrow">
            <Field
              name="name"
              label="A token for your app"
              hint="It may sign for this domain, and nothing else."
              required
              again={again}
            />
            <button type="submit">Make the token</button>
          </form>
          {recipes(new URL(visit.req.url).origin, `${localPart}@${domain}`).map(({ name, note, text }) => (
            <details>
              <summary>{name}</summary>
              <p>{note}</p>
              {text && (
                <section class="wide" tabindex={0} aria-label={name}>
                  <pre>
                    <code>{text}</code>
                  </pre>
                </section>
              )}
            </details>
          ))}
        </Step>
        <Step title="Watch for a week" done={ready}>
          <p>
            {detailOf("signing")} {detailOf("observing")}
          </p>
          <p>
            See <a href={pathOf(domain, "/rejections")}>what would be refused</a>,{" "}
            <a href={pathOf(domain, "/inspect")}>inspect</a> what you don't understand, and ask{" "}
            <a href={pathOf(domain, "/doctor")}>the doctor</a>.
          </p>
        </Step>
        <Step title="Enforce" done={mode === "enforce"}>
          <p>
            When all checks that can fail have passed, <a href={`${pathOf(domain)}#mode`}>the switch</a> is
            on.
          </p>
        </Step>
      </ol>
    </DomainPage>
  );
  return show(visit, page, again.problem?.status);
}

function Step(props: { title: string; done?: boolean; children?: unknown }) {
  return (
    <li>
      <h3>
        {props.title} {props.done && <Mark kind="pass">done</Mark>}
      </h3>
      {props.children}
    </li>
  );
}

function Minted({ address, reversePath, messageId, expires }: NonNullable<Made["minted"]>) {
  return (
    <div class="done" role="status">
      <Facts
        facts={[
          ["Address", address],
          ["Reverse-path", <code>{reversePath}</code>],
          ["Message-ID", <code>{messageId}</code>],
          ["Valid until", <Time at={expires} />],
        ]}
      />
    </div>
  );
}
