// The schemas of the API as JSON Schema (2020-12), so far as they are used here; a test holds the outcome to Valibot's own
// converter, which would be a twentieth of the Worker. Rules that it can't say are left to the reading.

import type * as v from "valibot";
import type { JsonSchema } from "./openapi.ts";
import type { Schema } from "./operation.ts";

/** A schema, or an action of its pipe, as Valibot holds it. */
type Held = Readonly<Record<string, unknown>> & { readonly kind: string; readonly type: string };

/** What a schema says of items that are read separately. */
type Separate = { readonly eachItem?: Schema; readonly eachValue?: Schema };

/** A schema as JSON Schema, of what goes in. Throws for one of a kind that is not used here. */
export function describeSchema(schema: Schema): JsonSchema {
  const { pipe } = schema as Partial<v.SchemaWithPipe<readonly [Schema]>>;
  if (pipe === undefined) return describeHeld(schema as unknown as Held);
  const [first, ...actions] = pipe as unknown as readonly [Schema, ...Held[]];
  return Object.assign(describeSchema(first), ...actions.map(describeAction));
}

function describeHeld(held: Held): JsonSchema {
  const wrapped = () => describeSchema(held["wrapped"] as Schema);
  const options = () => (held["options"] as readonly Schema[]).map(describeSchema);
  switch (held.type) {
    case "string":
    case "number":
    case "boolean":
      return { type: held.type };
    case "literal":
      return { const: held["literal"] };
    case "picklist":
      return { type: "string", enum: held["options"] as readonly unknown[] };
    case "nullable":
      return { anyOf: [wrapped(), { type: "null" }] };
    case "exact_optional":
      return wrapped();
    case "union":
      return { anyOf: options() };
    case "variant":
      return { oneOf: options() };
    case "array":
      return { type: "array", items: describeSchema(held["item"] as Schema) };
    case "record":
      return {
        type: "object",
        propertyNames: describeSchema(held["key"] as Schema),
        additionalProperties: describeSchema(held["value"] as Schema),
      };
    case "strict_object":
    case "loose_object":
      return describeObject(held);
    case "custom":
    case "unknown":
      return {};
    default:
      throw new Error(`A schema of type ${held.type} is not described here.`);
  }
}

function describeObject({ type, entries }: Held): JsonSchema {
  const fields = Object.entries(entries as Readonly<Record<string, Schema>>);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(([name, field]) => [name, describeSchema(field)])),
    required: fields.filter(([, field]) => field.type !== "exact_optional").map(([name]) => name),
    ...(type === "strict_object" && { additionalProperties: false }),
  };
}

function describeAction(action: Held): JsonSchema {
  const { requirement } = action;
  switch (action.type) {
    case "integer":
      return { type: "integer" };
    case "min_value":
      return { minimum: requirement as number };
    case "max_value":
      return { maximum: requirement as number };
    case "min_length":
      return { minItems: requirement as number };
    case "max_length":
      return { maxItems: requirement as number };
    case "regex":
      return { pattern: (requirement as RegExp).source };
    case "iso_timestamp":
      return { format: "date-time" };
    case "iso_date":
      return { format: "date" };
    case "description":
      return { description: action["description"] as string };
    case "metadata":
      return describeSeparate(action["metadata"] as Separate);
    default:
      return {};
  }
}

function describeSeparate({ eachItem, eachValue }: Separate): JsonSchema {
  if (eachItem !== undefined) return { type: "array", items: describeSchema(eachItem) };
  return eachValue === undefined ? {} : { type: "object", additionalProperties: describeSchema(eachValue) };
}
