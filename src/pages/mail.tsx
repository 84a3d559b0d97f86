// A domain's mail: what came of it day by day, whether it is ready to enforce, and the switch beside it.

import type { Hono } from "hono";
import { patchDomain, readDomain, readReadiness } from "../api/domains.ts";
import { readStats } from "../api/records.ts";
import { DISPOSITIONS } from "../core/policy.ts";
import type { Check } from "../core/readiness.ts";
import type { Mode } from "../core/settings.ts";
import { TAG_STATUSES } from "../core/tag-status.ts";
import { DayChart, lastDays, type Series } from "./chart.tsx";
import { type Again, conclude, type Desk, domainOf, may, read, readForm, show, type Visit } from "./desk.ts";
import { DomainPage, pathOf } from "./layout.tsx";
import { Action, Facts, Mark } from "./parts.tsx";

const DAYS_SHOWN = 30;

const STATUSES: readonly Series[] = TAG_STATUSES.map((status, at) => ({
  name: status,
  tone: `s${at + 1}`,
  of: (day) => day.status[status],
}));

const MODES: readonly (readonly [mode: Mode, label: string, meaning: string])[] = [
  ["enforce", "Enforce", "bounces without evidence are refused for good"],
  ["observe", "Observe", "everything is delivered, and marked where it would be refused"],
  ["off", "Switch off", "mail is routed, and nothing is judged"],
];

export const mailPages = (pages: Hono<Desk>) =>
  pages
    .get("/domains/:domain", (visit) => showMail(visit, {}))
    .post("/domains/:domain/mode", async (visit) => {
      const domain = domainOf(visit);
      const { mode = "" } = await readForm(visit);
      const reply = await visit.var.ask(patchDomain, { params: { domain }, body: { mode: mode as Mode } });
      return conclude(visit, reply, { path: pathOf(domain), done: "mode" }, (problem) =>
        showMail(visit, { problem }),
      );
    });

async function showMail(visit: Visit, { problem }: Again): Promise<Response> {
  const domain = domainOf(visit);
  const asked = { params: { domain } };
  const [{ mode }, { days }, readiness] = await Promise.all([
    read(visit, readDomain, asked),
    read(visit, readStats, { ...asked, query: { days: String(DAYS_SHOWN) } }),
    read(visit, readReadiness, asked),
  ]);
  const fates = DISPOSITIONS.map((name) => {
    const messages = days.reduce((sum, { disposition }) => sum + disposition[name], 0);
    return [name, messages] as const;
  });
  const page = (
    <DomainPage
      domain={domain}
      path=""
      caller={visit.var.caller}
      done={visit.req.query("done")}
      problem={problem}
    >
      <div class="columns">
        <section>
          <h2>Mail</h2>
          <DayChart
            title={`Messages by what their tag was worth, the last ${DAYS_SHOWN} days`}
            days={lastDays(days, DAYS_SHOWN, visit.env.now)}
            series={STATUSES}
          />
          <h3>What became of them</h3>
          <Facts facts={fates.map(([name, messages]) => [name, messages])} />
        </section>
        <section aria-labelledby="mode">
          <h2 id="mode">
            Mode <Mark kind={mode}>{mode}</Mark>
          </h2>
          {may(visit, "admin") && <Switch domain={domain} mode={mode} isReady={readiness.ready} />}
          <h2>Readiness</h2>
          <p>
            {readiness.ready ? "The domain is ready to enforce." : "The domain is not ready to enforce yet."}
          </p>
          <Checks checks={readiness.checks} />
        </section>
      </div>
    </DomainPage>
  );
  return show(visit, page, problem?.status);
}

function Switch({ domain, mode, isReady }: { domain: string; mode: Mode; isReady: boolean }) {
  return (
    <ul class="modes">
      {MODES.filter(([other]) => other !== mode).map(([other, label, meaning]) => {
        const isOff = other === "enforce" && !isReady;
        return (
          <li>
            <Action
              to={pathOf(domain, "/mode")}
              label={label}
              values={{ mode: other }}
              kind={other === "enforce" ? "" : "plain"}
              disabled={isOff}
              describedBy={`means-${other}`}
            />
            <span id={`means-${other}`}>
              {meaning}
              {isOff && "; first it has to be ready, or it would refuse its own genuine bounces"}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** Checks, each with what was found and what to do. */
export function Checks({
  checks,
}: {
  checks: readonly { id: string; status: Check["status"]; detail: string }[];
}) {
  return (
    <ul class="checks">
      {checks.map(({ id, status, detail }) => (
        <li>
          <Mark kind={status}>{status}</Mark> <b>{id}</b> <span>{detail}</span>
        </li>
      ))}
    </ul>
  );
}
