// The domains that the mail goes to: what each is set to, what of it is known at each instant, and how it is set up by the
// API.

import type { ProbedWorker } from "../worker/probed-worker.ts";
import type { DomainState, Mode, Route } from "./expectation.ts";
import type { SharedKey } from "./signer.ts";
import { Timeline } from "./timeline.ts";

export const DAY_MS = 86_400_000;

const forward = (...names: string[]): Route => ({
  action: "forward",
  to: names.map((name) => `${name}@inbox.example`),
});
const consume: Route = { action: "consume" };

/** What every domain has; some have more. */
const ROUTES: readonly (readonly [string, Route])[] = [
  ["alice", forward("alice")],
  ["team", forward("one", "two", "three")],
  ["list", forward("list")],
  ["bounces", consume],
  ["returns", consume],
  ["watch", { ...forward("watch"), mode: "observe" }],
  ["strict", { ...forward("strict"), mode: "enforce" }],
  ["tally", { ...consume, mode: "observe" }],
  ["loose", { ...consume, mode: "off" }],
  ["closed", { action: "reject", reason: "Closed for good." }],
  ["postmaster", forward("postmaster")],
  ["swing", forward("swing")],
];
/** What `swing` is changed to in turn. */
export const SWINGS: readonly Route[] = [
  consume,
  forward("swing"),
  { action: "reject", reason: "Not today." },
];

export interface Domain {
  readonly name: string;
  /** Keys that another program signs with too. */
  readonly shared: SharedKey[];
  /** Null while it is not configured. */
  readonly history: Timeline<DomainState | null>;
  readonly settings: Readonly<Record<string, unknown>>;
}

interface Plan {
  readonly name: string;
  readonly mode: Mode;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly shared?: readonly SharedKey[];
  readonly routes?: readonly (readonly [string, Route])[];
}

const PLANS: readonly Plan[] = [
  { name: "enforce.example", mode: "enforce" },
  { name: "observe.example", mode: "observe", settings: { scheme: "cs1" } },
  { name: "off.example", mode: "off", routes: [["*", forward("rest")]] },
  { name: "rotating.example", mode: "enforce", settings: { lifetimeDays: 3 } },
  { name: "mixed.example", mode: "enforce", settings: { placement: "subaddress" } },
  {
    name: "exim.example",
    mode: "enforce",
    shared: [
      { number: 3, secret: "what the other Exim has" },
      { number: 7, secret: "and what it has now; 1" },
    ],
  },
  {
    name: "moving.example",
    mode: "observe",
    shared: [{ number: 0, secret: "short" }],
    routes: [["*", consume]],
  },
  {
    name: "robots.example",
    mode: "enforce",
    settings: { bounceSenders: "mailer-daemon", autoReplies: "accept", exempt: ["dmarc"] },
    shared: [{ number: 5, secret: "x".repeat(64) }],
    routes: [
      ["srs0", forward("rewritten")],
      ["*", forward("rest")],
    ],
  },
];
/** Made in the midst of the run. */
const LATE: Plan = { name: "late.example", mode: "enforce" };

export interface Estate {
  readonly domains: readonly Domain[];
  readonly late: Domain;
  /** The Worker's clock, how far from the true one. */
  readonly shiftMs: Timeline<number>;
}

export async function provision(worker: ProbedWorker): Promise<Estate> {
  const domains: Domain[] = [];
  for (const plan of PLANS) {
    const domain = { ...makeDomain(plan), history: new Timeline<DomainState | null>(stateOf(plan)) };
    await create(worker, domain, stateOf(plan));
    domains.push(domain);
  }
  const late = { ...makeDomain(LATE), history: new Timeline<DomainState | null>(null) };
  return { domains: [...domains, late], late, shiftMs: new Timeline(0) };
}

function makeDomain({ name, settings = {}, shared = [] }: Plan): Omit<Domain, "history"> {
  return { name, settings, shared: [...shared] };
}

/** Makes a domain with its settings, then its routes. */
async function create(worker: ProbedWorker, domain: Domain, state: DomainState): Promise<void> {
  const { name, settings, shared } = domain;
  const keys = shared.length > 0 ? { keys: shared, rotateDays: 0 } : {};
  const body = { ...settings, ...keys, mode: state.mode };
  const made = await worker.call("PUT", `/v1/domains/${name}?force=true`, body);
  const routed = await worker.call("PUT", `/v1/domains/${name}/routes`, {
    routes: Object.fromEntries(state.routes),
  });
  if (made.status !== 201 || routed.status !== 200)
    throw new Error(`${name}: ${made.status} ${await made.text()} ${routed.status} ${await routed.text()}`);
}

function stateOf({ mode, settings = {}, shared = [], routes = [] }: Plan): DomainState {
  return {
    mode,
    routes: new Map([...ROUTES, ...routes]),
    keys: new Set(shared.length > 0 ? shared.map(({ number }) => number) : [0]),
    signing: shared.at(-1)?.number ?? 0,
    windowDays: Number(settings["lifetimeDays"] ?? 7),
    bounceSenders: (settings["bounceSenders"] ?? "null-only") as DomainState["bounceSenders"],
    autoReplies: (settings["autoReplies"] ?? "evidence") as DomainState["autoReplies"],
    exempt: (settings["exempt"] ?? []) as string[],
  };
}

/** What the late domain is once it is made, before and after it has routes. */
export function lateStates(): readonly [bare: DomainState, whole: DomainState] {
  const whole = stateOf(LATE);
  return [{ ...whole, routes: new Map() }, whole];
}

/** Days since 1970, UTC, that the Worker may have taken for today at some instant of a span. */
export function daysDuring({ shiftMs }: Estate, from: number, to: number): number[] {
  const shifts = shiftMs.during(from, to);
  const first = Math.floor((from + Math.min(...shifts)) / DAY_MS);
  const last = Math.floor((to + Math.max(...shifts)) / DAY_MS);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

export function today(estate: Estate): number {
  return Math.floor((Date.now() + estate.shiftMs.latest) / DAY_MS);
}
