// One run: the stream through the Worker while mischief is done to it, what was deferred tried again until it ends, and
// then the reckoning.

import type { Bounce, DayCounts, Rejection } from "../../src/client/countersign.ts";
import { Random } from "../random.ts";
import { type ProbedWorker, startProbedWorker } from "../worker/probed-worker.ts";
import { Account, type Outcome } from "./account.ts";
import { type Estate, provision } from "./estate.ts";
import { type Growth, Memory } from "./memory.ts";
import { Mischief, wait } from "./mischief.ts";
import { FAULT_WORDS, type Message, passageOf, Stream } from "./stream.ts";

const MINTED_FIRST = 600;
/** Messages handed over at once, and how many of such batches at a time. */
const BATCH = 32;
const SENDERS = 2;
/** When a sending server tries again. */
const RETRY_AFTER_MS = 1_000;
const ATTEMPTS_AT_MOST = 1_000;
/** Of the messages that ended so many are handed over once more: the platform may. */
const AGAIN_SHARE = 0.02;
/** How long counts are waited for: under a flood they are told every 15 seconds. */
const COUNTED_WITHIN_MS = 60_000;
/** Of the messages so many warm up what is cached, before memory is looked at. */
const WARM_UP_SHARE = 0.3;

export interface Plan {
  readonly messages: number;
  readonly seed: number;
  /** Messages between two steps of mischief. */
  readonly stepEvery: number;
  readonly tell?: (line: string) => void;
}

export interface Report {
  readonly account: Account;
  readonly mischief: Mischief;
  readonly seconds: number;
  readonly growth: Growth | null;
  readonly memory: Memory;
  readonly struck: Readonly<Record<string, number>>;
  readonly lines: Readonly<Record<string, number>>;
}

interface Attempt {
  readonly message: Message;
  readonly number: number;
  readonly due: number;
}

export async function run(plan: Plan): Promise<Report> {
  // Memory is looked at when garbage was collected.
  process.env["MINIFLARE_WORKERD_V8_FLAGS"] ??= "--expose-gc";
  const worker = await startProbedWorker();
  try {
    return await runOn(worker, plan);
  } finally {
    await worker.stop();
  }
}

async function runOn(worker: ProbedWorker, plan: Plan): Promise<Report> {
  const estate = await provision(worker);
  await worker.countLines(true);
  const stream = new Stream(new Random(plan.seed), estate);
  const mischief = new Mischief(worker, estate, stream, new Random(plan.seed + 1));
  const account = new Account(estate, mischief);
  await mischief.begin(MINTED_FIRST);
  const sending = new Sending(worker, stream, account, new Random(plan.seed + 2));
  const memory = new Memory(() => worker.collectGarbage());
  const begun = Date.now();
  const upToMischief = doMischief(mischief, sending, memory, plan);
  await sending.send(plan.messages);
  await upToMischief;
  await mischief.calm();
  await sending.finish();
  const seconds = (Date.now() - begun) / 1_000;
  // What could not be told of the counts waits for the next message that is counted.
  await sending.send(40 * SENDERS);
  await sending.finish();
  const { lines, struck } = await reckon(worker, estate, account, mischief);
  const growth = memory.growth(plan.messages * WARM_UP_SHARE, plan.messages);
  return { account, mischief, seconds, growth, memory, struck, lines };
}

async function doMischief(mischief: Mischief, sending: Sending, memory: Memory, plan: Plan): Promise<void> {
  const { messages, stepEvery, tell } = plan;
  for (let next = stepEvery; next < messages; next += stepEvery) {
    sending.limit = next + stepEvery;
    while (sending.begun < next) await wait(5);
    await mischief.step(next / messages);
    await memory.sample(sending.begun);
    tell?.(`${sending.begun} of ${messages}`);
  }
  sending.limit = Number.POSITIVE_INFINITY;
}

class Sending {
  /** Messages handed over for the first time. */
  begun = 0;
  /** How far this may go ahead of the mischief. */
  limit = Number.POSITIVE_INFINITY;
  readonly #worker: ProbedWorker;
  readonly #stream: Stream;
  readonly #account: Account;
  readonly #random: Random;
  #due: Attempt[] = [];

  constructor(worker: ProbedWorker, stream: Stream, account: Account, random: Random) {
    this.#worker = worker;
    this.#stream = stream;
    this.#account = account;
    this.#random = random;
  }

  /** So many new messages, and what is due again between them. */
  async send(messages: number): Promise<void> {
    const end = this.begun + messages;
    const sender = async () => {
      while (this.begun < end) {
        const attempts = this.#take(Math.min(end, this.limit) - this.begun);
        if (attempts.length === 0) await wait(5);
        else await this.#handOver(attempts);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, sender));
  }

  /** All that is due again, until there is none. */
  async finish(): Promise<void> {
    while (this.#due.length > 0) {
      const attempts = this.#take(0);
      if (attempts.length === 0) await wait(50);
      else await this.#handOver(attempts);
    }
  }

  #take(freshAtMost: number): Attempt[] {
    const now = Date.now();
    // Half of a batch is new, or nothing would go on while most of it is deferred.
    const due = this.#due.filter((attempt) => attempt.due <= now).slice(0, BATCH / 2);
    const taken = new Set(due);
    this.#due = this.#due.filter((attempt) => !taken.has(attempt));
    const fresh = Math.max(0, Math.min(freshAtMost, BATCH - due.length));
    this.begun += fresh;
    const made = Array.from({ length: fresh }, () => ({ message: this.#stream.next(), number: 0, due: 0 }));
    return [...due, ...made];
  }

  async #handOver(attempts: readonly Attempt[]): Promise<void> {
    const from = Date.now();
    const response = await this.#worker.receiveAll(attempts.map(writeAttempt));
    if (response.status !== 200) {
      this.#account.blame(`a batch was answered ${response.status} ${(await response.text()).slice(0, 500)}`);
      return;
    }
    const outcomes = (await response.json()) as readonly Outcome[];
    const to = Date.now();
    for (const [at, outcome] of outcomes.entries()) {
      const attempt = attempts[at] as Attempt;
      const { message, number } = attempt;
      if (this.#account.take(message, number, outcome, { from, to })) this.#end(attempt, outcome);
      else if (number < ATTEMPTS_AT_MOST) {
        const due = to + RETRY_AFTER_MS * (0.5 + this.#random.next());
        this.#due.push({ message, number: number + 1, due });
      }
    }
  }

  #end({ message, number }: Attempt, { forwarded, fields }: Outcome): void {
    const { facts } = message;
    const mark = fields["x-countersign-hop"];
    if (forwarded.length > 0 && facts.domain !== null && mark !== undefined)
      this.#stream.keepMark(facts.domain, facts.original, mark);
    // What was handed over again is not handed over a third time.
    if (number < ATTEMPTS_AT_MOST && this.#random.chance(AGAIN_SHARE))
      this.#due.push({ message, number: ATTEMPTS_AT_MOST, due: Date.now() });
  }
}

function writeAttempt({ message, number }: Attempt): object {
  const { serial, from, to, headers, body } = message;
  const { canBeForwarded, faults } = passageOf(message, number);
  const refusals = Object.entries(faults).map(([destination, fault]) => {
    const words = FAULT_WORDS[fault];
    return [destination, words[serial % words.length]];
  });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return {
    ...{ id: serial, from, to, headers, raw: `${lines}\r\n${body}` },
    refusals: Object.fromEntries(refusals),
    ...(canBeForwarded ? {} : { canBeForwarded }),
  };
}

async function reckon(worker: ProbedWorker, estate: Estate, account: Account, mischief: Mischief) {
  for (const problem of mischief.wrong) account.blame(problem);
  account.reckonEnds();
  // What is recorded behind the answer is tried for a quarter of a minute.
  const unrecorded = new Set<string>();
  const lines: Record<string, number> = {};
  const struck: Record<string, number> = {};
  const readLines = async () => {
    const taken = (await (await worker.countLines(true)).json()) as Lines;
    for (const id of taken.unrecorded) unrecorded.add(id);
    for (const line of taken.unknown) account.blame(`the log has ${line}`);
    add(lines, taken.events);
    add(struck, taken.struck);
  };
  const names = estate.domains.filter(({ history }) => history.latest !== null).map(({ name }) => name);
  const until = Date.now() + COUNTED_WITHIN_MS;
  let miscounted: string[] = [];
  do {
    await wait(500);
    await readLines();
    miscounted = [];
    for (const name of names) {
      const { days } = await read<{ days: DayCounts[] }>(worker, `${name}/stats?days=90`);
      const said = account.findMiscounted(name, days, unrecorded);
      miscounted.push(...said.map((problem) => `${name} counts ${problem}`));
    }
  } while (miscounted.length > 0 && Date.now() < until);
  for (const problem of miscounted) account.blame(problem);
  for (const name of names) {
    account.reckonBounces(name, await list<Bounce>(worker, `${name}/bounces`), unrecorded);
    account.reckonRejections(name, await list<Rejection>(worker, `${name}/rejections`));
  }
  const told = ["forwarded", "accepted", "rejected", "deferred"].reduce(
    (sum, event) => sum + (lines[event] ?? 0),
    0,
  );
  if (told !== account.handedOver)
    account.blame(`the log tells of ${told} messages, not ${account.handedOver}`);
  return { lines, struck };
}

interface Lines {
  readonly events: Readonly<Record<string, number>>;
  readonly unrecorded: readonly string[];
  readonly unknown: readonly string[];
  readonly struck: Readonly<Record<string, number>>;
}

function add(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
}

async function list<Item>(worker: ProbedWorker, path: string): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const more: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const page: { items: Item[]; cursor: string | null } = await read(worker, `${path}?limit=1000${more}`);
    items.push(...page.items);
    cursor = page.cursor;
  }
  return items;
}

async function read<Answer>(worker: ProbedWorker, path: string): Promise<Answer> {
  const response = await worker.call("GET", `/v1/domains/${path}`);
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}
