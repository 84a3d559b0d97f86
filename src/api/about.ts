// The deployment itself, for anyone: that it lives, and what its API is.

import * as v from "valibot";
import { describeApi } from "./document.ts";
import type { ApiDocument } from "./openapi.ts";
import { type Operation, operation } from "./operation.ts";

const readHealth = operation({
  id: "readHealth",
  method: "get",
  path: "/health",
  scope: null,
  summary: "Find out whether the Worker lives",
  statuses: [200],
  answer: v.strictObject({ status: v.literal("ok") }),
  example: { answer: { status: "ok" } },
  handle: async () => ({ status: 200, body: { status: "ok" as const } }),
});

/** The operations with those that describe them; the document is made on first use. */
export function describedOperations(operations: readonly Operation[]): {
  readonly operations: readonly Operation[];
  readonly document: () => ApiDocument;
} {
  let made: ApiDocument | null = null;
  const all: readonly Operation[] = [...operations, readHealth, readDocument(() => document())];
  const document = () => {
    made ??= describeApi(all);
    return made;
  };
  return { operations: all, document };
}

function readDocument(document: () => ApiDocument): Operation {
  return operation({
    id: "readDocument",
    method: "get",
    path: "/openapi.json",
    scope: null,
    summary: "Read this document",
    statuses: [200],
    answer: v.looseObject({ openapi: v.string() }),
    example: { answer: { openapi: "3.1.0" } },
    handle: async () => ({ status: 200, body: { ...document() } }),
  });
}
