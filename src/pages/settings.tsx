// A domain's settings, but for its mode; deleting it.

import type { Hono } from "hono";
import { deleteDomain, patchDomain, readDomain } from "../api/domains.ts";
import { describeUnusable } from "../api/problem.ts";
import {
  type Again,
  conclude,
  type Desk,
  domainOf,
  listOf,
  may,
  read,
  readForm,
  show,
  type Visit,
} from "./desk.ts";
import { DomainPage, pathOf } from "./layout.tsx";
import { Facts, Field, Grave } from "./parts.tsx";

interface Setting {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly kind: "choice" | "number" | "list";
  readonly options?: readonly (readonly [value: string, label: string])[];
}

const SETTINGS: readonly Setting[] = [
  {
    name: "scheme",
    label: "Scheme",
    kind: "choice",
    options: [
      ["prvs", "prvs: 24 bits, as other software makes it"],
      ["cs1", "cs1: 80 bits, and room for a reference"],
    ],
  },
  {
    name: "placement",
    label: "Where the tag stands",
    kind: "choice",
    options: [
      ["prefix", "prefix: prvs=…=alice@"],
      ["subaddress", "subaddress: alice+prvs=…@"],
    ],
  },
  { name: "lifetimeDays", label: "Days that a tag is valid", kind: "number" },
  { name: "messageIdLifetimeDays", label: "Days that a signed Message-ID is valid", kind: "number" },
  { name: "rotateDays", label: "Days between rotations", hint: "0 for never.", kind: "number" },
  {
    name: "exempt",
    label: "Exempt recipients",
    hint: "Local-parts or addresses, one a line. They take bounces without evidence: mailboxes for DMARC and TLS reports, which some send with the null sender. postmaster and abuse always do.",
    kind: "list",
  },
  {
    name: "bounceSenders",
    label: "Whose mail is a bounce",
    kind: "choice",
    options: [
      ["null-only", "null-only: the null sender's"],
      ["mailer-daemon", "mailer-daemon: a robot's delivery-status report too"],
    ],
  },
  {
    name: "autoReplies",
    label: "What a vacation reply needs",
    kind: "choice",
    options: [
      ["evidence", "evidence, like any bounce"],
      ["accept", "accept: only to look like one"],
    ],
  },
  {
    name: "maxBouncesPerRef",
    label: "Messages that may come back to one address with a reference",
    hint: "Empty for any number.",
    kind: "number",
  },
  {
    name: "dkimSelectors",
    label: "DKIM selectors",
    hint: "The s= of your mail's DKIM-Signature, one a line; the doctor looks them up.",
    kind: "list",
  },
];

export const settingsPages = (pages: Hono<Desk>) =>
  pages
    .get("/domains/:domain/settings", (visit) => showSettings(visit, {}))
    .post("/domains/:domain/settings", async (visit) => {
      const domain = domainOf(visit);
      const values = await readForm(visit);
      const body = Object.fromEntries(SETTINGS.map((setting) => [setting.name, readValue(setting, values)]));
      const reply = await visit.var.ask(patchDomain, { params: { domain }, body });
      return conclude(visit, reply, { path: pathOf(domain, "/settings"), done: "settings" }, (problem) =>
        showSettings(visit, { problem, values }),
      );
    })
    .post("/domains/:domain/delete", async (visit) => {
      const domain = domainOf(visit);
      const values = await readForm(visit);
      if (values["name"]?.toLowerCase() !== domain) {
        const errors = [{ pointer: "#/name", detail: `Write ${domain} to delete it.` }];
        return showSettings(visit, { problem: describeUnusable(errors), values: {} });
      }
      const reply = await visit.var.ask(deleteDomain, { params: { domain } });
      return conclude(visit, reply, { path: "/", done: "deleted" }, (problem) =>
        showSettings(visit, { problem }),
      );
    });

/** A field's value as the API takes it; what is none, the API says. */
function readValue({ name, kind }: Setting, values: Readonly<Record<string, string>>): unknown {
  const text = values[name] ?? "";
  if (kind === "list") return listOf(text);
  if (kind === "choice") return text;
  if (text === "") return null;
  return /^[0-9]+$/.test(text) ? Number(text) : text;
}

async function showSettings(visit: Visit, again: Again): Promise<Response> {
  const domain = domainOf(visit);
  const settings: Readonly<Record<string, unknown>> = {
    ...(await read(visit, readDomain, { params: { domain } })),
  };
  const page = (
    <DomainPage
      domain={domain}
      path="/settings"
      caller={visit.var.caller}
      done={visit.req.query("done")}
      problem={again.problem}
    >
      <h2>Settings</h2>
      {may(visit, "admin") ? (
        <>
          <form method="post" action={pathOf(domain, "/settings")} class="narrow">
            {SETTINGS.map(({ name, label, hint, kind, options }) => (
              <Field
                name={name}
                label={label}
                {...(hint ? { hint } : {})}
                {...(options ? { options } : {})}
                {...(kind === "list" ? { rows: 3 } : {})}
                value={write(settings[name])}
                again={again}
              />
            ))}
            <button type="submit">Save the settings</button>
          </form>
          <Grave label={`Delete ${domain}`}>
            <p>Its settings, keys, routes, webhook and all records go. What comes back to it is refused.</p>
            <form method="post" action={pathOf(domain, "/delete")} class="narrow">
              <Field name="name" label="Its name, to be sure" required again={again} />
              <button type="submit" class="grave">
                Delete it now
              </button>
            </form>
          </Grave>
        </>
      ) : (
        <Facts facts={SETTINGS.map(({ name, label }) => [label, write(settings[name]) || "none"])} />
      )}
    </DomainPage>
  );
  return show(visit, page, again.problem?.status);
}

function write(value: unknown): string {
  return Array.isArray(value) ? value.join("\n") : String(value ?? "");
}
