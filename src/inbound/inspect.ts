// What came back, taken apart and judged as if it came now: a reverse-path alone, or a whole message as it was received.
// Nothing of it is counted, recorded, forwarded or refused.

import { HOP_FIELD } from "../core/hop.ts";
import type { Finding, Inspection, Pasted } from "../core/inspection.ts";
import { judge, type Mail, type Verdict } from "../core/judge.ts";
import { formatMailbox, isDomain, lowerCase, type Mailbox, splitPath } from "../core/mailbox.ts";
import type { MailHeaders } from "../core/report.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { isTagged } from "../core/tag.ts";
import { readMail } from "../returned/mime.ts";
import { HEAD_OCTETS, readReturned } from "../returned/read-returned.ts";
import type { Receiving } from "./ports.ts";

/** Where servers note for whom they took a message, the surest first. */
const TOLD_IN = ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to"];
const FIELD_CHARACTERS = 8_192;
const NULL_SENDER = "<>";
/** Anyone's reverse-path. */
const ORDINARY_SENDER = "someone@sender.invalid";
const NO_HEADERS: MailHeaders = { get: () => null };

/** Null where the domain is not configured. */
export async function inspect(
  pasted: Pasted,
  domain: string,
  receiving: Pick<Receiving, "snapshots" | "keys">,
  now: number,
): Promise<Inspection | null> {
  const snapshot = await receiving.snapshots.read(domain);
  if (snapshot === null) return null;
  const judgeMail = (mail: Mail) => judgeSurely(mail, snapshot, receiving, now);
  const text = pasted.text.trim();
  if (!/[\r\n]/.test(text)) {
    const forwardPath = readPath(text, domain);
    if (forwardPath === null) return { kind: "unaddressed" };
    const mail = { forwardPath, reversePath: pasted.reversePath || NULL_SENDER, headers: NO_HEADERS };
    const ordinary = await judgeMail({ ...mail, reversePath: ORDINARY_SENDER });
    return present(mail, await judgeMail(mail), snapshot, { ordinary, findings: null });
  }
  const octets = new TextEncoder().encode(pasted.text.trimStart()).subarray(0, HEAD_OCTETS);
  const { headers } = await readMail(octets);
  const forwardPath =
    pasted.forwardPath === "" ? findForwardPath(headers, domain) : readPath(pasted.forwardPath, domain);
  if (forwardPath === null) return { kind: "unaddressed" };
  const reversePath = pasted.reversePath || headers.get("return-path")?.trim() || NULL_SENDER;
  const mail = { forwardPath, reversePath, headers: withoutMark(headers) };
  const findings = await readReturned(octets);
  return present(mail, await judgeMail(mail), snapshot, { ordinary: null, findings });
}

function present(
  { forwardPath, reversePath }: Mail,
  verdict: Verdict,
  { settings }: Snapshot,
  rest: { readonly ordinary: Verdict | null; readonly findings: readonly Finding[] | null },
): Inspection {
  const cap = verdict.tag.ref === null ? null : settings.maxBouncesPerRef;
  return { kind: "judged", forwardPath: formatMailbox(forwardPath), reversePath, verdict, cap, ...rest };
}

/** Judges as mail is judged, but that nothing is counted: a cap on what comes back is not looked at. */
async function judgeSurely(
  mail: Mail,
  snapshot: Snapshot,
  { snapshots, keys }: Pick<Receiving, "snapshots" | "keys">,
  now: number,
): Promise<Verdict> {
  const judging = { ...keys, admit: async () => true };
  const verdict = await judge(mail, snapshot, judging, now);
  const newer = verdict.decision.restsOnSnapshot ? await snapshots.confirm(snapshot.domain) : null;
  return newer === null ? verdict : judge(mail, newer, judging, now);
}

/** An address of the domain, as it stands in a command or alone. */
function readPath(text: string, domain: string): Mailbox | null {
  const path = splitPath(/<([^<>]*)>/.exec(text)?.[1] ?? text.trim());
  return path !== null && isDomain(path.domain) && lowerCase(path.domain) === domain && path.localPart !== ""
    ? path
    : null;
}

/** For whom the message came: of the domain's addresses that it names a tagged one, else the first. */
function findForwardPath(headers: MailHeaders, domain: string): Mailbox | null {
  const named = TOLD_IN.flatMap((name) => {
    const value = (headers.get(name) ?? "").slice(0, FIELD_CHARACTERS);
    return value.split(/[\s<>",;()]+/).map((text) => readPath(text, domain));
  }).filter((path) => path !== null);
  return named.find(({ localPart }) => isTagged(localPart)) ?? named[0] ?? null;
}

/** A message from the inbox bears the mark of having passed here; when it came, it did not. */
function withoutMark(headers: MailHeaders): MailHeaders {
  return { get: (name) => (lowerCase(name) === lowerCase(HOP_FIELD) ? null : headers.get(name)) };
}
