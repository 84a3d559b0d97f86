// The OpenAPI 3.1 document, made of the operations themselves: their schemas, statuses and problems.

import { SCOPES } from "../core/token.ts";
import { problemAnswer } from "./answers.ts";
import { describeSchema } from "./json-schema.ts";
import { LIMIT } from "./list.ts";
import type {
  ApiDocument,
  DescribedOperation,
  DescribedResponse,
  JsonSchema,
  Parameter,
  Responses,
} from "./openapi.ts";
import type { Operation, QueryName, Schema } from "./operation.ts";
import { exampleOf, PROBLEM_TYPES, type ProblemType } from "./problem.ts";
import { STATS_DAYS } from "./records.ts";

const QUERY: Readonly<Record<QueryName, Parameter>> = {
  limit: parameter("limit", "query", "Items of a page.", {
    type: "integer",
    minimum: LIMIT.least,
    maximum: LIMIT.most,
    default: LIMIT.default,
  }),
  limitIfAny: parameter("limit", "query", "Items of a page; without it and a cursor, all of them.", {
    type: "integer",
    minimum: LIMIT.least,
    maximum: LIMIT.most,
  }),
  cursor: parameter("cursor", "query", "Of the page before; without it, the first page.", { type: "string" }),
  days: parameter("days", "query", "Days, today among them.", {
    type: "integer",
    minimum: STATS_DAYS.least,
    maximum: STATS_DAYS.most,
    default: STATS_DAYS.default,
  }),
  force: parameter("force", "query", "Enforce although the domain is not ready; the audit says so.", {
    type: "boolean",
    default: false,
  }),
};

const PATH: Readonly<Record<string, Parameter>> = {
  domain: parameter("domain", "path", "A domain name.", { type: "string" }),
  localPart: parameter("localPart", "path", "A local-part, or * for all others.", { type: "string" }),
  number: parameter("number", "path", "A key number.", { type: "integer", minimum: 0, maximum: 9 }),
  id: parameter("id", "path", "A token's id.", { type: "string" }),
};

const DESCRIPTION = `Signed reverse-paths for the mail that you send, and everything that decides what comes back.

Send \`Authorization: Bearer\` with the admin token or one that was made at /v1/tokens. A token has scopes (${SCOPES.join(", ")}; admin includes the rest) and domains; what is outside of them answers 403, whether it exists or not.

Failures are application/problem+json (RFC 9457). Besides those that each operation lists, any path that is not here answers 404 \`not-found\`, and any other method 405 \`method-not-allowed\` with \`Allow\`.`;

/** Statuses of success, for people. */
const SUCCESS: Readonly<Record<number, string>> = { 200: "Done", 201: "Created", 204: "Deleted" };

/** The document that describes these operations. */
export function describeApi(operations: readonly Operation[]): ApiDocument {
  const paths: Record<string, Record<string, DescribedOperation>> = {};
  const names = nameSchemas(operations);
  for (const declared of operations) {
    const path = declared.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [declared.method]: describeOperation(declared, names) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Countersign",
      version: "1",
      description: DESCRIPTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: Object.fromEntries([...names].map(([schema, name]) => [name, describeSchema(schema)])),
      examples: Object.fromEntries(PROBLEM_TYPES.map((type) => [type, { value: exampleOf(type) }])),
    },
  };
}

/** The problems that an operation can answer: its own, and those that follow from what it is. */
export function problemsOf({ scope, body, problems = [] }: Operation): ProblemType[] {
  if (scope === null) return ["internal", "misconfigured"];
  const possible = new Set<ProblemType>([
    ...(body === undefined ? [] : BODY_PROBLEMS),
    ...problems,
    "unauthorized",
    "forbidden",
    "too-many-requests",
    "internal",
    "misconfigured",
    "storage-unreachable",
  ]);
  return PROBLEM_TYPES.filter((type) => possible.has(type));
}

const BODY_PROBLEMS: readonly ProblemType[] = [
  "malformed-body",
  "too-large",
  "unsupported-media-type",
  "unusable-values",
];

type Names = ReadonlyMap<Schema, string>;

/** A name for each schema: that of the first operation that has it. */
function nameSchemas(operations: readonly Operation[]): Names {
  const names = new Map<Schema, string>([[problemAnswer, "Problem"]]);
  for (const { id, body, answer } of operations) {
    const name = id.charAt(0).toUpperCase() + id.slice(1);
    if (body !== undefined && !names.has(body)) names.set(body, `${name}Body`);
    if (answer !== null && !names.has(answer)) names.set(answer, `${name}Answer`);
  }
  return names;
}

function refer(names: Names, schema: Schema): JsonSchema {
  return { $ref: `#/components/schemas/${names.get(schema)}` };
}

function describeOperation(declared: Operation, names: Names): DescribedOperation {
  const { id, scope, summary, description, path, query = [], body, form, example } = declared;
  const content = body && { schema: refer(names, body), example: example.body };
  const named = [...path.matchAll(/:(\w+)/g)].map((match) => parameterOf(match[1] ?? ""));
  return {
    operationId: id,
    tags: [path.split("/").at(path.startsWith("/v1/domains/:domain/") ? 4 : 2) ?? "deployment"],
    summary,
    ...(description === undefined ? {} : { description }),
    // OAuth 2.0 aside, names here are roles that the caller needs (OpenAPI 3.1, 4.8.30).
    security: scope === null ? [] : [{ token: [scope] }],
    parameters: [...named, ...query.map((name) => QUERY[name])],
    ...(content && {
      requestBody: {
        required: true,
        content: {
          "application/json": content,
          ...(form && { "application/x-www-form-urlencoded": content, "multipart/form-data": content }),
        },
      },
    }),
    responses: { ...describeSuccess(declared, names), ...describeProblems(problemsOf(declared)) },
  };
}

function describeSuccess({ statuses, answer, plain, example }: Operation, names: Names): Responses {
  const content = answer && {
    "application/json": { schema: refer(names, answer), example: example.answer },
    ...(plain !== undefined && {
      "text/plain": { schema: { type: "string", description: plain } },
    }),
  };
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: SUCCESS[status] ?? "Done", ...(content && status !== 204 ? { content } : {}) },
    ]),
  );
}

function describeProblems(types: readonly ProblemType[]): Responses {
  const byStatus = new Map<number, ProblemType[]>();
  for (const type of types) {
    const { status } = exampleOf(type);
    byStatus.set(status, [...(byStatus.get(status) ?? []), type]);
  }
  return Object.fromEntries([...byStatus].map(([status, named]) => [status, describeProblem(status, named)]));
}

function describeProblem(status: number, types: readonly ProblemType[]): DescribedResponse {
  const header =
    status === 401 ? "WWW-Authenticate" : status === 429 || status === 503 ? "Retry-After" : null;
  const examples = types.map((type) => [type, { $ref: `#/components/examples/${type}` }]);
  return {
    description: types.map((type) => exampleOf(type).title).join(" "),
    ...(header && { headers: { [header]: { schema: { type: "string" } } } }),
    content: {
      "application/problem+json": {
        schema: { $ref: "#/components/schemas/Problem" },
        examples: Object.fromEntries(examples),
      },
    },
  };
}

function parameterOf(name: string): Parameter {
  const known = PATH[name];
  if (known === undefined) throw new Error(`The parameter ${name} is not described.`);
  return known;
}

function parameter(
  name: string,
  place: "query" | "path",
  description: string,
  schema: JsonSchema,
): Parameter {
  return { name, in: place, required: place === "path", description, schema };
}
