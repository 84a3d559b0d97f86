// What came back, taken apart: a reverse-path or a whole bounce, what is found in it, and what becomes of it here.

import type { Hono } from "hono";
import { readDomain } from "../api/domains.ts";
import { describeUnconfigured, describeUnusable } from "../api/problem.ts";
import type { Finding, Inspection } from "../core/inspection.ts";
import type { Verdict } from "../core/judge.ts";
import { formatMailbox } from "../core/mailbox.ts";
import { describeDecision } from "../core/policy.ts";
import { type Again, type Desk, domainOf, read, readForm, show, Unshowable, type Visit } from "./desk.ts";
import { DomainPage, pathOf } from "./layout.tsx";
import { Facts, Field, Mark, Time } from "./parts.tsx";
import { STATUS_WORDS } from "./records.tsx";
import { forbidden } from "./refusals.ts";

export const inspectPages = (pages: Hono<Desk>) =>
  pages
    .get("/domains/:domain/inspect", (visit) => showInspect(visit, {}, null))
    .post("/domains/:domain/inspect", async (visit) => {
      const domain = domainOf(visit);
      guard(visit, domain);
      const values = await readForm(visit);
      const { text = "", to = "", from = "" } = values;
      const inspection = await visit.env.inspect({ text, forwardPath: to, reversePath: from }, domain);
      if (inspection === null) throw new Unshowable(describeUnconfigured(domain));
      if (inspection.kind === "judged") return showInspect(visit, { values }, inspection);
      const detail = `There is no address of ${domain} in it.`;
      const pointer = to === "" ? "#/text" : "#/to";
      return showInspect(visit, { values, problem: describeUnusable([{ pointer, detail }]) }, null);
    });

type Judged = Extract<Inspection, { kind: "judged" }>;

/** Inspecting tells what a tag is worth, so it needs what validating needs. */
function guard(visit: Visit, domain: string): void {
  const refused = forbidden(visit, "validate", domain);
  if (refused !== null) throw new Unshowable(refused);
}

async function showInspect(visit: Visit, again: Again, inspection: Judged | null): Promise<Response> {
  const domain = domainOf(visit);
  guard(visit, domain);
  await read(visit, readDomain, { params: { domain } });
  const page = (
    <DomainPage domain={domain} path="/inspect" caller={visit.var.caller} problem={again.problem}>
      <h2>Inspect</h2>
      {inspection && <Result {...inspection} />}
      <form method="post" action={pathOf(domain, "/inspect")} enctype="multipart/form-data">
        <Field
          name="text"
          label="A reverse-path, or a whole bounce with its headers"
          hint="Nothing of it is recorded, forwarded or counted. Of a message the first 64 KiB are read."
          rows={8}
          required
          again={again}
        />
        <div class="columns">
          <Field
            name="to"
            label="Came to"
            hint="Left empty, it is looked for in Delivered-To and the like."
            again={again}
          />
          <Field
            name="from"
            label="Came from"
            hint="Left empty, by Return-Path, or the null sender."
            again={again}
          />
        </div>
        <button type="submit">Inspect</button>
      </form>
    </DomainPage>
  );
  return show(visit, page, again.problem?.status);
}

function Result({ forwardPath, reversePath, verdict, ordinary, findings, cap }: Judged) {
  const { tag, evidence, ref, messageId, bounce } = verdict;
  return (
    <section class="card" aria-labelledby="found">
      <h3 id="found">
        {forwardPath} <Mark kind={tag.status}>{tag.status}</Mark>
      </h3>
      <Facts
        facts={[
          ["Tag", STATUS_WORDS[tag.status]],
          ["Scheme", tag.scheme],
          ["Key", tag.key],
          ["Valid until", tag.expires === null ? null : <Time at={new Date(tag.expires).toISOString()} />],
          ["Reference", ref && <code>{ref}</code>],
          ["Original", formatMailbox(tag.original)],
          ["From", `${reversePath}${bounce ? ", so it is a bounce" : ", so it is no bounce"}`],
          ["Evidence", `${evidence}${messageId ? `: ${messageId}` : ""}`],
          [
            ordinary ? (bounce ? "A bounce to it is" : "Mail from there is") : "It is",
            <strong>{describeDecision(verdict.decision)}</strong>,
          ],
          [
            "Unless",
            cap && `${cap} messages came back to its reference already: beyond that none is evidence`,
          ],
          ["Other mail to it is", ordinary && describeDecision(ordinary.decision)],
          ["Recorded", describeRecord(verdict, findings)],
        ]}
      />
      {findings?.map((finding) => (
        <ReportOf {...finding} />
      ))}
    </section>
  );
}

/** Whether apps are told of it. */
function describeRecord({ returned }: Verdict, findings: readonly Finding[] | null): string | null {
  if (findings === null) return null;
  if (returned === "body") return "as what it says below";
  return returned === "headers"
    ? "from its headers alone: a Message-ID may be known to others"
    : "not as a bounce: nothing vouches for it";
}

function ReportOf(finding: Finding) {
  const {
    kind,
    recipient,
    action,
    status,
    class: severity,
    diagnostic,
    reportingMta,
    messageId,
    source,
  } = finding;
  return (
    <>
      <h4>It says</h4>
      <Facts
        facts={[
          ["Kind", kind],
          ["Recipient", recipient],
          ["Class", severity],
          ["Action", action],
          ["Status", status],
          ["Diagnostic", diagnostic],
          ["Reported by", reportingMta],
          ["Message-ID", messageId],
          ["Read in", source],
        ]}
      />
    </>
  );
}
