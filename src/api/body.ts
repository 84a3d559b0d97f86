// Request bodies: bounded before they are parsed (app.ts), JSON by their own word, judged by a schema.

import type { Context } from "hono";
import * as v from "valibot";
import { type FieldProblem, pointer, problem, unusable } from "./problem.ts";

/** The body as the schema has it, or the response that says what is wrong with it. */
export async function readBody<S extends v.GenericSchema>(
  context: Context,
  schema: S,
): Promise<v.InferOutput<S> | Response> {
  const mediaType = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    return problem("unsupported-media-type", "Send JSON, with Content-Type: application/json.");
  }
  let value: unknown;
  try {
    value = JSON.parse(await context.req.text());
  } catch {
    return problem("malformed-body", "The body is no JSON.");
  }
  // Every body is an object, and to the schemas an array without fields is one too.
  if (Array.isArray(value)) return unusable([{ pointer: pointer([]), detail: "Object is expected." }]);
  const reading = readValue(schema, value);
  return reading.kind === "value" ? reading.value : unusable(reading.problems);
}

/**
 * A value as the schema has it, or what is wrong with it, one problem a field.
 * @param within where the value stands in the body
 */
export function readValue<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  within: readonly string[] = [],
): { kind: "value"; value: v.InferOutput<S> } | { kind: "problems"; problems: FieldProblem[] } {
  const reading = v.safeParse(schema, value, { abortPipeEarly: true });
  if (reading.success) return { kind: "value", value: reading.output };
  return { kind: "problems", problems: reading.issues.map((issue) => describeIssue(issue, within)) };
}

/** A field's fault in words of ours: the library's own repeat the value, which may be a secret. */
function describeIssue(issue: v.BaseIssue<unknown>, within: readonly string[]): FieldProblem {
  const path = issue.path?.map((item) => item.key as string | number) ?? [];
  const detail = issue.kind === "schema" ? describeType(issue) : issue.message;
  return { pointer: pointer([...within, ...path]), detail };
}

function describeType(issue: v.BaseIssue<unknown>): string {
  if (issue.type === "custom") return issue.message;
  if (issue.type === "strict_object" && issue.expected === "never") return "There is no such field.";
  return issue.received === "undefined" ? "It is required." : `${issue.expected} is expected.`;
}
