// Every failure of the API, as RFC 9457 has it: one table of types, one form of body.

import type { ContentfulStatusCode } from "hono/utils/http-status";

const PROBLEMS = {
  "malformed-body": [400, "The body does not parse."],
  unauthorized: [401, "A valid bearer token is needed."],
  forbidden: [403, "The token does not reach this."],
  "not-found": [404, "There is nothing here."],
  "method-not-allowed": [405, "This resource does not know that method."],
  conflict: [409, "The request conflicts with what is there."],
  "not-ready": [409, "The domain is not ready to enforce."],
  "not-signing": [409, "The domain has no key that signs."],
  "too-large": [413, "The body is too large."],
  "unsupported-media-type": [415, "The body is of a kind that is not read here."],
  "unusable-values": [422, "Some values can't be used."],
  internal: [500, "Something failed here."],
  misconfigured: [500, "This deployment is not configured."],
  "storage-unreachable": [503, "Storage can't be reached just now."],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string]>;

export type ProblemType = keyof typeof PROBLEMS;

/** A field that can't be used: a JSON pointer as a URI fragment (RFC 6901, 6) and a sentence. */
export interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** Where the types live: a name that stays, and that the README explains. */
const TYPE_PREFIX = "urn:countersign:problem:";

/** Seconds after which a client may try again. */
const RETRY_AFTER_S = 10;

/** What every response bears; a problem may be answered before the app is reached. */
const SAFE_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** The response for a failure. */
export function problem(
  type: ProblemType,
  detail: string,
  extra: { errors?: readonly FieldProblem[]; headers?: Record<string, string> } = {},
): Response {
  const [status, title] = PROBLEMS[type];
  const headers = new Headers({
    ...SAFE_HEADERS,
    "content-type": "application/problem+json",
    ...extra.headers,
  });
  if (status === 401) headers.set("www-authenticate", "Bearer");
  if (status === 503) headers.set("retry-after", String(RETRY_AFTER_S));
  const body = {
    type: TYPE_PREFIX + type,
    title,
    status,
    detail,
    ...(extra.errors && { errors: extra.errors }),
  };
  return new Response(JSON.stringify(body), { status, headers });
}

/** The pointer to a field by its path. */
export function pointer(path: readonly (string | number)[]): string {
  const tokens = path.map((key) =>
    encodeURIComponent(String(key).replaceAll("~", "~0").replaceAll("/", "~1")),
  );
  return ["#", ...tokens].join("/");
}

/** The response for values that can't be used. */
export function unusable(errors: readonly FieldProblem[]): Response {
  const named = errors.map((error) => `${error.pointer}: ${error.detail}`).join(" ");
  return problem("unusable-values", named, { errors });
}

/** The response for faults of fields of the body. */
export function unusableFields(faults: readonly { field: string; detail: string }[]): Response {
  return unusable(faults.map(({ field, detail }) => ({ pointer: pointer([field]), detail })));
}

/** The response for a domain that is not configured. */
export function unconfigured(domain: string): Response {
  return problem("not-found", `The domain ${domain} is not configured here.`);
}
