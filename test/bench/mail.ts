// Mail: messages handed to the email handler in workerd, any number in one request, against Exim over SMTP.

import type { Client } from "./calls.ts";
import { compete, rateOf, speedRatio } from "./contest.ts";
import { startRefusingExim } from "./exim.ts";
import { formatNumber, type Row } from "./table.ts";
import { ADMIN_TOKEN, type Workerd } from "./workerd.ts";

const MESSAGES = 2_000;
const SESSIONS = 200;

interface Counts {
  readonly rejected: number;
  readonly forwarded: number;
  readonly rawOctets: number;
  readonly storageReads: number;
}

type Kind = "forged" | "untagged" | "ordinary" | "genuine";

export interface Asked {
  readonly kind: Kind;
  readonly messages: number;
  readonly run: number;
  /** The forward-path of genuine bounces. */
  readonly to?: string;
  /** Where ordinary mail goes; `example.com` where it is missing. */
  readonly domain?: string;
  /** How many domains ordinary mail is spread over instead: `d0.example.com` and so on. */
  readonly domains?: number;
  /** So far the Worker's clock is set forward before, in milliseconds. */
  readonly aheadMs?: number;
}

/** Each run's messages are others than those of all before. */
let runs = 0;

export async function receive({ urls }: Workerd, client: Client, asked: Omit<Asked, "run">): Promise<Counts> {
  const body = Buffer.from(JSON.stringify({ ...asked, run: runs++ }));
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const answer = await client.call({ url: new URL("/probe", urls.probe), body, headers });
  return JSON.parse(answer.toString()) as Counts;
}

export async function measureMail(workerd: Workerd, client: Client, rounds: number): Promise<Row[]> {
  const reversePath = await mintReversePath(workerd, client);
  const exim = await startRefusingExim();
  const run = (kind: Kind, messages: number) => async () => {
    const counted = await receive(workerd, client, { kind, messages, to: reversePath });
    const right = kind === "forged" || kind === "untagged" ? counted.rejected : counted.forwarded;
    if (right !== messages) throw new Error(`${kind}: ${right} of ${messages} came out right.`);
  };
  try {
    const times = await compete(
      {
        forged: run("forged", MESSAGES),
        untagged: run("untagged", MESSAGES),
        ordinary: run("ordinary", MESSAGES),
        genuine: run("genuine", MESSAGES / 10),
        exim: async () => exim?.offer(SESSIONS),
      },
      rounds,
    );
    // The domain's object is asked over a forged bounce once in ten seconds, so of two such runs the second is warm.
    const warm: Partial<Record<Kind, Counts>> = {};
    for (const kind of ["forged", "ordinary"] as const) {
      for (let n = 0; n < 2; n++) warm[kind] = await receive(workerd, client, { kind, messages: MESSAGES });
    }
    const perMessage = { ...times, exim: times.exim.map((seconds) => (seconds * MESSAGES) / SESSIONS) };
    const rate = (name: Kind | "exim") => `${formatNumber(rateOf(perMessage[name], MESSAGES).median)}/s`;
    const genuine = `${formatNumber(rateOf(times.genuine, MESSAGES / 10).median)}/s`;
    const reads = (kind: Kind) =>
      `${warm[kind]?.rawOctets} octets of raw, ${warm[kind]?.storageReads} reads of storage`;
    const against = exim === null ? "no Exim here, or not root" : rate("exim");
    const ratio = (name: Kind) => (exim === null ? null : speedRatio(perMessage, name, "exim"));
    return [
      {
        what: "forged tags refused: Exim over SMTP, a session each",
        ours: rate("forged"),
        against,
        ratio: ratio("forged"),
        aim: "20",
      },
      {
        what: "untagged bounces refused: the same",
        ours: rate("untagged"),
        against,
        ratio: ratio("untagged"),
      },
      { what: "ordinary mail forwarded", ours: rate("ordinary"), against: "", ratio: null },
      { what: "genuine bounces forwarded, read and recorded", ours: genuine, against: "", ratio: null },
      {
        what: `read for ${formatNumber(MESSAGES)} forged bounces, warm`,
        ours: reads("forged"),
        against: "",
        ratio: null,
        aim: "0 and 0",
      },
      {
        what: `read for ${formatNumber(MESSAGES)} ordinary messages, warm`,
        ours: reads("ordinary"),
        against: "",
        ratio: null,
        aim: "0 and 0",
      },
    ];
  } finally {
    await exim?.stop();
  }
}

async function mintReversePath({ urls }: Workerd, client: Client): Promise<string> {
  const answer = await client.call({
    url: new URL("/v1/addresses", urls.probe),
    body: Buffer.from(JSON.stringify({ address: "alice@example.com" })),
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  return (JSON.parse(answer.toString()) as { reversePath: string }).reversePath;
}
