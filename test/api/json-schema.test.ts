// The API's schemas as JSON Schema: what Valibot's own converter makes of them, but for what is read separately.

import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { expect, test } from "vitest";
import * as answers from "../../src/api/answers.ts";
import { describeSchema } from "../../src/api/json-schema.ts";
import * as schemas from "../../src/api/schemas.ts";

const isSchema = (value: unknown): value is v.GenericSchema =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "schema";

const named = Object.entries({ ...schemas, ...answers }).flatMap(([name, value]) =>
  isSchema(value) ? [[name, value] as const] : [],
);

test("there are schemas of bodies and of answers", () => {
  expect(named.map(([name]) => name)).toEqual(
    expect.arrayContaining(["mintBody", "routeBody", "auditAnswer"]),
  );
});

test.each(named)("%s is described as Valibot's converter does", (_name, schema) => {
  const { $schema, ...converted } = toJsonSchema(schema, {
    target: "draft-2020-12",
    typeMode: "input",
    errorMode: "ignore",
    overrideAction({ valibotAction }) {
      const { metadata } = valibotAction as Partial<
        v.MetadataAction<unknown, Record<string, v.GenericSchema>>
      >;
      const bare = (inner: v.GenericSchema) => describeSchema(inner) as object;
      if (metadata?.["eachItem"]) return { type: "array", items: bare(metadata["eachItem"]) };
      if (metadata?.["eachValue"]) {
        return { type: "object", additionalProperties: bare(metadata["eachValue"]) };
      }
      return undefined;
    },
  });
  expect(describeSchema(schema)).toEqual(JSON.parse(JSON.stringify(converted)));
});

test("a schema of a kind that is not used here is refused, not left out", () => {
  expect(() => describeSchema(v.bigint())).toThrow("bigint");
});
