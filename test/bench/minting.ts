// Minting: ten thousand addresses in one call, and one in each.

import type { Call, Client } from "./calls.ts";
import { compete, figureOf, rateOf, speedRatio } from "./contest.ts";
import { createExpansion } from "./exim.ts";
import { formatNumber, type Row } from "./table.ts";
import { ADMIN_TOKEN, type Workerd } from "./workerd.ts";

const ADDRESSES = 10_000;
const CALLS = 2_000;
const AUTHORIZATION = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** A body that asks for so many. */
export function batchOf(addresses: number, messageId: boolean): Buffer {
  const item = (at: number) => ({ address: `user${at}@example.com`, ...(messageId ? {} : { messageId }) });
  return Buffer.from(JSON.stringify({ addresses: Array.from({ length: addresses }, (_, at) => item(at)) }));
}

export async function measureBatches({ urls }: Workerd, client: Client, rounds: number): Promise<Row[]> {
  const [tags, both] = [batchOf(ADDRESSES, false), batchOf(ADDRESSES, true)];
  const url = new URL("/v1/addresses/batch", urls.countersign);
  const ours = (body: Buffer) => () => client.call({ url, body, headers: AUTHORIZATION });
  const theirs = (path: string, body: Buffer) => () =>
    client.call({ url: new URL(path, urls.reference), body });
  const bare = theirs("/bare", Buffer.from(JSON.stringify({ addresses: ADDRESSES })));
  await expectSame(await ours(tags)(), await theirs("/", tags)());

  const exim = createExpansion(ADDRESSES * 10);
  const times = await compete(
    {
      tags: ours(tags),
      reference: theirs("/", tags),
      both: ours(both),
      bothReference: theirs("/message-ids", both),
      bare,
      exim: exim ?? (async () => undefined),
    },
    rounds,
  );
  const perSecond = (name: keyof typeof times) => `${formatNumber(rateOf(times[name], ADDRESSES).median)}/s`;
  const eximRate = times.exim.map((seconds) => seconds / 10);
  return [
    {
      what: "batch of 10,000, tag alone: a Worker of parse, HMAC, answer",
      ours: perSecond("tags"),
      against: perSecond("reference"),
      ratio: speedRatio(times, "tags", "reference"),
      aim: "0.7, better 0.9",
    },
    {
      what: "the same with Message-IDs: such a Worker with two HMACs",
      ours: perSecond("both"),
      against: perSecond("bothReference"),
      ratio: speedRatio(times, "both", "bothReference"),
    },
    {
      what: "batch, tag alone: HMAC-SHA-1 in a bare loop",
      ours: perSecond("tags"),
      against: perSecond("bare"),
      ratio: speedRatio(times, "tags", "bare"),
    },
    ...(exim === null
      ? []
      : [
          {
            what: "batch, tag alone: Exim's own expansion, `exim -be`",
            ours: perSecond("tags"),
            against: `${formatNumber(rateOf(eximRate, ADDRESSES).median)}/s`,
            ratio: speedRatio({ tags: times.tags, exim: eximRate }, "tags", "exim"),
          },
        ]),
  ];
}

/** @param many a client of sixteen connections; `one` has one */
export async function measureCalls(
  workerd: Workerd,
  one: Client,
  many: Client,
  rounds: number,
): Promise<Row[]> {
  const { urls, cpuS } = workerd;
  const body = Buffer.from(JSON.stringify({ address: "alice@example.com" }));
  const cpu = { ours: [] as number[], read: [] as number[], empty: [] as number[] };
  const call = (base: string, path = "/v1/addresses") => ({
    url: new URL(path, base),
    body,
    headers: AUTHORIZATION,
  });
  const run = (name: keyof typeof cpu, asked: Call) => async () => {
    const before = cpuS();
    await many.callMany(asked, CALLS);
    cpu[name].push(cpuS() - before);
  };
  const times = await compete(
    {
      ours: run("ours", call(urls.countersign)),
      read: run("read", call(urls.empty, "/read")),
      empty: run("empty", call(urls.empty)),
      oursAlone: () => one.callMany(call(urls.countersign), CALLS / 4),
      readAlone: () => one.callMany(call(urls.empty, "/read"), CALLS / 4),
      emptyAlone: () => one.callMany(call(urls.empty), CALLS / 4),
    },
    rounds,
  );
  const perSecond = (name: keyof typeof times, calls = CALLS) =>
    `${formatNumber(rateOf(times[name], calls).median)}/s`;
  const counted = {
    ours: cpu.ours.slice(-rounds),
    read: cpu.read.slice(-rounds),
    empty: cpu.empty.slice(-rounds),
  };
  const microseconds = (name: keyof typeof counted) =>
    `${formatNumber((figureOf(counted[name]).median / CALLS) * 1e6)} µs`;
  return [
    {
      what: "one address a call, one call at a time: Hono, JSON read and answered",
      ours: perSecond("oursAlone", CALLS / 4),
      against: perSecond("readAlone", CALLS / 4),
      ratio: speedRatio(times, "oursAlone", "readAlone"),
      aim: "0.6, better 0.9",
    },
    {
      what: "the same: Hono, JSON answered and nothing read",
      ours: perSecond("oursAlone", CALLS / 4),
      against: perSecond("emptyAlone", CALLS / 4),
      ratio: speedRatio(times, "oursAlone", "emptyAlone"),
    },
    {
      what: "sixteen calls at a time: Hono, JSON read and answered",
      ours: perSecond("ours"),
      against: perSecond("read"),
      ratio: speedRatio(times, "ours", "read"),
    },
    {
      what: "sixteen calls at a time: Hono, nothing read",
      ours: perSecond("ours"),
      against: perSecond("empty"),
      ratio: speedRatio(times, "ours", "empty"),
    },
    {
      what: "processor time of workerd for a call: JSON read and answered",
      ours: microseconds("ours"),
      against: microseconds("read"),
      ratio: speedRatio(counted, "ours", "read"),
    },
  ];
}

async function expectSame(one: Buffer, other: Buffer): Promise<void> {
  if (!one.equals(other)) throw new Error("The reference answers something else than Countersign.");
}
