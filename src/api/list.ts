// Lists: pages of items, each with a cursor to the next. A page of large items may have less than was asked for. A cursor is
// the last item's name or id, so it stays right whatever comes and goes.

import type { Context } from "hono";
import type { Page } from "../core/page.ts";
import { unusable } from "./problem.ts";

export const LIMIT = { least: 1, most: 1000, default: 50 };

/** The `limit` and `cursor` of the query, or the response that says what is wrong with them. */
export function readPage(context: Context): { limit: number; after: string } | Response {
  const text = context.req.query("limit");
  const after = context.req.query("cursor") ?? "";
  if (text === undefined) return { limit: LIMIT.default, after };
  const limit = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= LIMIT.least && limit <= LIMIT.most) return { limit, after };
  const detail = `A whole number from ${LIMIT.least} to ${LIMIT.most} is expected.`;
  return unusable([{ pointer: "#/limit", detail }]);
}

/** The number that a cursor of numbered items names; null for the first page. One that is none of ours stands before all. */
export function numberOf(after: string): number | null {
  return after === "" ? null : Number.parseInt(after, 10) || 0;
}

/** The cursor to the page behind this one; null where it is the last. */
export function cursorOf<Item>({ items, more }: Page<Item>, nameOf: (item: Item) => string): string | null {
  const last = items.at(-1);
  return more && last !== undefined ? nameOf(last) : null;
}
