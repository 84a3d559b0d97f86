// Minting and validating addresses.

import type { Context } from "hono";
import { formatMailbox, isDomain, lowerCase, type Mailbox, splitPath } from "../core/mailbox.ts";
import type { Minted } from "../core/mint.ts";
import { type TagFinding, validateTag } from "../core/tag-status.ts";
import { reaches } from "../core/token.ts";
import { batchAnswer, mintedAnswer, validatedAnswer } from "./answers.ts";
import { readValue } from "./body.ts";
import { mintEach, mintRead, type Reading, readWish, type Wish } from "./minting.ts";
import { forbiddenDomain, operation } from "./operation.ts";
import { formatTime } from "./outcome.ts";
import type { Api } from "./ports.ts";
import {
  describeUnusable,
  type FieldProblem,
  pointer,
  respond,
  unconfigured,
  unusable,
  unusableFields,
} from "./problem.ts";
import { batchBody, mintBody, validateBody } from "./schemas.ts";

const BATCH_OCTETS_AT_MOST = 4 * 1024 * 1024;

const MINTED = {
  address: "alice@example.com",
  reversePath: "prvs=0788cf2ac1=alice@example.com",
  messageId: "<cs1.0aukl.ndqp56mnfjy4s5cd.rpgwgj2co4gaftxq@example.com>",
  scheme: "prvs" as const,
  key: 0,
  expires: "2026-12-02T00:00:00.000Z",
  ref: null,
};

export const mintAddress = operation({
  id: "mint",
  method: "post",
  path: "/v1/addresses",
  scope: "sign",
  summary: "Mint the reverse-path and the Message-ID of one message",
  description:
    "Mint once for each message, when you hand it over: a message keeps its tag when it is tried again. A `ref` names your message, and selects cs1. The Message-ID is bound to the address that replies go to: `from`, or `address` where there is no `from`.",
  body: mintBody,
  form: ({ messageId, ...fields }) =>
    messageId === undefined ? fields : { ...fields, messageId: readSwitch(messageId) },
  statuses: [200],
  answer: mintedAnswer,
  plain: "The reverse-path alone",
  problems: ["not-found", "not-signing"],
  example: { body: { address: "alice@example.com" }, answer: MINTED },
  async handle(context, body) {
    const minting = await mintRead(
      context,
      readWish(body, (field) => pointer([field])),
    );
    if (minting.kind === "failed") return respond(minting.problem);
    const { minted, domain } = minting;
    context.env.log(describeMinted(minted, domain));
    return prefersText(context)
      ? context.text(minted.reversePath)
      : { status: 200, body: presentMinted(minted) };
  },
});

export const mintBatch = operation({
  id: "mintBatch",
  method: "post",
  path: "/v1/addresses/batch",
  scope: "sign",
  summary: "Mint for many messages at once",
  description:
    "`results` are in the order of `addresses`, each of them what minting answers for it alone, or `error`, a problem. A call counts as one, however many addresses it has.",
  body: batchBody,
  bodyOctetsAtMost: BATCH_OCTETS_AT_MOST,
  statuses: [200],
  answer: batchAnswer,
  example: {
    body: { addresses: ["alice@example.com", { address: "bob@example.com", ref: "order-7" }] },
    answer: {
      results: [
        MINTED,
        {
          ...MINTED,
          address: "bob@example.com",
          reversePath: "cs1=0aujtm3ajxr7hgmf4ebtr-order-7=bob@example.com",
          messageId: "<cs1.0aukl.7lgkr2ti4wjdyq3m.5zxhmkgd4cbslr7w.order-7@example.com>",
          scheme: "cs1",
          ref: "order-7",
        },
      ],
    },
  },
  async handle(context, { addresses }) {
    const { maxBatch, log } = context.env;
    if (addresses.length > maxBatch) {
      return unusableFields([{ field: "addresses", detail: `${maxBatch} addresses are the limit.` }]);
    }
    const counts = new Map<string, number>();
    const formatExpiry = rememberTime();
    const results = await mintEach(context, addresses, readItem, (minting, item) => {
      if (minting.kind === "failed") return { address: addressIn(item), error: minting.problem };
      const { domain, minted } = minting;
      counts.set(domain, (counts.get(domain) ?? 0) + 1);
      return presentMinted(minted, formatExpiry);
    });
    for (const [domain, count] of counts) log({ event: "minted", domain, count });
    return { status: 200, body: { results } };
  },
});

export const validateAddress = operation({
  id: "validate",
  method: "post",
  path: "/v1/addresses/validate",
  scope: "validate",
  summary: "Find out what an address's tag is worth",
  body: validateBody,
  statuses: [200],
  answer: validatedAnswer,
  problems: ["not-found"],
  example: {
    body: { address: "prvs=0788000000=alice@example.com" },
    answer: {
      status: "bad-signature",
      original: "alice@example.com",
      scheme: "prvs",
      key: 0,
      expires: null,
      ref: null,
    },
  },
  async handle(context, { address }) {
    const forwardPath = splitPath(address);
    // A tag of any form may be asked about, but storage is asked for domain names only.
    if (forwardPath === null || !isDomain(forwardPath.domain)) {
      return unusable([{ pointer: "#/address", detail: "local-part@domain is expected." }]);
    }
    const domain = lowerCase(forwardPath.domain);
    if (!reaches(context.var.caller, domain)) return forbiddenDomain();
    const finding = await validateSurely(context, forwardPath, domain);
    return finding === null ? unconfigured(domain) : { status: 200, body: presentFinding(finding) };
  },
});

export const addressOperations = [mintAddress, mintBatch, validateAddress];

/** Whether the client would rather read text; one that takes both alike gets JSON (RFC 9110, 12.5.1). */
function prefersText(context: Context<Api>): boolean {
  const accepted = (context.req.header("accept") ?? "*/*").split(",").map(readRange);
  return qualityOf(accepted, "text/plain") > qualityOf(accepted, "application/json");
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

/** A media range and its weight (RFC 9110, 12.4.2); what is no weight weighs nothing. */
function readRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  return { type, quality: weight === undefined ? 1 : Number(weight.slice(2)) || 0 };
}

/** How well a media type is accepted: by its own name, else its kind's, else what is said of any. */
function qualityOf(accepted: readonly Range[], mediaType: string): number {
  const ranges = [mediaType, mediaType.replace(/\/.*/, "/*"), "*/*"];
  const named = ranges.flatMap((range) => accepted.filter(({ type }) => type === range));
  return named[0]?.quality ?? 0;
}

function readSwitch(text: unknown): unknown {
  return text === "true" ? true : text === "false" ? false : text;
}

/** One of a batch: an address alone, or with what else it needs. */
function readItem(item: unknown, at: number): Reading {
  const path = ["addresses", at];
  if (typeof item === "string") return readWish({ address: item }, () => pointer(path));
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    return unusableItem([{ pointer: pointer(path), detail: "A text or an object is expected." }]);
  }
  const plain = readPlainItem(item);
  if (plain !== null) return readWish(plain, (field) => pointer([...path, field]));
  const reading = readValue(mintBody, item, path);
  return reading.kind === "value"
    ? readWish(reading.value, (field) => pointer([...path, field]))
    : unusableItem(reading.problems);
}

/** What the schema reads too, in a tenth of its time: no more than an address, and whether it wants a Message-ID. */
function readPlainItem(item: object): Wish | null {
  for (const field in item) if (field !== "address" && field !== "messageId") return null;
  const { address, messageId = true } = item as Partial<Record<"address" | "messageId", unknown>>;
  return typeof address === "string" && typeof messageId === "boolean" ? { address, messageId } : null;
}

function unusableItem(problems: FieldProblem[]): Reading {
  return { kind: "failed", problem: describeUnusable(problems) };
}

/** The address that an item named, as it came; null where it named none. */
function addressIn(item: unknown): string | null {
  const named = typeof item === "object" && item !== null && "address" in item ? item.address : item;
  return typeof named === "string" ? named : null;
}

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

/** The log's line: neither the tag nor the Message-ID, with which anyone could send bounces. */
function describeMinted(minted: Minted, domain: string) {
  const { address, scheme, key, expires, ref } = minted;
  return { event: "minted", domain, address, scheme, key, expires: formatTime(expires), ref };
}

function presentMinted(minted: Minted, format: (atMs: number) => string = formatTime) {
  const { address, reversePath, messageId, scheme, key, expires, ref } = minted;
  return { address, reversePath, messageId, scheme, key, expires: format(expires), ref };
}

/** Formats times, and the same one over and over only once: what is minted together mostly expires together. */
function rememberTime(): (atMs: number) => string {
  let last = { atMs: Number.NaN, text: "" };
  return (atMs) => {
    if (atMs !== last.atMs) last = { atMs, text: formatTime(atMs) };
    return last.text;
  };
}

function presentFinding({ status, original, scheme, key, expires, ref }: TagFinding) {
  return { status, original: formatMailbox(original), scheme, key, expires: formatTime(expires), ref };
}
