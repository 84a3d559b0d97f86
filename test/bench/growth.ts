// Growth: what one of many costs, as they become ten thousand.

import { setTimeout } from "node:timers/promises";
import type { Client } from "./calls.ts";
import { compete, figureOf, rateOf, speedRatio } from "./contest.ts";
import { receive } from "./mail.ts";
import { batchOf } from "./minting.ts";
import { addRoutes, configure, inParallel } from "./provision.ts";
import { formatNumber, type Row } from "./table.ts";
import { ADMIN_TOKEN, type Workerd } from "./workerd.ts";

const MANY = 10_000;
const MESSAGES = 2_000;
/** Longer than an isolate's memory holds a snapshot. */
const HELD_MS = 20_000;
/** Longer than workerd keeps an object that nothing calls. */
const IDLE_MS = 15_000;

export async function measureAddresses({ urls }: Workerd, client: Client, rounds: number): Promise<Row[]> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const url = new URL("/v1/addresses/batch", urls.countersign);
  const run = (addresses: number, times: number) => {
    const call = { url, body: batchOf(addresses, true), headers };
    return async () => {
      for (let n = 0; n < times; n++) await client.call(call);
    };
  };
  const contestants = {
    1: run(1, 200),
    10: run(10, 100),
    100: run(100, 50),
    1000: run(1000, 10),
    10000: run(MANY, 1),
  };
  const minted = { 1: 200, 10: 1000, 100: 5000, 1000: 10_000, 10000: 10_000 };
  const times = await compete(contestants, rounds);
  const perAddress = (of: keyof typeof minted) => (times[of] ?? []).map((seconds) => seconds / minted[of]);
  const hundred = perAddress(100);
  return ([1, 10, 1000, 10000] as const).map((of) => ({
    what: `an address in a batch of ${formatNumber(of)}: of 100`,
    ours: `${formatNumber(rateOf(perAddress(of), 1).median)}/s`,
    against: `${formatNumber(rateOf(hundred, 1).median)}/s`,
    ratio: speedRatio({ of: perAddress(of), hundred }, "of", "hundred"),
  }));
}

/** One domain with one route, and with ten thousand: read already, and read anew. */
export async function measureRoutes(workerd: Workerd, client: Client, rounds: number): Promise<Row[]> {
  const base = workerd.urls.probe;
  const names = Array.from({ length: MANY - 1 }, (_, at) => `user${at}`);
  for (const domain of ["one.example.com", "many.example.com"]) await configure(base, domain);
  const seconds = await addRoutes(base, "many.example.com", names);
  const warm = (domain: string) => () =>
    receive(workerd, client, { kind: "ordinary", messages: MESSAGES, domain });
  const cold = (domain: string) => async () => {
    for (let n = 0; n < 10; n++) {
      await receive(workerd, client, { kind: "ordinary", messages: 1, domain, aheadMs: HELD_MS });
    }
  };
  const times = await compete(
    {
      one: warm("one.example.com"),
      many: warm("many.example.com"),
      coldOne: cold("one.example.com"),
      coldMany: cold("many.example.com"),
    },
    rounds,
  );
  const milliseconds = (values: readonly number[]) =>
    `${formatNumber((figureOf(values).median / 10) * 1000)} ms`;
  return [
    {
      what: "ordinary mail, 10,000 routes in its domain: one route",
      ours: `${formatNumber(rateOf(times.many, MESSAGES).median)}/s`,
      against: `${formatNumber(rateOf(times.one, MESSAGES).median)}/s`,
      ratio: speedRatio(times, "many", "one"),
    },
    {
      what: "the first message after memory let go, HTTP included: the same",
      ours: milliseconds(times.coldMany),
      against: milliseconds(times.coldOne),
      ratio: speedRatio(times, "coldMany", "coldOne"),
    },
    {
      what: "routes added to one domain, up to 10,000, by the API",
      ours: `${formatNumber(names.length / seconds)}/s`,
      against: "",
      ratio: null,
    },
  ];
}

/** Mail for one domain while there are ten thousand, and mail spread over all of them. */
export async function measureDomains(workerd: Workerd, client: Client, rounds: number): Promise<Row[]> {
  const base = workerd.urls.probe;
  const mail = (domain?: string) => () =>
    receive(workerd, client, { kind: "ordinary", messages: MESSAGES, ...(domain && { domain }) });
  const spread = (domains: number) => () =>
    receive(workerd, client, { kind: "ordinary", messages: MESSAGES, domains });
  await configure(base, "d0.example.com");
  const before = await compete({ alone: mail("d0.example.com") }, rounds);
  const started = performance.now();
  const others = Array.from({ length: MANY - 1 }, (_, at) => `d${at + 1}.example.com`);
  await inParallel(others, (domain) => configure(base, domain));
  const seconds = (performance.now() - started) / 1000;
  // All objects are in this process, as on the platform they are not: those that are idle leave it.
  await setTimeout(IDLE_MS);
  const { after } = await compete({ after: mail("d0.example.com") }, rounds);
  const times = await compete(
    { one: mail("d0.example.com"), thousand: spread(1_000), all: spread(MANY) },
    rounds,
  );
  const rate = (values: readonly number[]) => `${formatNumber(rateOf(values, MESSAGES).median)}/s`;
  return [
    {
      what: "ordinary mail to one of 10,000 domains: to the only one",
      ours: rate(after),
      against: rate(before.alone),
      ratio: speedRatio({ after, alone: before.alone }, "after", "alone"),
    },
    {
      what: "spread over 1,000 domains: to one, in turn with the next",
      ours: rate(times.thousand),
      against: rate(times.one),
      ratio: speedRatio(times, "thousand", "one"),
    },
    {
      what: "spread over 10,000, five times what memory holds: to one, in turn",
      ours: rate(times.all),
      against: rate(times.one),
      ratio: speedRatio(times, "all", "one"),
    },
    {
      what: "domains configured, each with a route, by the API",
      ours: `${formatNumber((MANY - 1) / seconds)}/s`,
      against: "",
      ratio: null,
    },
  ];
}
