// The OpenAPI document held against what the Worker answers: every response must be one that the document describes.

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>>; readonly examples: object };
}

interface DescribedOperation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, DescribedContent>> };
  readonly responses: Readonly<
    Record<
      string,
      { readonly content?: Readonly<Record<string, DescribedContent>>; readonly headers?: object }
    >
  >;
}

interface DescribedContent {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly $ref: string }>>;
}

/** Checks values against schemas of the document. */
export function createChecker(document: Document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema({ $id: "https://document.example/", ...document });
  const compiled = new Map<object, ValidateFunction>();
  /** What is wrong with the value; empty where nothing is. */
  return function findFaults(schema: object, value: unknown): readonly string[] {
    const resolved = "$ref" in schema ? { $ref: `https://document.example/${String(schema.$ref)}` } : schema;
    const validate = compiled.get(schema) ?? ajv.compile(resolved);
    compiled.set(schema, validate);
    return validate(value)
      ? []
      : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  };
}

/** What a response is that the document does not describe; null where it does. */
export async function findUndescribed(
  document: Document,
  findFaults: ReturnType<typeof createChecker>,
  method: string,
  path: string,
  response: Response,
): Promise<string | null> {
  const contentType = response.headers.get("content-type")?.split(";")[0] ?? "";
  const text = await response.text();
  const value: unknown = contentType.endsWith("json") ? JSON.parse(text) : text;
  const operation = operationFor(document, method, path);
  if (operation === null) {
    const { type = "" } = value as { type?: string };
    const known = ["not-found", "method-not-allowed", "unauthorized"].includes(type.split(":").at(-1) ?? "");
    return known ? null : `${response.status} of a path that is not described`;
  }
  const described = operation.responses[response.status];
  if (described === undefined) return `status ${response.status}`;
  if (described.content === undefined) return text === "" ? null : "a body";
  const content = described.content[contentType];
  if (content === undefined) return `a body of type ${contentType}`;
  const faults = findFaults(content.schema, value);
  if (faults.length > 0) return `${text.slice(0, 200)}: ${faults.join("; ")}`;
  const { type = "" } = value as { type?: string };
  const problem = type.split(":").at(-1) ?? "";
  return content.examples === undefined || problem in content.examples ? null : `the problem ${problem}`;
}

/** A Worker whose every answer is held against its own document. */
export async function startDescribedWorker(
  options: Parameters<typeof startWorker>[0] = {},
): Promise<LocalWorker> {
  const worker = await startWorker(options);
  const document = (await (await worker.call("GET", "/openapi.json")).json()) as Document;
  const findFaults = createChecker(document);
  return {
    ...worker,
    async call(method, path, body, headers) {
      const response = await worker.call(method, path, body, headers);
      const undescribed = await findUndescribed(document, findFaults, method, path, response.clone());
      if (undescribed !== null)
        throw new Error(`${method} ${path} answers what is not described: ${undescribed}`);
      return response;
    },
  };
}

function operationFor(document: Document, method: string, path: string): DescribedOperation | null {
  const bare = path.split("?")[0] ?? path;
  for (const [template, operations] of Object.entries(document.paths)) {
    const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    const operation = operations[method.toLowerCase()];
    // Fixed names come before parameters, as they do in the routes.
    if (operation !== undefined && pattern.test(bare)) return operation;
  }
  return null;
}
