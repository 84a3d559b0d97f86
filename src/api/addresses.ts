// Minting and validating addresses.

import { type Context, Hono } from "hono";
import { formatMailbox, isDomain, lowerCase, type Mailbox, splitPath } from "../core/mailbox.ts";
import { MESSAGE_ID_NONCE_OCTETS } from "../core/message-id.ts";
import { findSigner, type Minted, mint, readSignable } from "../core/mint.ts";
import { senderOf } from "../core/readiness.ts";
import { type TagFinding, validateTag } from "../core/tag-status.ts";
import { readBody } from "./body.ts";
import type { Api } from "./ports.ts";
import { problem, unconfigured, unusableFields } from "./problem.ts";
import { mintBody, validateBody } from "./schemas.ts";

export const addresses = new Hono<Api>()
  .post("/", async (context) => {
    const body = await readBody(context, mintBody);
    if (body instanceof Response) return body;
    const { snapshots, open, now, random } = context.env;

    const address = readSignable("address", body.address);
    const repliesTo = body.from === undefined ? address : readSignable("from", body.from);
    if (address.kind === "fault") return unusableFields([address.fault]);
    if (repliesTo.kind === "fault") return unusableFields([repliesTo.fault]);
    const [snapshot, repliesSnapshot] = await Promise.all([
      snapshots.read(address.mailbox.domain),
      snapshots.read(repliesTo.mailbox.domain),
    ]);
    if (snapshot === null) return unconfigured(address.mailbox.domain);
    if (repliesSnapshot === null) return unconfigured(repliesTo.mailbox.domain);

    const signer = await findSigner(snapshot, open, now);
    const repliesSigner =
      repliesSnapshot === snapshot ? signer : await findSigner(repliesSnapshot, open, now);
    const replies = {
      to: repliesTo.mailbox,
      signer: repliesSigner,
      nonce: random(MESSAGE_ID_NONCE_OCTETS),
    };
    const order = { address: address.mailbox, scheme: body.scheme ?? null, ref: body.ref ?? null };
    const finding = await mint(order, signer, body.messageId === false ? null : replies);
    switch (finding.kind) {
      case "minted":
        note(context, "minted", address.mailbox);
        if (repliesTo !== address) note(context, "answerable", repliesTo.mailbox);
        context.env.log(describeMinted(finding.minted, address.mailbox.domain));
        return context.json(presentMinted(finding.minted));
      case "unusable":
        return unusableFields([finding.fault]);
      case "not-signing":
        return notSigning(finding.domain, finding.signsFrom);
    }
  })
  .post("/validate", async (context) => {
    const body = await readBody(context, validateBody);
    if (body instanceof Response) return body;
    const forwardPath = splitPath(body.address);
    // A tag of any form may be asked about, but storage is asked for domain names only.
    if (forwardPath === null || !isDomain(forwardPath.domain)) {
      return unusableFields([{ field: "address", detail: "local-part@domain is expected." }]);
    }
    const finding = await validateSurely(context, forwardPath, lowerCase(forwardPath.domain));
    return finding === null
      ? unconfigured(lowerCase(forwardPath.domain))
      : context.json(presentFinding(finding));
  });

/** A status that rests on what this location does not hold is found again with what the domain's object holds. */
async function validateSurely(
  context: Context<Api>,
  forwardPath: Mailbox,
  domain: string,
): Promise<TagFinding | null> {
  const { snapshots, open, now } = context.env;
  const snapshot = await snapshots.read(domain);
  if (snapshot === null) return null;
  const finding = await validateTag(forwardPath, snapshot, open, now);
  if (!finding.liftable) return finding;
  const confirmed = await snapshots.confirm(domain);
  return confirmed && validateTag(forwardPath, confirmed, open, now);
}

function notSigning(domain: string, signsFrom: number | null): Response {
  const soon = signsFrom === null ? "." : `; one will from ${new Date(signsFrom).toISOString()}.`;
  return problem("not-signing", `The domain ${domain} has no key that signs${soon}`);
}

function note(context: Context<Api>, sighting: "minted" | "answerable", original: Mailbox): void {
  const sender = senderOf(original);
  if (sender !== null) context.env.note(sighting, sender);
}

/** The log's line: neither the tag nor the Message-ID, with which anyone could send bounces. */
function describeMinted({ address, scheme, key, expires, ref }: Minted, domain: string) {
  return { event: "minted", domain, address, scheme, key, expires: new Date(expires).toISOString(), ref };
}

function presentMinted(minted: Minted) {
  const { address, reversePath, messageId, scheme, key, expires, ref } = minted;
  return { address, reversePath, messageId, scheme, key, expires: new Date(expires).toISOString(), ref };
}

function presentFinding(finding: TagFinding) {
  const { status, original, scheme, key, expires, ref } = finding;
  return {
    status,
    original: formatMailbox(original),
    scheme,
    key,
    expires: expires === null ? null : new Date(expires).toISOString(),
    ref,
  };
}
