// A domain's webhook: how its deliveries fare, setting it, telling it once more.

import type { Hono } from "hono";
import { readDomain } from "../api/domains.ts";
import { deleteWebhook, putWebhook, readWebhook, redeliver } from "../api/webhook.ts";
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
import { Action, Facts, Field, Grave, Mark, Time } from "./parts.tsx";

const PATH = "/webhook";
const WHAT = "the secret of the webhook";

export const webhookPages = (pages: Hono<Desk>) =>
  pages
    .get("/domains/:domain/webhook", (visit) => showWebhook(visit, {}))
    .post("/domains/:domain/webhook", async (visit) => {
      const values = await readForm(visit);
      const body = { url: values["url"] ?? "" };
      const reply = await visit.var.ask(putWebhook, { params: { domain: domainOf(visit) }, body });
      return reply.kind === "problem"
        ? showWebhook(visit, { problem: reply.problem, values })
        : showOnce(visit, showWebhook(visit, {}, reply.body.secret), WHAT, reply.body.secret);
    })
    .post("/domains/:domain/webhook/remove", async (visit) => {
      const domain = domainOf(visit);
      const reply = await visit.var.ask(deleteWebhook, { params: { domain } });
      return conclude(visit, reply, { path: pathOf(domain, PATH), done: "no-webhook" }, (problem) =>
        showWebhook(visit, { problem }),
      );
    })
    .post("/domains/:domain/webhook/redeliver", async (visit) => {
      const domain = domainOf(visit);
      const values = await readForm(visit);
      const body = { id: values["id"] ?? "" };
      const reply = await visit.var.ask(redeliver, { params: { domain }, body });
      return conclude(visit, reply, { path: pathOf(domain, PATH), done: "redelivered" }, (problem) =>
        showWebhook(visit, { problem, values }),
      );
    });

/** @param secret where it has just been set; it is shown this once */
async function showWebhook(visit: Visit, again: Again, secret?: string): Promise<Response> {
  const domain = domainOf(visit);
  await read(visit, readDomain, { params: { domain } });
  const reply = await visit.var.ask(readWebhook, { params: { domain } });
  if (reply.kind === "problem" && reply.problem.status !== 404) throw new Unshowable(reply.problem);
  const webhook = reply.kind === "answer" ? reply.body : null;
  const page = (
    <DomainPage
      domain={domain}
      path={PATH}
      caller={visit.var.caller}
      done={visit.req.query("done")}
      problem={again.problem}
    >
      <h2>Webhook</h2>
      {secret && <Once what={WHAT} text={secret} />}
      {webhook === null ? (
        <p>There is none: nobody is told of bounces.</p>
      ) : (
        <>
          <p>
            <Health {...webhook} />
          </p>
          <Facts
            facts={[
              ["URL", webhook.url],
              ["Last success", <Time at={webhook.lastSuccess} />],
              ["Last failure", <Time at={webhook.lastFailure} />],
              ["Its reason", webhook.lastError],
              ["Waiting", webhook.pending],
            ]}
          />
          <form method="post" action={pathOf(domain, `${PATH}/redeliver`)} class="narrow">
            <h3>Tell it once more</h3>
            <Field name="id" label="Id of a bounce or event" required again={again} />
            <button type="submit">Send again</button>
          </form>
        </>
      )}
      <form method="post" action={pathOf(domain, PATH)} class="narrow">
        <h3>{webhook ? "Set it anew" : "Set a webhook"}</h3>
        {webhook && <p>It gets a new secret; the former one ends.</p>}
        <Field
          name="url"
          label="URL"
          hint="https:, which gets each event as Standard Webhooks says."
          value={webhook?.url}
          required
          again={again}
        />
        <button type="submit">Set the webhook</button>
      </form>
      {webhook && (
        <Grave label="Remove the webhook">
          <p>What it has yet to be told is forgotten.</p>
          <Action to={pathOf(domain, `${PATH}/remove`)} label="Remove it now" kind="grave" />
        </Grave>
      )}
    </DomainPage>
  );
  return show(visit, page, again.problem?.status);
}

function Health(webhook: { lastSuccess: string | null; lastFailure: string | null; disabled: boolean }) {
  const { lastSuccess, lastFailure, disabled } = webhook;
  if (disabled) return <Mark kind="fail">ended: the receiver answered 410; set it anew</Mark>;
  if (lastFailure !== null && (lastSuccess === null || lastFailure > lastSuccess)) {
    return <Mark kind="warn">the last delivery failed; it is tried again</Mark>;
  }
  return (
    <Mark kind="pass">{lastSuccess === null ? "nothing was told yet" : "the last delivery succeeded"}</Mark>
  );
}
