// A message's way through the Worker: read the domain's snapshot, judge, ask where in doubt, perform, record. It ends
// forwarded, consumed or rejected, or this throws and the sender tries again; there is no fifth way out.

import { judge, type Mail, type Verdict } from "../core/judge.ts";
import type { OpenKey } from "../core/keyring.ts";
import { formatMailbox, isDomain, lowerCase, splitPath } from "../core/mailbox.ts";
import { type Decision, type Disposition, SENTENCES, UNCONFIGURED } from "../core/policy.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { type Forwarding, forward } from "./forward.ts";
import type { IncomingMessage } from "./message.ts";

/** What receiving needs from outside. */
export interface Receiving {
  readonly snapshots: {
    /** The domain's snapshot as this location has it; null where the domain is not configured. */
    read(domain: string): Promise<Snapshot | null>;
    /** The same, after the domain's object was asked. Throws where it can't be. */
    confirm(domain: string): Promise<Snapshot | null>;
  };
  readonly open: OpenKey;
  /** Keeps what was consumed. Awaited: without it the message is deferred. */
  readonly record: (entry: Entry) => Promise<void>;
  /** One line for each message. */
  readonly log: (entry: Entry) => void;
}

/** What is known of a message when it is done: exact, without its content, without its tag. */
export interface Entry {
  readonly event: Disposition;
  readonly domain: string | null;
  readonly original: string | null;
  readonly bounce: boolean | null;
  readonly status: string | null;
  readonly evidence: string | null;
  readonly key: number | null;
  /** The caller's reference in the tag or Message-ID whose MAC vouches for it. */
  readonly ref: string | null;
  readonly to?: readonly string[];
  readonly failed?: Forwarding["failed"];
  readonly error?: string;
}

/** Receives one message at an instant, in milliseconds since 1970. Throws where the sender is to try again. */
export async function receive(message: IncomingMessage, receiving: Receiving, now: number): Promise<void> {
  const mail = readMail(message);
  let verdict: Verdict | null = null;
  try {
    verdict = mail && (await judgeSurely(mail, receiving, now));
    const entry = describe(mail, verdict, (verdict?.decision ?? UNCONFIGURED).disposition);
    receiving.log(await perform(message, verdict, entry, receiving));
  } catch (cause) {
    const error = cause instanceof Error ? cause.message : String(cause);
    receiving.log({ ...describe(mail, verdict, "deferred"), error });
    throw cause;
  }
}

/** Envelope and headers; null where the forward-path can't be of any domain. */
function readMail(message: IncomingMessage): Mail | null {
  const forwardPath = splitPath(message.to.replace(/^<(.*)>$/s, "$1"));
  if (forwardPath === null || !isDomain(forwardPath.domain)) return null;
  return { reversePath: message.from, forwardPath, headers: message.headers };
}

/** Judges, and judges anew with what the domain's object says where the first snapshot leaves doubt. Null: not configured. */
async function judgeSurely(mail: Mail, receiving: Receiving, now: number): Promise<Verdict | null> {
  const domain = lowerCase(mail.forwardPath.domain);
  const snapshot = await receiving.snapshots.read(domain);
  if (snapshot === null) return null;
  const verdict = await judge(mail, snapshot, receiving.open, now);
  if (!verdict.decision.restsOnSnapshot) return verdict;
  const confirmed = await receiving.snapshots.confirm(domain);
  if (confirmed === null) return null;
  return confirmed.revision === snapshot.revision ? verdict : judge(mail, confirmed, receiving.open, now);
}

async function perform(
  message: IncomingMessage,
  verdict: Verdict | null,
  entry: Entry,
  receiving: Receiving,
): Promise<Entry> {
  const { action }: Decision = verdict?.decision ?? UNCONFIGURED;
  switch (action.kind) {
    case "reject":
      await message.setReject(action.sentence);
      return entry;
    case "consume":
      await receiving.record(entry);
      return entry;
    case "forward": {
      const { delivered, failed } = await forward(message, action.to, verdict?.annotations ?? new Map());
      const done = { ...entry, to: delivered, ...(failed.length > 0 ? { failed } : {}) };
      if (delivered.length > 0) return done;
      await message.setReject(SENTENCES.undeliverable);
      return { ...done, event: "rejected" };
    }
  }
}

function describe(mail: Mail | null, verdict: Verdict | null, event: Disposition): Entry {
  const domain = mail && lowerCase(mail.forwardPath.domain);
  if (verdict === null) {
    const unknown = { original: null, bounce: null, status: null, evidence: null, key: null, ref: null };
    return { event, domain, ...unknown };
  }
  const { bounce, evidence, ref, tag } = verdict;
  const original = formatMailbox(tag.original);
  return { event, domain, original, bounce, status: tag.status, evidence, key: tag.key, ref };
}
