// The reckoning: of each message what came of it against what had to, and at the end all that the domains recorded and
// counted against all that was handed over.

import type { Bounce, DayCounts, Rejection } from "../../src/client/countersign.ts";
import { daysDuring, type Estate } from "./estate.ts";
import { type Answer, type DomainState, expectAnswer } from "./expectation.ts";
import type { Mischief } from "./mischief.ts";
import { type Entries, type Message, passageOf } from "./stream.ts";

/** What the email handler did with a message, as the probe saw it. */
export interface Outcome {
  readonly id: number;
  readonly rejected: string | null;
  readonly forwarded: readonly string[];
  readonly fields: Readonly<Record<string, string>>;
  readonly thrown: string | null;
  readonly digest: string;
}

/** When a batch of messages was handed over, and answered. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is remembered of a message that came to an end, or is still under way. */
interface Known {
  readonly serial: number;
  readonly kind: string;
  readonly domain: string | null;
  readonly entries: Entries;
  readonly answersId: string | null;
  readonly ref: string | null;
  /** Whether it has to be recorded, and whether it may be; and from what. */
  must: boolean;
  may: boolean;
  from: Answer["recorded"];
  /** As what it may have been counted; empty until it ends. */
  counted: readonly string[];
  attempts: number;
  /** How many had been handed over when it first was, and whether it came again so much later that it is forgotten. */
  readonly firstAt: number;
  isLate: boolean;
}

const UNCOUNTED = "uncounted";
const ANY: readonly string[] = [
  ...["forwarded", "consumed", "rejected", "would-reject"],
  ...["no-such-address", "route-rejected", "deferred", UNCOUNTED],
];
const HOP = "x-countersign-hop";
/** What a failing storage is told as. */
const STORAGE = /storage|object could/i;
/** What a destination, or the platform, stands in the way by. */
const HINDERED = /destination|can't be forwarded/i;
const WRONG_LISTED = 50;
/** An isolate remembers how it counted the last 10,000 messages; one that comes again later counts once more. */
const REMEMBERED = 8_000;
/**
 * Messages in what an isolate tells at once. A tally whose answer is lost as its object is put out of memory is told again,
 * and counted again: the object knew of it by its memory alone.
 */
const TALLY_AT_MOST = 200;

export class Account {
  readonly kinds = new Map<string, Map<string, number>>();
  readonly wrong: string[] = [];
  wrongs = 0;
  handedOver = 0;
  retries = 0;
  again = 0;
  bouncesDue = 0;
  bouncesRecorded = 0;
  unrecorded = 0;
  /** Messages whose answer had more than one right one, since something was being changed. */
  undetermined = 0;
  readonly #estate: Estate;
  readonly #mischief: Mischief;
  readonly #known = new Map<string, Known>();

  constructor(estate: Estate, mischief: Mischief) {
    this.#estate = estate;
    this.#mischief = mischief;
  }

  /** How many ended. */
  get ended(): number {
    return [...this.#known.values()].filter(({ counted }) => counted.length > 0).length;
  }

  /** Whether the message has come to its end; else it is to be tried again. @param attempt from 0 on */
  take(message: Message, attempt: number, outcome: Outcome, span: Span): boolean {
    this.handedOver += 1;
    const known = this.#know(message, outcome.digest);
    known.attempts += 1;
    known.isLate ||= this.handedOver - known.firstAt > REMEMBERED;
    const answers = this.#expected(message, attempt, span);
    if (outcome.thrown !== null) {
      this.retries += 1;
      // A record may have been kept although its answer was lost.
      known.may ||= answers.some(({ recorded }) => recorded !== null);
      this.#tally(message.kind, "deferred");
      const problem = this.#judgeThrow(outcome, outcome.thrown, answers, span);
      if (problem !== null) this.#blame(message, attempt, outcome, answers, problem);
      return false;
    }
    const right = answers.filter((answer) => isAnswer(outcome, answer));
    if (right.length === 0) this.#blame(message, attempt, outcome, answers, "wrong verdict");
    if (new Set(answers.map((answer) => JSON.stringify(answer))).size > 1) this.undetermined += 1;
    this.#tally(message.kind, right[0]?.disposition ?? "wrong");
    const recorded = right.filter((answer) => answer.recorded !== null);
    known.must ||= recorded.length > 0 && recorded.length === right.length;
    known.may ||= recorded.length > 0 || right.length === 0;
    known.from ??= recorded[0]?.recorded ?? null;
    if (known.counted.length > 0) this.again += 1;
    else known.counted = [...new Set(right.map(countedAs))];
    // What should not have been done may be counted as anything.
    if (known.counted.length === 0) known.counted = ANY;
    return true;
  }

  blame(problem: string): void {
    this.wrongs += 1;
    if (this.wrong.length < WRONG_LISTED) this.wrong.push(problem);
  }

  /** Whether each has ended that was begun. */
  reckonEnds(): void {
    for (const { serial, kind, counted, attempts } of this.#known.values()) {
      if (counted.length === 0)
        this.blame(`message ${serial} (${kind}) never ended, in ${attempts} attempts`);
    }
  }

  /**
   * What a domain recorded: each due once, for each of its recipients, and nothing else.
   * @param unrecorded messages of which the log says that they could not be recorded
   */
  reckonBounces(domain: string, bounces: readonly Bounce[], unrecorded: ReadonlySet<string>): void {
    const byMessage = Map.groupBy(bounces, ({ id }) => id.split("-")[0] ?? "");
    for (const [digest, entries] of byMessage) {
      const known = this.#known.get(digest);
      if (known === undefined || known.domain !== domain || !known.may) {
        this.blame(`${domain} recorded ${JSON.stringify(entries[0])} of ${known?.kind ?? "no message"}`);
      } else {
        this.bouncesRecorded += 1;
        this.#reckonEntries(known, entries);
      }
    }
    for (const [digest, known] of this.#known) {
      if (known.domain !== domain || !known.must) continue;
      this.bouncesDue += 1;
      if (byMessage.has(digest)) continue;
      if (unrecorded.has(digest)) this.unrecorded += 1;
      else this.blame(`message ${known.serial} (${known.kind}, ${digest}) to ${domain} is not recorded`);
    }
  }

  /** Samples of what was refused: of our messages, each as what it became. */
  reckonRejections(domain: string, rejections: readonly Rejection[]): void {
    for (const { id, disposition } of rejections) {
      const known = this.#known.get(id.split("-")[0] ?? "");
      if (known?.domain !== domain || !known.counted.includes(disposition))
        this.blame(`${domain} has ${id} as ${disposition}: ${known?.kind} ${known?.counted.join()}`);
    }
  }

  /** What a domain counted does not add up: of each disposition what was counted and what has to be; empty where it does. */
  findMiscounted(domain: string, days: readonly DayCounts[], unrecorded: ReadonlySet<string>): string[] {
    const counted = (kind: "disposition" | "status") => {
      const sums: Record<string, number> = {};
      for (const day of days) {
        for (const [name, messages] of Object.entries(day[kind])) sums[name] = (sums[name] ?? 0) + messages;
      }
      return sums;
    };
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, one) => all + one, 0);
    const certain: Record<string, number> = {};
    const possible: Record<string, number> = {};
    let [least, most] = [0, 0];
    const doubled = TALLY_AT_MOST * this.#mischief.evictions(domain);
    for (const [digest, { domain: of, counted: as, isLate }] of this.#known) {
      const ways = as.filter((way) => way !== UNCOUNTED);
      if (of !== domain || ways.length === 0) continue;
      most += isLate ? 2 : 1;
      if (isLate) possible["deferred"] = (possible["deferred"] ?? 0) + 1;
      const isCounted = ways.length === as.length && !unrecorded.has(digest);
      const isCertain = isCounted && ways.length === 1;
      if (isCounted) least += 1;
      for (const disposition of ways) {
        possible[disposition] = (possible[disposition] ?? 0) + (isLate ? 2 : 1);
        if (isCertain) certain[disposition] = (certain[disposition] ?? 0) + 1;
      }
    }
    const [dispositions, statuses] = [counted("disposition"), counted("status")];
    const names = new Set([...Object.keys(dispositions), ...Object.keys(possible)]);
    const wrong = [...names].filter((name) => {
      const messages = dispositions[name] ?? 0;
      return messages < (certain[name] ?? 0) || messages > (possible[name] ?? 0) + doubled;
    });
    const said = wrong.map(
      (name) => `${name} ${dispositions[name] ?? 0}, not ${certain[name] ?? 0} to ${possible[name] ?? 0}`,
    );
    for (const [by, total] of [
      ["disposition", sum(dispositions)],
      ["status", sum(statuses)],
    ] as const) {
      if (total < least || total > most + doubled)
        said.push(`by ${by} ${total} in all, not ${least} to ${most}`);
    }
    return said;
  }

  #reckonEntries(
    { serial, kind, entries: expected, from, answersId, ref }: Known,
    entries: readonly Bounce[],
  ): void {
    const wholes = new Set(entries.map(({ id }) => id.replace(/-\d+$/, "")));
    const recipients = entries.map(({ recipient }) => recipient).toSorted();
    const problem =
      wholes.size !== 1
        ? "more than once"
        : entries.length > 100 || new Set(entries.map(({ id }) => id)).size !== entries.length
          ? "too often"
          : from === "headers" && (entries.length !== 1 || entries[0]?.messageId !== answersId)
            ? `from its headers with ${entries[0]?.messageId}, not ${answersId}`
            : from === "body" && expected !== null && recipients.join() !== expected.toSorted().join()
              ? `for ${recipients.join()}, not ${expected.join()}`
              : from === "body" && entries.some((entry) => entry.ref !== ref)
                ? `with the ref ${entries[0]?.ref}, not ${ref}`
                : from !== null &&
                    entries.some(({ evidence }) => evidence !== (from === "body" ? "tag" : "message-id"))
                  ? `by the evidence ${entries[0]?.evidence}`
                  : null;
    if (problem !== null) this.blame(`message ${serial} (${kind}) is recorded ${problem}`);
  }

  #know(message: Message, digest: string): Known {
    const known = this.#known.get(digest);
    if (known !== undefined) {
      if (known.serial !== message.serial)
        this.blame(`messages ${known.serial} and ${message.serial} share an id`);
      return known;
    }
    const { serial, kind, facts, entries, answersId } = message;
    const ref = typeof facts.tag === "string" ? null : facts.tag.ref;
    const isOurs = this.#estate.domains.some(({ name }) => name === facts.domain);
    const made: Known = {
      ...{ serial, kind, entries, answersId, ref },
      domain: isOurs ? facts.domain : null,
      ...{ must: false, may: false, from: null, counted: [], attempts: 0 },
      ...{ firstAt: this.handedOver, isLate: false },
    };
    this.#known.set(digest, made);
    return made;
  }

  /** By each state that its domain had meanwhile, on each day that it was. */
  #expected(message: Message, attempt: number, { from, to }: Span): Answer[] {
    const { facts } = message;
    const domain = this.#estate.domains.find(({ name }) => name === facts.domain);
    const states: (DomainState | null)[] = domain?.history.during(from, to) ?? [null];
    const passage = passageOf(message, attempt);
    return daysDuring(this.#estate, from, to).flatMap((day) =>
      states.map((state) => expectAnswer(facts, passage, state, day)),
    );
  }

  #judgeThrow(outcome: Outcome, thrown: string, answers: readonly Answer[], span: Span): string | null {
    if (outcome.forwarded.length > 0) return "thrown although it was forwarded";
    if (outcome.rejected !== null) return "thrown although it was rejected";
    if (STORAGE.test(thrown))
      return this.#mischief.isTroubled(span.from, span.to) ? null : "storage failed while it did not";
    if (!HINDERED.test(thrown)) return "thrown for no reason that is known";
    return answers.some(({ kind }) => kind === "deferred")
      ? null
      : "deferred though nothing stood against it";
  }

  #blame(
    message: Message,
    attempt: number,
    outcome: Outcome,
    answers: readonly Answer[],
    problem: string,
  ): void {
    const { serial, kind, from, to, facts, hindrance } = message;
    const { id: _, ...done } = outcome;
    const told = { serial, kind, attempt, from, to, facts, hindrance, done, right: answers };
    this.blame(`${problem}: ${JSON.stringify(told)}`);
  }

  #tally(kind: string, became: string): void {
    const row = this.kinds.get(kind) ?? new Map<string, number>();
    this.kinds.set(kind, row);
    row.set(became, (row.get(became) ?? 0) + 1);
  }
}

/** Mail to a domain that is not configured is in the log alone. */
function countedAs({ disposition, status }: Answer): string {
  return status === null ? UNCOUNTED : disposition;
}

/** Whether that is what was done. */
function isAnswer({ rejected, forwarded, fields }: Outcome, answer: Answer): boolean {
  switch (answer.kind) {
    case "deferred":
      return false;
    case "rejected":
      return rejected === answer.sentence && forwarded.length === 0;
    case "accepted":
      return rejected === null && forwarded.length === 0;
    case "forwarded": {
      const { [HOP]: hop, ...told } = fields;
      const isMarked = forwarded.length === 0 || /^[a-z2-7]{16}$/.test(hop ?? "");
      const wanted = forwarded.length === 0 ? {} : (answer.fields ?? {});
      return (
        rejected === null && isMarked && same(forwarded, answer.to ?? []) && same(flat(told), flat(wanted))
      );
    }
  }
}

function flat(fields: Readonly<Record<string, string>>): string[] {
  return Object.entries(fields)
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .toSorted();
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.join("\n") === other.join("\n");
}
