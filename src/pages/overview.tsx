// All domains at a glance, those that need attention first.

import type { Hono } from "hono";
import { listDomains, putDomain, readDomain } from "../api/domains.ts";
import { describeUnusable } from "../api/problem.ts";
import { type Concern, compareConcerns, findConcerns, type Summary } from "../core/summary.ts";
import { DayChart, lastDays, type Series } from "./chart.tsx";
import { type Again, conclude, type Desk, may, read, readForm, show, type Visit } from "./desk.ts";
import { Page, pathOf } from "./layout.tsx";
import { Field, Mark, Older } from "./parts.tsx";
import { FirstSteps } from "./start.tsx";

/** Each is a call to its object; a request on the Free plan has fifty. */
const DOMAINS_SHOWN = 40;
const DAYS_SHOWN = 30;

const FATES: readonly Series[] = [
  { name: "accepted", tone: "s1", of: ({ disposition }) => disposition.forwarded + disposition.consumed },
  { name: "would have been rejected", tone: "s2", of: ({ disposition }) => disposition["would-reject"] },
  { name: "rejected", tone: "s3", of: ({ disposition }) => disposition.rejected },
];

const PAGE_OF: Readonly<Record<Concern["about"], string>> = {
  readiness: "",
  counts: "",
  webhook: "/webhook",
};

export const overviewPages = (pages: Hono<Desk>) =>
  pages
    .get("/", (visit) => showOverview(visit, {}))
    .post("/domains", async (visit) => {
      const values = await readForm(visit);
      const domain = (values["domain"] ?? "").toLowerCase();
      const params = { domain };
      // Put anew, one that is there would lose its settings: only what is surely not there is made.
      const former = await visit.var.ask(readDomain, { params });
      if (former.kind === "answer") {
        const errors = [{ pointer: "#/domain", detail: "It is there already." }];
        return showOverview(visit, { problem: describeUnusable(errors), values });
      }
      if (former.problem.status !== 404) return showOverview(visit, { problem: former.problem, values });
      const reply = await visit.var.ask(putDomain, { params, body: {} });
      const to = { path: pathOf(domain, "/start"), done: "created" };
      return conclude(visit, reply, to, (problem) => showOverview(visit, { problem, values }));
    });

async function showOverview(visit: Visit, again: Again): Promise<Response> {
  const {
    env,
    var: { caller },
  } = visit;
  const query = { limit: String(DOMAINS_SHOWN), cursor: visit.req.query("cursor") ?? "" };
  const { items, cursor } = await read(visit, listDomains, { query });
  const summaries = await Promise.all(
    items.map(async ({ domain }) => {
      // One that can't be reached hides none of the others.
      const summary = await env.domains.summary(domain, DAYS_SHOWN).catch((error: unknown) => {
        visit.env.log({ event: "summary-failed", domain, error: String(error) });
        return "unreachable" as const;
      });
      return { domain, summary };
    }),
  );
  const unreachable = summaries.filter(({ summary }) => summary === "unreachable");
  const found = summaries
    .flatMap(({ domain, summary }) =>
      summary === null || summary === "unreachable"
        ? []
        : [{ domain, summary, concerns: concernsOf(visit, summary) }],
    )
    .sort((one, other) => compareConcerns(one.concerns, other.concerns));
  const isFirst = items.length === 0 && query.cursor === "";
  const page = (
    <Page title="Domains" caller={caller} done={visit.req.query("done")} problem={again.problem}>
      <h1>{isFirst ? "Welcome to Countersign" : "Domains"}</h1>
      {isFirst ? <FirstSteps canCreate={may(visit, "admin")} /> : null}
      {unreachable.map(({ domain }) => (
        <p>
          <a href={pathOf(domain)}>{domain}</a> can't be reached just now.
        </p>
      ))}
      <div class="cards">
        {found.map((each) => (
          <Domain {...each} now={env.now} />
        ))}
      </div>
      <Older cursor={cursor} path="/" />
      {may(visit, "admin") && (
        <form method="post" action="/domains" class="narrow">
          <h2>{isFirst ? "1. Your domain" : "Add a domain"}</h2>
          <Field
            name="domain"
            label="Domain name"
            hint="It observes at first: nothing is refused."
            required
            again={again}
          />
          <button type="submit">Add it</button>
        </form>
      )}
    </Page>
  );
  return show(visit, page, again.problem?.status);
}

/** A webhook is the administrator's to see. */
function concernsOf(visit: Visit, summary: Summary): Concern[] {
  return findConcerns(may(visit, "admin") ? summary : { ...summary, webhook: null });
}

function Domain(props: { domain: string; summary: Summary; concerns: readonly Concern[]; now: number }) {
  const { domain, summary, concerns, now } = props;
  return (
    <section class="card">
      <h2>
        <a href={pathOf(domain)}>{domain}</a> <Mark kind={summary.mode}>{summary.mode}</Mark>
      </h2>
      {concerns.length > 0 && (
        <ul class="concerns">
          {concerns.map(({ level, text, about }) => (
            <li class={level}>
              <a href={pathOf(domain, PAGE_OF[about])}>{text}</a>
            </li>
          ))}
        </ul>
      )}
      <DayChart
        title={`The last ${DAYS_SHOWN} days`}
        days={lastDays(summary.days, DAYS_SHOWN, now)}
        series={FATES}
        small
      />
    </section>
  );
}
