// The OpenAPI document by itself: valid, whole, and its examples true to its schemas.

import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import { createApi } from "../../src/api/app.ts";
import type { Ports } from "../../src/api/ports.ts";
import { PROBLEM_TYPES } from "../../src/api/problem.ts";
import { createChecker, type Document } from "./described.ts";

const { app } = createApi();
const response = await app.request("/openapi.json", {}, {} as Ports);
const document = (await response.json()) as Document;
const findFaults = createChecker(document);

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
);

test("is OpenAPI 3.1, as a validator that is not ours says", async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>);
  expect(result.errors ?? []).toEqual([]);
  expect([result.valid, validator.version]).toEqual([true, "3.1"]);
});

test("describes every route, and nothing else", () => {
  const routed = app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(new Set(described)).toEqual(new Set(routed));
  expect(described.length).toBeGreaterThan(15);
});

test("gives each operation an id of its own", () => {
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

test("has an example of every problem type, each a Problem", () => {
  const examples = Object.entries(document.components.examples) as [string, { value: unknown }][];
  expect(examples.map(([type]) => type)).toEqual(PROBLEM_TYPES);
  for (const [, { value }] of examples) {
    expect(findFaults({ $ref: "#/components/schemas/Problem" }, value)).toEqual([]);
  }
});

describe.each(operations)("$method $path", ({ requestBody, responses }) => {
  const contents = [requestBody, ...Object.values(responses)].flatMap((part) =>
    Object.entries(part?.content ?? {}),
  );

  test("has examples that its schemas take", () => {
    for (const [type, { schema, example, examples }] of contents) {
      if (type === "text/plain") continue;
      expect([type, example ?? examples]).not.toContain(undefined);
      if (example !== undefined) expect(findFaults(schema, example)).toEqual([]);
    }
  });

  test("has schemas that say something, and refuse what is no such thing", () => {
    for (const [type, { schema }] of contents) {
      if (type !== "text/plain") expect(findFaults(schema, 1).length).toBeGreaterThan(0);
    }
  });
});

test("says once for all which dialect of JSON Schema it is in", () => {
  expect(JSON.stringify(document)).not.toContain('"$schema"');
});

test("is small enough to be read at once", async () => {
  expect((await (await app.request("/openapi.json", {}, {} as Ports)).text()).length).toBeLessThan(150_000);
});
