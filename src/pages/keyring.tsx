// A domain's keyring along time: which key signs, until when each validates; rotating, retiring.

import type { Hono } from "hono";
import { addKey, listKeys, retireKey } from "../api/keys.ts";
import { DAY_MS } from "../core/day.ts";
import { Swatch } from "./chart.tsx";
import { type Again, conclude, type Desk, domainOf, read, readForm, show, type Visit } from "./desk.ts";
import { DomainPage, pathOf } from "./layout.tsx";
import { Action, Grave, Mark, Time } from "./parts.tsx";

/** Days to either side of today that are drawn, where keys reach as far. */
const DRAWN_DAYS = 60;
const WIDTH = 1000;

export const keyringPages = (pages: Hono<Desk>) =>
  pages
    .get("/domains/:domain/keys", (visit) => showKeyring(visit, {}))
    .post("/domains/:domain/keys", async (visit) => {
      const domain = domainOf(visit);
      const reply = await visit.var.ask(addKey, { params: { domain }, body: {} });
      return conclude(visit, reply, { path: pathOf(domain, "/keys"), done: "rotated" }, (problem) =>
        showKeyring(visit, { problem }),
      );
    })
    .post("/domains/:domain/keys/retire", async (visit) => {
      const domain = domainOf(visit);
      const { number = "" } = await readForm(visit);
      const reply = await visit.var.ask(retireKey, { params: { domain, number } });
      return conclude(visit, reply, { path: pathOf(domain, "/keys"), done: "retired" }, (problem) =>
        showKeyring(visit, { problem }),
      );
    });

type ShownKey = Awaited<ReturnType<typeof readKeys>>[number];

async function readKeys(visit: Visit) {
  return (await read(visit, listKeys, { params: { domain: domainOf(visit) } })).items;
}

async function showKeyring(visit: Visit, { problem }: Again): Promise<Response> {
  const domain = domainOf(visit);
  const keys = (await readKeys(visit)).toSorted((one, other) => startOf(other) - startOf(one));
  const { now } = visit.env;
  const scale = scaleOf(keys, now);
  const page = (
    <DomainPage
      domain={domain}
      path="/keys"
      caller={visit.var.caller}
      done={visit.req.query("done")}
      problem={problem}
    >
      <h2>Keyring</h2>
      <p>
        The newest key signs. Those before it go on validating what they have signed until the last of it is
        out of date.
      </p>
      <ol class="keys">
        {keys.map((key) => (
          <KeyRow domain={domain} shown={key} signsUntil={signsUntil(keys, key)} scale={scale} now={now} />
        ))}
      </ol>
      <div class="axis" aria-hidden="true">
        <span>{day(scale.from)}</span>
        <span>{day(scale.to)}</span>
      </div>
      <ul class="legend" aria-hidden="true">
        <li>
          <Swatch tone="signs" /> signs
        </li>
        <li>
          <Swatch tone="validates" /> validates
        </li>
        <li>
          <Swatch tone="now" /> today
        </li>
      </ul>
      <h3>Rotate</h3>
      <p>
        A new key is made. It signs when every location has it, in about two minutes; mail that is out already
        keeps its tags.
      </p>
      <Action to={pathOf(domain, "/keys")} label="Rotate" />
    </DomainPage>
  );
  return show(visit, page, problem?.status);
}

interface Scale {
  readonly from: number;
  readonly to: number;
}

function KeyRow(props: {
  domain: string;
  shown: ShownKey;
  signsUntil: number | null;
  scale: Scale;
  now: number;
}) {
  const { domain, shown, scale, now } = props;
  const { number, state, created, notBefore, expires, imported } = shown;
  const at = (instant: number) => {
    const part = (instant - scale.from) / (scale.to - scale.from);
    return Math.round(Math.min(Math.max(part, 0), 1) * WIDTH);
  };
  const begin = at(startOf(shown));
  const end = at(instantOf(expires) ?? scale.to);
  const signed = !hasSigned(shown) ? begin : Math.min(at(props.signsUntil ?? scale.to), end);
  return (
    <li class="card">
      <h3>
        Key {number} <Mark kind={state}>{state}</Mark>
      </h3>
      <svg viewBox={`0 0 ${WIDTH} 20`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="validates" x={begin} y="4" width={Math.max(end - begin, 3)} height="12" />
        <rect class="signs" x={begin} y="4" width={Math.max(signed - begin, 0)} height="12" />
        <rect class="now" x={at(now) - 1} y="0" width="3" height="20" />
      </svg>
      <p>
        {imported ? "Brought along" : "Made"} <Time at={created} />
        {hasSigned(shown) && (
          <>
            {state === "pending" ? ", signs from " : ", signed from "}
            <Time at={notBefore} />
          </>
        )}
        {state === "retired"
          ? ". Retired "
          : expires === null
            ? ". It validates until it is retired"
            : ", validates until "}
        {expires !== null && <Time at={expires} />}.
      </p>
      {state !== "retired" && (
        <Grave label={`Retire key ${number}`}>
          <p>Bounces of mail that was sent under it are refused from then on.</p>
          <Action
            to={pathOf(domain, "/keys/retire")}
            label={`Retire key ${number} now`}
            values={{ number: String(number) }}
            kind="grave"
          />
        </Grave>
      )}
    </li>
  );
}

/** When a newer key takes over; null where none is known. One that was retired before its time never does. */
function signsUntil(keys: readonly ShownKey[], key: ShownKey): number | null {
  const later = keys
    .filter((other) => startOf(other) > startOf(key) && hasSigned(other))
    .filter(({ state }) => key.state !== "signing" || state === "pending")
    .map(startOf);
  return later.length === 0 ? null : Math.min(...later);
}

/** Whether it has signed, or will. */
function hasSigned({ notBefore, expires }: ShownKey): boolean {
  return notBefore !== null && (expires === null || expires > notBefore);
}

function scaleOf(keys: readonly ShownKey[], now: number): Scale {
  const begins = keys.map(startOf);
  const ends = keys.map(({ expires }) => instantOf(expires) ?? now + (DRAWN_DAYS / 2) * DAY_MS);
  return {
    from: Math.max(Math.min(now - DAY_MS, ...begins), now - DRAWN_DAYS * DAY_MS),
    to: Math.min(Math.max(now + DAY_MS, ...ends), now + DRAWN_DAYS * DAY_MS),
  };
}

/** When a key began, or begins, to count. */
function startOf({ notBefore, created }: ShownKey): number {
  return instantOf(notBefore) ?? instantOf(created) ?? 0;
}

function instantOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
