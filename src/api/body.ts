// Request bodies: bounded before they are parsed (operation.ts), JSON or a form by their own word, judged by a schema.

import type { Context } from "hono";
import * as v from "valibot";
import { type FieldProblem, pointer, problem, unusable } from "./problem.ts";

const FORMS = ["application/x-www-form-urlencoded", "multipart/form-data"];

/**
 * The body as the schema has it, or the response that says what is wrong with it.
 * @param form reads a form's fields, where one is taken too
 */
export async function readBody<S extends v.GenericSchema>(
  context: Context,
  schema: S,
  form?: (fields: Readonly<Record<string, unknown>>) => unknown,
): Promise<v.InferOutput<S> | Response> {
  const mediaType = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  const isForm = form !== undefined && FORMS.includes(mediaType);
  if (mediaType !== "application/json" && !isForm) {
    const detail = "Send JSON, with Content-Type: application/json";
    return problem("unsupported-media-type", form === undefined ? `${detail}.` : `${detail}, or a form.`);
  }
  let value: unknown;
  try {
    // Several values under one name are a list, which no field of a form takes.
    value = isForm ? form(await context.req.parseBody({ all: true })) : JSON.parse(await context.req.text());
  } catch {
    return problem("malformed-body", isForm ? "The body is no form of that type." : "The body is no JSON.");
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
  within: readonly (string | number)[] = [],
): { kind: "value"; value: v.InferOutput<S> } | { kind: "problems"; problems: FieldProblem[] } {
  const reading = v.safeParse(schema, value, { abortPipeEarly: true });
  if (reading.success) return { kind: "value", value: reading.output };
  return { kind: "problems", problems: reading.issues.map((issue) => describeIssue(issue, within)) };
}

/** A field's fault in words of ours: the library's own repeat the value, which may be a secret. */
function describeIssue(issue: v.BaseIssue<unknown>, within: readonly (string | number)[]): FieldProblem {
  const path = issue.path?.map((item) => item.key as string | number) ?? [];
  const detail = issue.kind === "schema" ? describeType(issue) : issue.message;
  return { pointer: pointer([...within, ...path]), detail };
}

function describeType(issue: v.BaseIssue<unknown>): string {
  if (issue.type === "custom") return issue.message;
  if (issue.type === "strict_object" && issue.expected === "never") return "There is no such field.";
  return issue.received === "undefined" ? "It is required." : `${issue.expected} is expected.`;
}
