// The stream of mail: of every kind in its share, seeded. Each message comes with the facts that its answer follows from,
// which are known because it was made here, and with what has to be recorded of it.

import type { Random } from "../random.ts";
import { DAY_MS, type Domain, type Estate, today } from "./estate.ts";
import type { Facts, ForwardFault, Passage, Signed } from "./expectation.ts";
import { buildEndlessReport, buildHostile, type Content, HOSTILE } from "./hostile.ts";
import { base32Number, signCs1, signMessageId, signPrvs, spoil, type Terms } from "./signer.ts";

/** A reverse-path and Message-ID that the API minted. */
export interface Minted {
  readonly domain: string;
  readonly local: string;
  readonly reversePath: string;
  readonly scheme: "prvs" | "cs1";
  readonly key: number;
  readonly ref: string | null;
  readonly lastDay: number;
  readonly messageId: string;
  /** The local-part that replies go to. */
  readonly from: string;
}

/** Which recipients are recorded where its body is read; null where one to a hundred are, whoever they may be. */
export type Entries = readonly string[] | null;

export interface Message {
  readonly serial: number;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly headers: Content["headers"];
  readonly body: string;
  readonly facts: Facts;
  readonly entries: Entries;
  /** The signed Message-ID that it names, as the record has it where that is what vouches for it. */
  readonly answersId: string | null;
  readonly hindrance: Hindrance | null;
}

/** What stands against forwarding it: for good, or until it has been tried so often. */
export interface Hindrance {
  readonly canBeForwarded: boolean;
  readonly faults: Readonly<Record<string, ForwardFault>>;
  readonly until: number;
}

/** As the platform words it. */
export const FAULT_WORDS: Readonly<Record<ForwardFault, readonly string[]>> = {
  transient: [
    "could not send email: Unknown error: transient error (4xx) 451 4.7.1 greylisted",
    "Network connection lost.",
  ],
  permanent: ["could not send email: Unknown error: permanent error (5xx) 550 5.1.1 no such user"],
  configuration: [
    "destination address not verified",
    "destination address is invalid",
    "cannot forward email to same worker",
  ],
  delivered: ["message already forwarded to this destination"],
};

/** Of a domain so many minted addresses are kept at hand, so that old keys stay among them. */
const KEPT_OF_A_DOMAIN = 400;
const MARKS_KEPT = 200;
const MINTED_FOR = ["alice", "team", "bounces", "returns", "watch", "tally", "loose", "swing", "strict"];
const LESS_OFTEN = ["closed", "postmaster", "nobody7", "alice+news", "list+bob=dest.example", "constructor"];
const UNROUTED = ["nobody1", "nobody2+x", "__proto__", "a.b.c", "toString"];
/** Domains of strangers: each costs an object that is asked for it. */
const STRANGERS = 100;

export class Stream {
  readonly #random: Random;
  readonly #estate: Estate;
  readonly #minted = new Map<string, Minted[]>();
  readonly #marks: { readonly domain: string; readonly original: string; readonly mark: string }[] = [];
  #serial = 0;

  constructor(random: Random, estate: Estate) {
    this.#random = random;
    this.#estate = estate;
  }

  /** Addresses to have minted for a domain, as a batch takes them. */
  order(count: number): { address: string; ref?: string; scheme?: string; from?: string }[] {
    const random = this.#random;
    return Array.from({ length: count }, () => {
      const { name } = random.pick(this.#configured());
      const local = random.pick(random.chance(0.8) ? MINTED_FOR : LESS_OFTEN);
      const ref = local.length < 12 && random.chance(0.3) ? `r-${random.below(1_000_000)}` : null;
      const scheme = random.chance(0.3) ? random.pick(["prvs", "cs1"]) : null;
      return {
        address: `${local}@${name}`,
        ...(ref !== null ? { ref } : scheme !== null ? { scheme } : {}),
        ...(random.chance(0.2) ? { from: `${random.pick(MINTED_FOR)}@${name}` } : {}),
      };
    });
  }

  stock(minted: Minted): void {
    const kept = this.#minted.get(minted.domain) ?? [];
    this.#minted.set(minted.domain, kept);
    if (kept.length < KEPT_OF_A_DOMAIN) kept.push(minted);
    else kept[this.#random.below(kept.length)] = minted;
  }

  /** The mark that a forwarded message bears, by which it is known should it come back. */
  keepMark(domain: string, original: string, mark: string): void {
    if (this.#marks.length < MARKS_KEPT) this.#marks.push({ domain, original, mark });
    else if (this.#random.chance(0.02))
      this.#marks[this.#random.below(MARKS_KEPT)] = { domain, original, mark };
  }

  next(): Message {
    const [name, make] = this.#random.weigh(KINDS);
    const made = make(this.#maker());
    if (made === null) return this.next();
    const serial = ++this.#serial;
    const { content, facts, ...rest } = made;
    const headers = [
      ["From", "MAILER-DAEMON@mx.dest.example"],
      ["Message-ID", `<${serial}@load.example.net>`],
      ["Date", "Sat, 28 Nov 2026 12:00:00 +0000"],
      ...content.headers,
    ] as const;
    const answersId = rest.answersId ?? null;
    const hindrance = this.#hinder();
    return { ...rest, serial, kind: name, headers, body: content.body, facts, answersId, hindrance };
  }

  #configured(): Domain[] {
    return this.#estate.domains.filter(({ history }) => (history.latest?.routes.size ?? 0) > 0);
  }

  #maker(): Maker {
    const random = this.#random;
    return {
      random,
      today: today(this.#estate),
      domains: this.#configured(),
      estate: this.#estate,
      minted: () => random.pick([...this.#minted.values()].flat()),
      serial: this.#serial + 1,
      mark: () => (this.#marks.length === 0 ? null : random.pick(this.#marks)),
    };
  }

  #hinder(): Hindrance | null {
    const random = this.#random;
    if (!random.chance(0.08)) return null;
    if (random.chance(0.15)) return { canBeForwarded: false, faults: {}, until: 1 + random.below(2) };
    const fault = (): ForwardFault => random.pick(["transient", "permanent", "configuration", "delivered"]);
    const faults: Record<string, ForwardFault> = {};
    for (const name of [
      "alice",
      "one",
      "two",
      "three",
      "list",
      "watch",
      "strict",
      "swing",
      "postmaster",
      "rest",
    ]) {
      if (random.chance(0.6)) faults[`${name}@inbox.example`] = fault();
    }
    return { canBeForwarded: true, faults, until: 1 + random.below(3) };
  }
}

/** What stands against forwarding a message when it is tried for the nth time, from 0 on. */
export function passageOf({ hindrance }: Message, attempt: number): Passage {
  if (hindrance === null) return { canBeForwarded: true, faults: {} };
  const isLifted = attempt >= hindrance.until;
  const lasting = Object.entries(hindrance.faults).filter(
    ([, fault]) => !isLifted || fault === "permanent" || fault === "delivered",
  );
  return { canBeForwarded: isLifted || hindrance.canBeForwarded, faults: Object.fromEntries(lasting) };
}

interface Maker {
  readonly random: Random;
  readonly today: number;
  readonly domains: readonly Domain[];
  readonly estate: Estate;
  readonly serial: number;
  minted(): Minted;
  mark(): { readonly domain: string; readonly original: string; readonly mark: string } | null;
}

interface Made {
  readonly from: string;
  readonly to: string;
  readonly content: Content;
  readonly facts: Facts;
  readonly entries: Entries;
  readonly answersId?: string;
}

/** Where a message goes, and what its tag is worth. */
type Target = Pick<Facts, "domain" | "original" | "tag"> & { readonly to: string };

const NULL_SENDERS = ["", "<>"];
const PERSON = "bob@dest.example";

// Content, with the facts that follow from it alone.

type Told = Pick<Facts, "report" | "autoReplied"> & { content: Content; entries: Entries };

function report({ random, serial }: Maker): Told {
  const recipients = Array.from(
    {
      length: random.weigh([
        [1, 8],
        [2, 1],
        [3, 1],
      ]),
    },
    (_, n) => `r${serial}-${n}@dest.example`,
  );
  const fields = recipients.map(
    (name) =>
      `\r\nFinal-Recipient: rfc822; ${name}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no\r\n`,
  );
  const body = [
    "--b\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n",
    `--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.dest.example\r\n${fields.join("")}`,
    "--b--\r\n",
  ].join("\r\n");
  const type = random.pick([
    'multipart/report; report-type=delivery-status; boundary="b"',
    "Multipart/Report; boundary=b; report-type=Delivery-Status",
  ]);
  const headers: [string, string][] = [["Content-Type", type]];
  // Postfix says so of its bounces; they are no auto-replies.
  const autoReplied = random.chance(0.3);
  if (autoReplied) headers.push(["Auto-Submitted", "auto-replied"]);
  return { content: { headers, body }, entries: recipients, report: "delivery-status", autoReplied };
}

function vacation(answers: string | null, { random }: Maker): Told {
  const named = answers ?? "<mail-of-last-week@dest.example>";
  const fields: [string, string][] = random.chance(0.5)
    ? [["In-Reply-To", named]]
    : [["References", `<older@dest.example> ${named}`]];
  const headers: Content["headers"] = [...fields, ["Auto-Submitted", "auto-replied (vacation)"]];
  return { content: { headers, body: "I am away.\r\n" }, entries: null, report: null, autoReplied: true };
}

function receipt(answers: string | null): Told {
  const headers: Content["headers"] = [
    ["Content-Type", "multipart/report; report-type=disposition-notification; boundary=m"],
    ...(answers === null ? [] : [["References", answers] as const]),
  ];
  const body =
    "--m\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822;bob@dest.example\r\n" +
    "Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--m--\r\n";
  return {
    content: { headers, body },
    entries: null,
    report: "disposition-notification",
    autoReplied: false,
  };
}

function complaint(): Told {
  const headers: Content["headers"] = [
    ["Content-Type", 'multipart/report; report-type="feedback-report"; boundary=f'],
  ];
  const body =
    "--f\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x\r\nVersion: 1\r\n\r\n--f--\r\n";
  return { content: { headers, body }, entries: null, report: "feedback-report", autoReplied: false };
}

function letter(): Told {
  const content = { headers: [["Subject", "Tuesday"]] as const, body: "See you on Tuesday.\r\n" };
  return { content, entries: null, report: null, autoReplied: false };
}

function hostile({ random }: Maker): Told {
  if (random.chance(0.1))
    return {
      content: buildEndlessReport(random),
      entries: null,
      report: "delivery-status",
      autoReplied: false,
    };
  const content = buildHostile(random.pick(HOSTILE), random);
  return { content, entries: null, report: null, autoReplied: false };
}

function combine(
  target: Target,
  sender: Facts["sender"],
  told: Told,
  more: Partial<Facts> = {},
): Omit<Made, "from"> {
  const { to, ...addressed } = target;
  const { content, entries, report, autoReplied } = told;
  const facts = { ...addressed, sender, report, autoReplied, answers: null, passed: false, ...more };
  return { to, content, entries, facts };
}

function fromNobody(maker: Maker, target: Target, told: Told, more: Partial<Facts> = {}): Made {
  return { from: maker.random.pick(NULL_SENDERS), ...combine(target, "null", told, more) };
}

function fromPerson(target: Target, told: Told, more: Partial<Facts> = {}): Made {
  return { from: PERSON, ...combine(target, "person", told, more) };
}

// Targets.

function untagged({ random, domains }: Maker): Target {
  const { name } = random.pick(domains);
  const original = random.pick(random.chance(0.85) ? MINTED_FOR : [...LESS_OFTEN, ...UNROUTED]);
  const shown = random.chance(0.1) ? original.toUpperCase() : original;
  return { domain: name, original: original.toLowerCase(), tag: "missing", to: `${shown}@${name}` };
}

/** To an address that the API minted, in any case. */
function toMinted({ random, minted }: Maker): Target {
  const { domain, local, reversePath, scheme, key, lastDay, ref } = minted();
  const to = random.chance(0.1) ? reversePath.toUpperCase() : reversePath;
  return { domain, original: local, to, tag: { scheme, key, lastDay, ref, isGenuine: true } };
}

/** To an address that another program tagged with a key that it shares with us; days from today. */
function toShared(maker: Maker, days: (scheme: "prvs" | "cs1") => number): Target {
  const { random } = maker;
  const domain = random.pick(maker.domains.filter(({ shared }) => shared.length > 0));
  const key = random.pick(domain.shared);
  const local = random.pick(MINTED_FOR);
  const scheme = random.pick(["prvs", "cs1"] as const);
  const lastDay = maker.today + days(scheme);
  const ref = random.chance(0.5) ? `o-${random.below(1_000)}` : undefined;
  // Exim signs the address as it is written; mailers on the way may fold it.
  const written = scheme === "prvs" && random.chance(0.2) ? local.toUpperCase() : local;
  const terms: Terms = { key, lastDay, local: written, domain: domain.name, ref };
  const value = scheme === "prvs" ? signPrvs(terms) : signCs1(terms);
  const path = random.chance(0.7) ? `${scheme}=${value}=${written}` : `${written}+${scheme}=${value}`;
  const named = scheme === "cs1" ? (ref ?? null) : null;
  const tag = { scheme, key: key.number, lastDay, ref: named, isGenuine: true };
  return { domain: domain.name, original: local, to: `${path}@${domain.name}`, tag };
}

const inTime = () => 0;
function outOfTime({ random }: Maker): (scheme: "prvs" | "cs1") => number {
  // A prvs tag of too far ahead is one of long ago.
  return (scheme) =>
    scheme === "prvs" && random.chance(0.5) ? 20 + random.below(900) : -1 - random.below(60);
}

/** A minted tag with one thing wrong. */
function spoilt(maker: Maker, wrong: "mac" | "key" | "address" | "domain" | "form"): Target {
  const { random } = maker;
  const { domain, local, scheme, key, lastDay, reversePath } = maker.minted();
  const value = new RegExp(`${scheme}=([^=@]*)`).exec(reversePath)?.[1] ?? "";
  const [term, mac, ref] =
    scheme === "prvs"
      ? [value.slice(0, 4), value.slice(4), ""]
      : [value.slice(0, 5), value.slice(5, 21), value.slice(21)];
  const at = (text: string, name: string, where: string): string =>
    random.chance(0.7) ? `${scheme}=${text}=${name}@${where}` : `${name}+${scheme}=${text}@${where}`;
  const forged = { scheme, key, lastDay, ref: null, isGenuine: false };
  switch (wrong) {
    case "mac":
      return { domain, original: local, tag: forged, to: at(term + spoil(mac) + ref, local, domain) };
    case "key":
      // No ring has a 9.
      return {
        domain,
        original: local,
        tag: { ...forged, key: 9 },
        to: at(`9${value.slice(1)}`, local, domain),
      };
    case "address": {
      const other = random.pick(MINTED_FOR.filter((name) => name !== local));
      return { domain, original: other, tag: forged, to: at(value, other, domain) };
    }
    case "domain": {
      const other = random.pick(maker.domains.filter(({ name }) => name !== domain)).name;
      return { domain: other, original: local, tag: forged, to: at(value, local, other) };
    }
    case "form": {
      const broken = random.pick(["", "x", `${value}_`, value.slice(1), `${value}-`, "0788", "078zb9ac3e"]);
      return { domain, original: local, tag: "malformed", to: at(broken, local, domain) };
    }
  }
}

/** The untagged address that a Message-ID is bound to, with that Message-ID; some of the time one that is another's, dead or forged. */
function answered(maker: Maker, isGood: boolean): { target: Target; id: string; answers: Signed } {
  const { random } = maker;
  const address = (domain: string, original: string): Target => ({
    domain,
    original,
    tag: "missing",
    to: `${original}@${domain}`,
  });
  if (random.chance(0.3)) {
    const domain = random.pick(maker.domains.filter(({ shared }) => shared.length > 0));
    const key = random.pick(domain.shared);
    const local = random.pick(MINTED_FOR);
    const lastDay = maker.today + (isGood ? random.below(30) : -1 - random.below(9));
    const nonce = Array.from({ length: 4 }, () => base32Number(random.below(2 ** 20))).join("");
    const id = signMessageId({ key, lastDay, local, domain: domain.name }, nonce);
    return {
      target: address(domain.name, local),
      id,
      answers: { key: key.number, lastDay, isGenuine: true },
    };
  }
  const { domain, from, key, messageId } = maker.minted();
  const to = isGood ? from : random.pick(MINTED_FOR.filter((name) => name !== from));
  const answers = { key, lastDay: maker.today + 1, isGenuine: isGood };
  return { target: address(domain, to), id: messageId, answers };
}

function reply(maker: Maker, isGood: boolean, tell: (id: string) => Told): Made {
  const { target, id, answers } = answered(maker, isGood);
  return { ...fromNobody(maker, target, tell(id), { answers }), answersId: id };
}

function asPerson(made: Made): Made {
  return { ...made, from: PERSON, facts: { ...made.facts, sender: "person" } };
}

type Make = (maker: Maker) => Made | null;
type Kind = readonly [name: string, make: Make];

const KINDS: readonly (readonly [Kind, number])[] = [
  [["ordinary", (maker) => fromPerson(untagged(maker), letter())], 12],
  [["ordinary, tagged", (maker) => fromPerson(toMinted(maker), letter())], 4],
  [
    [
      "ordinary, bad tag",
      (maker) => fromPerson(spoilt(maker, maker.random.pick(["mac", "key", "form"])), letter()),
    ],
    2,
  ],
  [["genuine", (maker) => fromNobody(maker, toMinted(maker), report(maker))], 22],
  [
    [
      "genuine, shared key",
      (maker) =>
        fromNobody(
          maker,
          toShared(maker, () => maker.random.below(8)),
          report(maker),
        ),
    ],
    6,
  ],
  [["genuine, last day", (maker) => fromNobody(maker, toShared(maker, inTime), report(maker))], 2],
  [["genuine, no report", (maker) => fromNobody(maker, toMinted(maker), letter())], 1],
  [["expired", (maker) => fromNobody(maker, toShared(maker, outOfTime(maker)), report(maker))], 5],
  [["forged, untagged", (maker) => fromNobody(maker, untagged(maker), report(maker))], 12],
  [["forged, MAC", (maker) => fromNobody(maker, spoilt(maker, "mac"), report(maker))], 4],
  [["forged, key", (maker) => fromNobody(maker, spoilt(maker, "key"), report(maker))], 2],
  [["forged, malformed", (maker) => fromNobody(maker, spoilt(maker, "form"), report(maker))], 3],
  [["forged, another's tag", (maker) => fromNobody(maker, spoilt(maker, "address"), report(maker))], 2],
  [["forged, another domain's", (maker) => fromNobody(maker, spoilt(maker, "domain"), report(maker))], 2],
  [["vacation, signed", (maker) => reply(maker, true, (id) => vacation(id, maker))], 4],
  [["vacation, another's", (maker) => reply(maker, false, (id) => vacation(id, maker))], 1],
  [["vacation, unsigned", (maker) => fromNobody(maker, untagged(maker), vacation(null, maker))], 2],
  [["vacation, tagged", (maker) => fromNobody(maker, toMinted(maker), vacation(null, maker))], 1],
  [["vacation, from a person", (maker) => asPerson(reply(maker, true, (id) => vacation(id, maker)))], 1],
  [["receipt, signed", (maker) => reply(maker, true, receipt)], 2],
  [["receipt, unsigned", (maker) => fromNobody(maker, untagged(maker), receipt(null))], 1],
  [["complaint", (maker) => fromPerson(toMinted(maker), complaint())], 1],
  [["report from a person", (maker) => fromPerson(toMinted(maker), report(maker))], 1],
  [["robot", robot], 2],
  [["exempt", exempt], 1],
  [["hostile, genuine", (maker) => fromNobody(maker, toMinted(maker), hostile(maker))], 2],
  [["hostile, forged", (maker) => fromNobody(maker, spoilt(maker, "mac"), hostile(maker))], 1],
  [["hostile, ordinary", (maker) => fromPerson(untagged(maker), hostile(maker))], 1],
  [["stranger's domain", stranger], 2],
  [["late domain", late], 1],
  [["no domain", pathless], 0.3],
  [["rewritten", rewritten], 1],
  [["going round", goingRound], 1],
];

function robot(maker: Maker): Made {
  const { random } = maker;
  const from = random.pick([
    "mailer-daemon@mx.dest.example",
    "MAILER-DAEMON@dest.example",
    "postmaster@dest.example",
  ]);
  const target = random.chance(0.5) ? toMinted(maker) : untagged(maker);
  return { from, ...combine(target, "robot", random.chance(0.8) ? report(maker) : letter()) };
}

function exempt(maker: Maker): Made {
  const { name } = maker.random.pick(maker.domains);
  const original = maker.random.pick(["postmaster", "abuse", "dmarc"]);
  return fromNobody(
    maker,
    { domain: name, original, tag: "missing", to: `${original}@${name}` },
    report(maker),
  );
}

function stranger(maker: Maker): Made {
  const domain = `d${maker.random.below(STRANGERS)}.strangers.example`;
  const { to, ...target } = untagged(maker);
  const moved = { ...target, domain, to: to.replace(/@.*/, `@${domain}`) };
  return maker.random.chance(0.5) ? fromPerson(moved, letter()) : fromNobody(maker, moved, report(maker));
}

/** To a domain that is made in the midst of the run. */
function late(maker: Maker): Made {
  const domain = maker.estate.late.name;
  const original = maker.random.pick(MINTED_FOR);
  const target: Target = { domain, original, tag: "missing", to: `${original}@${domain}` };
  return maker.random.chance(0.5) ? fromPerson(target, letter()) : fromNobody(maker, target, report(maker));
}

function pathless(maker: Maker): Made {
  const to = maker.random.pick(["postmaster", "", "<>", "alice@", "alice@[192.0.2.1]"]);
  return fromNobody(maker, { domain: null, original: to, tag: "missing", to }, report(maker));
}

function rewritten(maker: Maker): Made {
  const { name } = maker.random.pick(maker.domains);
  const local = maker.random.pick([
    "SRS0=abcd=ab=dest.example=bob",
    "srs0+abcd=ab=dest.example=bob",
    "SRS1=x=y==z",
  ]);
  const target: Target = {
    domain: name,
    original: local.toLowerCase(),
    tag: "missing",
    to: `${local}@${name}`,
  };
  return maker.random.chance(0.5) ? fromPerson(target, letter()) : fromNobody(maker, target, report(maker));
}

/** What was forwarded from here and comes back, or goes on to another address of ours. */
function goingRound(maker: Maker): Made | null {
  const marked = maker.mark();
  if (marked === null) return null;
  const { domain, mark } = marked;
  const passed = maker.random.chance(0.5);
  const others = MINTED_FOR.filter((name) => name !== marked.original);
  const original = passed ? marked.original : maker.random.pick(others);
  const told = letter();
  const headers = [...told.content.headers, ["X-Countersign-Hop", mark] as const];
  const target: Target = { domain, original, tag: "missing", to: `${original}@${domain}` };
  return fromPerson(target, { ...told, content: { ...told.content, headers } }, { passed });
}

/** What the API minted, read. */
export function readMinted(
  answer: {
    reversePath: string;
    scheme: string;
    key: number;
    ref: string | null;
    expires: string;
    messageId: string;
  },
  order: { address: string; from?: string },
): Minted {
  const cut = (address: string): [string, string] => {
    const at = address.lastIndexOf("@");
    return [address.slice(0, at), address.slice(at + 1)];
  };
  const [local, domain] = cut(order.address);
  const { reversePath, key, ref, messageId } = answer;
  const scheme = answer.scheme === "cs1" ? "cs1" : "prvs";
  const lastDay = Date.parse(answer.expires) / DAY_MS - 1;
  return {
    domain,
    local,
    reversePath,
    scheme,
    key,
    ref,
    lastDay,
    messageId,
    from: cut(order.from ?? order.address)[0],
  };
}
