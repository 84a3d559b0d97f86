// Minting for one address or ten thousand: each is read by itself and fails by itself, each domain is looked up once, and
// what remains for each is its MACs.

import type { Context } from "hono";
import type * as v from "valibot";
import type { Mailbox } from "../core/mailbox.ts";
import { MESSAGE_ID_NONCE_OCTETS } from "../core/message-id.ts";
import {
  findSigner,
  type Minted,
  type MintFinding,
  mint,
  type Order,
  type Replies,
  readSignable,
  type Signer,
} from "../core/mint.ts";
import { senderOf } from "../core/readiness.ts";
import { reaches } from "../core/token.ts";
import { describeFailure } from "./failure.ts";
import { OUTSIDE } from "./operation.ts";
import { formatTime } from "./outcome.ts";
import type { Api } from "./ports.ts";
import { describeProblem, describeUnconfigured, describeUnusable, type Problem } from "./problem.ts";
import type { mintBody } from "./schemas.ts";

/** What a body asks for. */
export type Wish = v.InferOutput<typeof mintBody>;

/** Where a field of a wish stands in the body, as a JSON pointer. */
export type Place = (field: string) => string;

/** What to mint: read, and not yet looked up. */
interface Wanted {
  readonly kind: "wanted";
  readonly order: Order;
  /** Where replies go; the address itself where no other is given. */
  readonly repliesTo: Mailbox;
  readonly messageId: boolean;
  readonly place: Place;
}

export interface Failed {
  readonly kind: "failed";
  readonly problem: Problem;
}

export type Reading = Wanted | Failed;

export type Minting = { readonly kind: "minted"; readonly minted: Minted; readonly domain: string } | Failed;

/** Domains that are looked up at the same time. */
const LOOKED_UP_AT_ONCE = 6;

/** Reads a wish: its addresses must be plain mailboxes without a tag. */
export function readWish({ address, from, scheme, ref, messageId }: Wish, place: Place): Reading {
  const signable = readSignable("address", address);
  if (signable.kind === "fault") return unusableField(place, signable.fault);
  const repliesTo = from === undefined ? signable : readSignable("from", from);
  if (repliesTo.kind === "fault") return unusableField(place, repliesTo.fault);
  return {
    kind: "wanted",
    order: { address: signable.mailbox, scheme: scheme ?? null, ref: ref ?? null },
    repliesTo: repliesTo.mailbox,
    messageId: messageId !== false,
    place,
  };
}

/** Read, looked up and minted together: what they leave behind dies young, which spares a batch a fifth of its time. */
const TOGETHER = 500;

/**
 * Mints for each of many, in their order.
 * @param present what is left of each, of whom nothing else is kept
 */
export async function mintEach<Item, Left>(
  context: Context<Api>,
  items: readonly Item[],
  read: (item: Item, at: number) => Reading,
  present: (minting: Minting, item: Item) => Left,
): Promise<Left[]> {
  const signers = new Map<string, Signer | Failed>();
  const left: Left[] = [];
  for (let start = 0; start < items.length; start += TOGETHER) {
    const some = items.slice(start, start + TOGETHER);
    const readings = some.map((item, at) => read(item, start + at));
    await findSigners(context, readings, signers);
    for (let at = 0; at < some.length; at++) {
      const asked = ask(context, readings[at] as Reading, signers);
      // Awaited here, once for each: a function between would be awaited as well.
      const minting =
        asked.kind === "failed"
          ? asked
          : conclude(context, asked, await mint(asked.order, asked.signer, asked.replies));
      left.push(present(minting, some[at] as Item));
    }
  }
  return left;
}

/** Mints what was read. */
export async function mintRead(context: Context<Api>, reading: Reading): Promise<Minting> {
  const signers = new Map<string, Signer | Failed>();
  await findSigners(context, [reading], signers);
  const asked = ask(context, reading, signers);
  if (asked.kind === "failed") return asked;
  return conclude(context, asked, await mint(asked.order, asked.signer, asked.replies));
}

type Signers = ReadonlyMap<string, Signer | Failed>;

/** What to mint, with whose keys. */
interface Asked {
  readonly kind: "asked";
  readonly order: Order;
  readonly signer: Signer;
  readonly replies: Replies | null;
  readonly place: Place;
}

function ask(context: Context<Api>, reading: Reading, signers: Signers): Asked | Failed {
  if (reading.kind === "failed") return reading;
  const { order, repliesTo, messageId, place } = reading;
  const { domain } = order.address;
  const signer = signers.get(domain);
  const repliesSigner = signers.get(repliesTo.domain);
  if (signer === undefined || "kind" in signer) return signer ?? failed(describeUnconfigured(domain));
  if (repliesSigner === undefined || "kind" in repliesSigner) {
    return repliesSigner ?? failed(describeUnconfigured(repliesTo.domain));
  }
  const replies = messageId
    ? { to: repliesTo, signer: repliesSigner, nonce: context.env.random(MESSAGE_ID_NONCE_OCTETS) }
    : null;
  return { kind: "asked", order, signer, replies, place };
}

function conclude(
  context: Context<Api>,
  { order, signer, replies, place }: Asked,
  finding: MintFinding,
): Minting {
  if (finding.kind !== "minted") return failed(describeRefused(finding, place));
  note(context, "minted", order.address, signer);
  if (replies !== null && replies.to !== order.address) {
    note(context, "answerable", replies.to, replies.signer);
  }
  return { kind: "minted", minted: finding.minted, domain: signer.domain };
}

/** Looks up whatever domains these name that were not looked up before. */
async function findSigners(
  context: Context<Api>,
  readings: readonly Reading[],
  signers: Map<string, Signer | Failed>,
): Promise<void> {
  const domains = new Set<string>();
  for (const reading of readings) {
    if (reading.kind === "failed") continue;
    domains.add(reading.order.address.domain).add(reading.repliesTo.domain);
  }
  const waiting = [...domains].filter((domain) => !signers.has(domain)).values();
  const lookUp = async () => {
    for (const domain of waiting) signers.set(domain, await lookUpSigner(context, domain));
  };
  await Promise.all(Array.from({ length: Math.min(LOOKED_UP_AT_ONCE, domains.size) }, lookUp));
}

async function lookUpSigner(context: Context<Api>, domain: string): Promise<Signer | Failed> {
  const { snapshots, open, now } = context.env;
  if (!reaches(context.var.caller, domain)) return failed(describeProblem("forbidden", OUTSIDE));
  try {
    const snapshot = await snapshots.read(domain);
    return snapshot === null ? failed(describeUnconfigured(domain)) : await findSigner(snapshot, open, now);
  } catch (error) {
    return failed(describeFailure(error, context));
  }
}

function describeRefused(finding: Exclude<MintFinding, { kind: "minted" }>, place: Place): Problem {
  if (finding.kind === "unusable") return unusableField(place, finding.fault).problem;
  const { domain, signsFrom } = finding;
  const soon = signsFrom === null ? "." : `; one will from ${formatTime(signsFrom)}.`;
  return describeProblem("not-signing", `The domain ${domain} has no key that signs${soon}`);
}

function unusableField(place: Place, { field, detail }: { field: string; detail: string }): Failed {
  return failed(describeUnusable([{ pointer: place(field), detail }]));
}

function failed(problem: Problem): Failed {
  return { kind: "failed", problem };
}

/** Names the domain by the signer's text, which is one and the same for all: maps find it sooner. */
function note(
  context: Context<Api>,
  sighting: "minted" | "answerable",
  { localPart }: Mailbox,
  { domain }: Signer,
): void {
  const sender = senderOf({ localPart, domain });
  if (sender !== null) context.env.note(sighting, sender);
}
