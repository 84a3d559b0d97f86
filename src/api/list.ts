// Lists: pages of items, each with a cursor to the next. A cursor is the last item's name or id, so it stays right
// whatever comes and goes.

import type { Context } from "hono";
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

/**
 * A page of what was found behind the cursor.
 * @param found up to one more than the page holds
 */
export function cut<Found>(
  found: readonly Found[],
  limit: number,
  nameOf: (item: Found) => string,
): { items: Found[]; cursor: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, cursor: found.length > limit && last !== undefined ? nameOf(last) : null };
}
