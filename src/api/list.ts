// Lists: how many items a page has.

import type { Context } from "hono";
import { unusable } from "./problem.ts";

const LIMIT = { least: 1, most: 1000, default: 50 };

/** The `limit` of the query, or the response that says what is wrong with it. */
export function readLimit(context: Context): number | Response {
  const text = context.req.query("limit");
  if (text === undefined) return LIMIT.default;
  const limit = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= LIMIT.least && limit <= LIMIT.most) return limit;
  const detail = `A whole number from ${LIMIT.least} to ${LIMIT.most} is expected.`;
  return unusable([{ pointer: "#/limit", detail }]);
}
