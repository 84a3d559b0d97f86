// What a domain's ledger has of its mail: counts by day, what came back, samples of what was refused.

import type { Context } from "hono";
import type { Page } from "../core/page.ts";
import { DISPOSITIONS } from "../core/policy.ts";
import { COUNTED_DAYS } from "../core/stats.ts";
import { TAG_STATUSES } from "../core/tag-status.ts";
import { bouncesAnswer, rejectionsAnswer, statsAnswer } from "./answers.ts";
import { cursorOf, numberOf, readPage } from "./list.ts";
import { domainOf, operation } from "./operation.ts";
import type { Api } from "./ports.ts";
import { unconfigured, unusable } from "./problem.ts";

/** Days of counts that are answered where no number is asked for. */
export const STATS_DAYS = { least: 1, most: COUNTED_DAYS, default: 30 };

function noCounts<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

export const readStats = operation({
  id: "readStats",
  method: "get",
  path: "/v1/domains/:domain/stats",
  scope: "read",
  summary: "Count a domain's mail by day",
  description:
    "UTC days, the oldest first, from the first that has any mail until today. Every message is counted once under its tag status and once under what became of it. Counts come in within a few seconds.",
  query: ["days"],
  statuses: [200],
  answer: statsAnswer,
  problems: ["not-found", "unusable-values"],
  example: {
    answer: {
      days: [
        {
          day: "2026-11-24",
          status: { ...noCounts(TAG_STATUSES), missing: 12, "bad-signature": 1, valid: 2 },
          disposition: { ...noCounts(DISPOSITIONS), forwarded: 5, consumed: 1, rejected: 9 },
        },
      ],
    },
  },
  async handle(context) {
    const domain = domainOf(context);
    const days = readDays(context);
    if (days instanceof Response) return days;
    const counted = await context.env.domains.stats(domain, days);
    return counted === null ? unconfigured(domain) : { status: 200, body: { days: [...counted] } };
  },
});

export const listBounces = operation({
  id: "listBounces",
  method: "get",
  path: "/v1/domains/:domain/bounces",
  scope: "read",
  summary: "List what came back to a domain's addresses, the newest first",
  description:
    "One for each recipient that it tells of. Only what came back to a valid tag is `failed` or `delayed`; what carries a signed Message-ID was read from its headers alone.",
  query: ["limit", "cursor"],
  statuses: [200],
  answer: bouncesAnswer,
  problems: ["not-found", "unusable-values"],
  example: {
    answer: {
      items: [
        {
          id: "y4s5cdndqp56mnfj-2co4gaft-1",
          kind: "failed",
          evidence: "tag",
          scheme: "cs1",
          receivedAt: "2026-11-24T12:00:00.000Z",
          original: "shop@example.com",
          ref: "order-1042",
          recipient: "bob@example.net",
          action: "failed",
          status: "5.1.1",
          class: "hard",
          diagnostic: "550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown",
          reportingMta: "mx.example.net",
          messageId: "<cs1.0aukl.ndqp56mnfjy4s5cd.rpgwgj2co4gaftxq.order-1042@example.com>",
          source: "dsn",
        },
      ],
      cursor: null,
    },
  },
  handle: (context) => listNumbered(context, (...asked) => context.env.domains.bounces(...asked)),
});

export const listRejections = operation({
  id: "listRejections",
  method: "get",
  path: "/v1/domains/:domain/rejections",
  scope: "read",
  summary: "List what was refused, or would have been, the newest first",
  description:
    "Samples where there is much of it: up to 20 every two seconds from each place, a thousand in a row and then two a minute. All of it is counted.",
  query: ["limit", "cursor"],
  statuses: [200],
  answer: rejectionsAnswer,
  problems: ["not-found", "unusable-values"],
  example: {
    answer: {
      items: [
        {
          id: "2co4gaftxqrpgwgj",
          receivedAt: "2026-11-24T12:00:00.000Z",
          recipient: "alice@example.com",
          original: "alice@example.com",
          status: "missing",
          disposition: "rejected",
          from: "Mail Delivery System <MAILER-DAEMON@mx.example.org>",
          messageId: "<20261124120000.4F2C1@mx.example.org>",
        },
      ],
      cursor: null,
    },
  },
  handle: (context) => listNumbered(context, (...asked) => context.env.domains.rejections(...asked)),
});

export const recordOperations = [readStats, listBounces, listRejections];

/** A page of items that have numbers, which stay in the cursor. */
async function listNumbered<Item extends { readonly number: number }>(
  context: Context<Api>,
  list: (domain: string, before: number | null, limit: number) => Promise<Page<Item> | null>,
) {
  const domain = domainOf(context);
  const page = readPage(context);
  if (page instanceof Response) return page;
  const found = await list(domain, numberOf(page.after), page.limit);
  if (found === null) return unconfigured(domain);
  const items = found.items.map(({ number, ...item }) => item);
  return { status: 200 as const, body: { items, cursor: cursorOf(found, ({ number }) => String(number)) } };
}

/** The `days` of the query, or the response that says what is wrong with them. */
function readDays(context: Context): number | Response {
  const text = context.req.query("days");
  if (text === undefined) return STATS_DAYS.default;
  const days = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  if (days >= STATS_DAYS.least && days <= STATS_DAYS.most) return days;
  const detail = `A whole number from ${STATS_DAYS.least} to ${STATS_DAYS.most} is expected.`;
  return unusable([{ pointer: "#/days", detail }]);
}
