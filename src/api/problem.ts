// Every failure of the API, as RFC 9457 has it: one table of types, one form of body.

import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Status, title, and an example of a detail. */
const PROBLEMS = {
  "malformed-body": [400, "The body does not parse.", "The body is no JSON."],
  unauthorized: [401, "A valid bearer token is needed.", "Send Authorization: Bearer with a valid token."],
  forbidden: [403, "The token does not reach this.", "The token has no scope for this: admin is needed."],
  "not-found": [404, "There is nothing here.", "The domain example.net is not configured here."],
  "method-not-allowed": [405, "This resource does not know that method.", "Use GET, HEAD, POST."],
  conflict: [409, "The request conflicts with what is there.", "That number is held by another key."],
  "not-ready": [409, "The domain is not ready to enforce.", "The domain has not been signing for 7 days."],
  "not-signing": [409, "The domain has no key that signs.", "The domain example.com has no key that signs."],
  "too-large": [413, "The body is too large.", "65536 octets are the limit."],
  "unsupported-media-type": [
    415,
    "The body is of a kind that is not read here.",
    "Send JSON, with Content-Type: application/json.",
  ],
  "unusable-values": [
    422,
    "Some values can't be used.",
    "#/address: It has no @: local-part@domain is expected.",
  ],
  "too-many-requests": [
    429,
    "The token has made too many calls.",
    "Try again after as many seconds as Retry-After says.",
  ],
  internal: [500, "Something failed here.", "It was logged; nothing was changed by halves."],
  misconfigured: [500, "This deployment is not configured.", "The secret ADMIN_TOKEN is not set."],
  "storage-unreachable": [503, "Storage can't be reached just now.", "Nothing was lost; try again."],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string, string]>;

export type ProblemType = keyof typeof PROBLEMS;

export const PROBLEM_TYPES = Object.keys(PROBLEMS) as ProblemType[];

/** A failure as the body says it (RFC 9457, 3). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: ContentfulStatusCode;
  readonly detail: string;
  readonly errors?: FieldProblem[];
}

/** A field that can't be used: a JSON pointer as a URI fragment (RFC 6901, 6) and a sentence. */
export interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** Where the types live: a name that stays, and that the README explains. */
export const TYPE_PREFIX = "urn:countersign:problem:";

const ERRORS_AT_MOST = 20;
/** Of a field's name, which may be anything. */
const KEY_CHARACTERS_AT_MOST = 64;

/** Seconds after which a client may try again. */
const RETRY_AFTER_S = 10;

/** What every response bears; a problem may be answered before the app is reached. */
const SAFE_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** A failure as a value. */
export function describeProblem(type: ProblemType, detail: string, errors?: FieldProblem[]): Problem {
  const [status, title] = PROBLEMS[type];
  return { type: TYPE_PREFIX + type, title, status, detail, ...(errors && { errors }) };
}

/** One of each type, for those who read about them. */
export function exampleOf(type: ProblemType): Problem {
  const errors = [{ pointer: "#/address", detail: "It has no @: local-part@domain is expected." }];
  return describeProblem(type, PROBLEMS[type][2], type === "unusable-values" ? errors : undefined);
}

/** The response for a failure. */
export function respond(failure: Problem, more: Record<string, string> = {}): Response {
  const { status } = failure;
  const headers = new Headers({ ...SAFE_HEADERS, "content-type": "application/problem+json", ...more });
  if (status === 401) headers.set("www-authenticate", "Bearer");
  if (status === 429 || status === 503) headers.set("retry-after", String(RETRY_AFTER_S));
  return new Response(JSON.stringify(failure), { status, headers });
}

/** The response for a failure of this type. */
export function problem(type: ProblemType, detail: string, more?: Record<string, string>): Response {
  return respond(describeProblem(type, detail), more);
}

/** The pointer to a field by its path. */
export function pointer(path: readonly (string | number)[]): string {
  const tokens = path.map((key) =>
    // JSON can spell half a surrogate pair, which no URI can.
    encodeURIComponent(
      String(key).slice(0, KEY_CHARACTERS_AT_MOST).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1"),
    ),
  );
  return ["#", ...tokens].join("/");
}

/** Values that can't be used: the first of them, or what is sent wrong would come back a hundred times as large. */
export function describeUnusable(faults: FieldProblem[]): Problem {
  const errors = faults.slice(0, ERRORS_AT_MOST);
  const named = errors.map((error) => `${error.pointer}: ${error.detail}`).join(" ");
  return describeProblem("unusable-values", named, errors);
}

/** The response for values that can't be used. */
export function unusable(errors: FieldProblem[]): Response {
  return respond(describeUnusable(errors));
}

/** The response for faults of fields of the body. */
export function unusableFields(faults: readonly { field: string; detail: string }[]): Response {
  return unusable(faults.map(({ field, detail }) => ({ pointer: pointer([field]), detail })));
}

/** A domain that is not configured. */
export function describeUnconfigured(domain: string): Problem {
  return describeProblem("not-found", `The domain ${domain} is not configured here.`);
}

/** The response for a domain that is not configured. */
export function unconfigured(domain: string): Response {
  return respond(describeUnconfigured(domain));
}
