// What came back to a domain, by class and with its references, and what was refused, with the exact reason.

import type { Hono } from "hono";
import { listBounces, listRejections } from "../api/records.ts";
import { redeliver } from "../api/webhook.ts";
import type { TagStatus } from "../core/tag-status.ts";
import { type Again, conclude, type Desk, domainOf, may, read, readForm, show, type Visit } from "./desk.ts";
import { DomainPage, pathOf } from "./layout.tsx";
import { Action, Facts, Mark, Older, Time } from "./parts.tsx";

/** What each tag status says to the operator; senders never read it. */
export const STATUS_WORDS: Readonly<Record<TagStatus, string>> = {
  missing: "The address has no tag: most likely a forged sender, or mail of yours that went out unsigned.",
  malformed: "It begins like a tag and is none.",
  "not-signing": "The domain has no key.",
  "unknown-key": "Its key number is held by no key, or by one that is retired.",
  "bad-signature": "Its MAC is wrong: guessed, changed on the way, or made with another key.",
  expired: "It was signed here, and is out of date.",
  valid: "It was signed here, and is in force.",
};

/** Groups of what came back, in order, and what to do about them. */
const GROUPS = [
  ["hard", "Hard", "The recipient is bad: do not write to it again."],
  ["block", "Blocked", "Refused for content, policy or reputation."],
  ["soft", "Soft", "It may pass."],
  ["undetermined", "Undetermined", "Nothing tells how lasting it is."],
  ["other", "Other reports", "Replies, receipts, complaints, and what was delivered."],
] as const;

const SHOWN = "200";

export const recordPages = (pages: Hono<Desk>) =>
  pages
    .get("/domains/:domain/bounces", (visit) => showBounces(visit, {}))
    .post("/domains/:domain/bounces/redeliver", async (visit) => {
      const domain = domainOf(visit);
      const { id = "" } = await readForm(visit);
      const reply = await visit.var.ask(redeliver, { params: { domain }, body: { id } });
      return conclude(visit, reply, { path: pathOf(domain, "/bounces"), done: "redelivered" }, (problem) =>
        showBounces(visit, { problem }),
      );
    })
    .get("/domains/:domain/rejections", showRejections);

type ShownBounce = Awaited<ReturnType<typeof readBounces>>["items"][number];

function readBounces(visit: Visit) {
  const query = { limit: SHOWN, cursor: visit.req.query("cursor") ?? "" };
  return read(visit, listBounces, { params: { domain: domainOf(visit) }, query });
}

async function showBounces(visit: Visit, { problem }: Again): Promise<Response> {
  const domain = domainOf(visit);
  const { items, cursor } = await readBounces(visit);
  const page = (
    <DomainPage
      domain={domain}
      path="/bounces"
      caller={visit.var.caller}
      done={visit.req.query("done")}
      problem={problem}
    >
      <h2>Bounces</h2>
      <p>What came back to addresses that were minted here, the newest first.</p>
      {items.length === 0 && <p>Nothing yet.</p>}
      {GROUPS.map(([group, title, meaning]) => {
        const members = items.filter((bounce) => groupOf(bounce) === group);
        if (members.length === 0) return null;
        return (
          <section>
            <h3>
              {title} <span class="quiet">({members.length})</span>
            </h3>
            <p class="quiet">{meaning}</p>
            <ul class="entries">
              {members.map((bounce) => (
                <BounceEntry domain={domain} bounce={bounce} mayTell={may(visit, "admin")} />
              ))}
            </ul>
          </section>
        );
      })}
      <Older cursor={cursor} path={pathOf(domain, "/bounces")} />
    </DomainPage>
  );
  return show(visit, page, problem?.status);
}

function groupOf({ kind, class: severity }: ShownBounce): string {
  return kind === "failed" || kind === "delayed" ? severity : "other";
}

function BounceEntry({ domain, bounce, mayTell }: { domain: string; bounce: ShownBounce; mayTell: boolean }) {
  const { id, kind, recipient, ref, original, status, diagnostic, reportingMta, receivedAt, evidence } =
    bounce;
  return (
    <li>
      <p>
        <b>{recipient ?? "An unnamed recipient"}</b> <Mark kind={kind}>{kind}</Mark> <Time at={receivedAt} />
      </p>
      <Facts
        facts={[
          ["Reference", ref && <code>{ref}</code>],
          ["Sent as", original],
          ["Status", status],
          ["Diagnostic", diagnostic],
          ["Reported by", reportingMta],
          ["Vouched for by", evidence === "tag" ? null : "a signed Message-ID"],
          ["Id", <code>{id}</code>],
        ]}
      />
      {mayTell && (
        <Action
          to={pathOf(domain, "/bounces/redeliver")}
          label={`Tell the webhook again of ${recipient ?? id}`}
          values={{ id }}
          kind="plain small"
        />
      )}
    </li>
  );
}

async function showRejections(visit: Visit): Promise<Response> {
  const domain = domainOf(visit);
  const query = { limit: SHOWN, cursor: visit.req.query("cursor") ?? "" };
  const { items, cursor } = await read(visit, listRejections, { params: { domain }, query });
  const page = (
    <DomainPage domain={domain} path="/rejections" caller={visit.var.caller}>
      <h2>Rejections</h2>
      <p>What was refused, or would have been, the newest first: samples, where there is much of it.</p>
      {items.length === 0 && <p>Nothing yet.</p>}
      <ul class="entries">
        {items.map(({ recipient, original, status, disposition, from, messageId, receivedAt }) => (
          <li>
            <p>
              <b>{recipient}</b> <Mark kind={disposition}>{disposition}</Mark> <Time at={receivedAt} />
            </p>
            <Facts
              facts={[
                ["Tag", `${status}. ${STATUS_WORDS[status]}`],
                ["Original", original === recipient ? null : original],
                ["From", from],
                ["Message-ID", messageId],
              ]}
            />
          </li>
        ))}
      </ul>
      <Older cursor={cursor} path={pathOf(domain, "/rejections")} />
    </DomainPage>
  );
  return show(visit, page);
}
