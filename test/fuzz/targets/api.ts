// Requests to the HTTP API, of any path, header and body. Each answer is one that the document describes, none is a failure of
// ours, none shows a secret; only who may gets a yes; and what is refused, or only read, changes nothing.

import fc from "fast-check";
import { expect } from "vitest";
import { createApi } from "../../../src/api/app.ts";
import { readRouteName } from "../../../src/api/schemas.ts";
import { lowerCase, splitPath } from "../../../src/core/mailbox.ts";
import { checkSettings } from "../../../src/core/settings.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../src/core/snapshot.ts";
import { validateTag } from "../../../src/core/tag-status.ts";
import { createChecker, type Document, findUndescribed } from "../../api/described.ts";
import { NOW } from "../../core/fixtures.ts";
import { address, tagged } from "../addresses.ts";
import {
  ADMIN_TOKEN,
  type ApiDeployment,
  createDeployment,
  GRANTS,
  KEYRING_SECRET,
  TOKENS,
} from "../api-deployment.ts";
import { mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

export interface Asked {
  readonly method: string;
  /** With its query, as it is sent. */
  readonly path: string;
  /** `{sign}` and the like stand for tokens, `{operator}` for the operator's. */
  readonly authorization: string | null;
  readonly accept: string | null;
  readonly contentType: string | null;
  readonly body: string | null;
}

/** What a key is brought along with; nothing ever shows it. */
const KEY_SECRET = "Tr0ub4dor-key-secret";

const SECRETS = [ADMIN_TOKEN, KEYRING_SECRET, ...Object.values(TOKENS)];

const { app, document } = createApi();
const described = JSON.parse(JSON.stringify(document())) as Document;
const findFaults = createChecker(described);

/** Who bears this token, by RFC 6750, 2.1. */
export function callerOf(authorization: string, tokens: Readonly<Record<string, string>>): string | null {
  const [scheme = "", ...rest] = authorization.split(" ");
  if (scheme.toLowerCase() !== "bearer") return null;
  const text = rest.filter((word) => word !== "").join(" ");
  return Object.keys(tokens).find((name) => tokens[name] === text) ?? null;
}

/** What a call needs, by the contract; null where anyone may. */
function scopeOf(method: string, path: string): string | null {
  if (!path.startsWith("/v1/")) return null;
  if (path === "/v1/addresses" || path === "/v1/addresses/batch") return "sign";
  if (path === "/v1/addresses/validate") return "validate";
  if (/^\/v1\/tokens(?:\/|$)|\/(?:keys|webhook)(?:\/|$)/.test(path)) return "admin";
  return method === "GET" || method === "HEAD" ? "read" : "admin";
}

/** The request; null where no client could send it. */
export function requestOf(asked: Asked, tokens: Readonly<Record<string, string>>): Request | null {
  const { method, path, authorization, accept, contentType, body } = asked;
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (whole, name: string) => tokens[name] ?? whole);
  const headers = [
    ["authorization", authorization],
    ["accept", accept],
    ["content-type", contentType],
  ] as const;
  try {
    const sent = headers.flatMap(([name, value]) =>
      value === null ? [] : [[name, fill(value)] as [string, string]],
    );
    const carried =
      method === "GET" || method === "HEAD" || body === null
        ? {}
        : { body: body.replaceAll("{secret}", KEY_SECRET) };
    const url = new URL(`http://localhost${path}`);
    return url.host === "localhost" ? new Request(url, { method, headers: sent, ...carried }) : null;
  } catch {
    return null;
  }
}

/**
 * What holds of any answer.
 * @param caller by name; null for a stranger
 * @param secrets that no answer may show
 */
export async function checkAnswer(
  request: Request,
  response: Response,
  caller: string | null,
  secrets: readonly string[],
): Promise<void> {
  const { method } = request;
  const { pathname, search } = new URL(request.url);
  const { status, headers } = response;
  const text = await response.clone().text();
  expect([200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422]).toContain(status);
  expect([headers.get("cache-control"), headers.get("x-content-type-options")]).toEqual([
    "no-store",
    "nosniff",
  ]);
  expect(headers.get("x-request-id")).toMatch(/^[\w=-]{1,255}$/);
  if (status >= 400) expect(headers.get("content-type")).toBe("application/problem+json");
  if (status >= 400 && method !== "HEAD")
    expect(JSON.parse(text)).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
  if (status === 401) expect(headers.get("www-authenticate")).toBe("Bearer");
  if (status === 405) expect(headers.get("allow")).toMatch(/^[A-Z]+(?:, [A-Z]+)*$/);
  for (const secret of [KEY_SECRET, ...secrets]) expect(text).not.toContain(secret);
  if (method !== "HEAD")
    expect(await findUndescribed(described, findFaults, method, pathname + search, response)).toBeNull();

  if (status >= 300) return;
  const scope = scopeOf(method, pathname);
  if (scope === null) {
    expect(["/health", "/openapi.json"]).toContain(pathname);
    return;
  }
  expect(caller).not.toBeNull();
  const grant = GRANTS[caller ?? ""] ?? { scopes: ["admin"], domains: ["*"] };
  expect(grant.scopes.some((one) => one === scope || one === "admin")).toBe(true);
  if (method === "POST" && pathname === "/v1/tokens") {
    const { scopes, domains } = JSON.parse(text) as { scopes: string[]; domains: string[] };
    expect(scopes.every((one) => grant.scopes.some((own) => own === one || own === "admin"))).toBe(true);
    expect(domains.every((one) => grant.domains.some((own) => own === one || own === "*"))).toBe(true);
  }
  const [, segment] = /^\/v1\/domains\/([^/]+)/.exec(pathname) ?? [];
  if (segment !== undefined && !grant.domains.includes("*"))
    expect(grant.domains).toContain(decodeURIComponent(segment).toLowerCase());
}

/** What was minted validates; and a batch of one is told the same. */
async function checkMinting(
  asked: Asked,
  response: Response,
  { ports, snapshots }: ApiDeployment,
): Promise<void> {
  if (
    asked.method !== "POST" ||
    asked.path !== "/v1/addresses" ||
    !/^application\/json$/i.test(asked.contentType ?? "")
  )
    return;
  if (asked.accept !== null || asked.body === null || ![200, 422].includes(response.status)) return;
  const single = await response.clone().json();
  if (response.status === 200) {
    const snapshot =
      snapshots().find(({ domain }) => single.address.endsWith(`@${domain}`)) ??
      expect.fail("No such domain.");
    const path = splitPath(single.reversePath) ?? expect.fail("It is no address.");
    const { status, ref } = await validateTag(path, snapshot, ports.open, NOW);
    expect([status, ref]).toEqual(["valid", single.ref]);
  }
  // Of a mark of byte order only the first is left out.
  if (!/^[ \t\r\n]*\{/.test(asked.body)) return;
  const request = requestOf(
    { ...asked, path: "/v1/addresses/batch", body: `{"addresses":[${asked.body}]}` },
    TOKENS,
  );
  if (request === null) return;
  const batch = await app.fetch(request, ports);
  expect(batch.status).toBe(200);
  const [result] = (await batch.json()).results;
  if (response.status === 422) {
    expect(result.error).toMatchObject({ type: single.type, status: 422 });
    expect(result.error.errors.map(({ detail }: { detail: string }) => detail)).toEqual(
      single.errors.map(({ detail }: { detail: string }) => detail),
    );
  } else {
    // Its nonce is another.
    expect({ ...result, messageId: null }).toEqual({ ...single, messageId: null });
  }
}

/** What is deleted needs no body, and it is not read. */
function isJsonTaken({ method }: Request): boolean {
  return method === "POST" || method === "PUT" || method === "PATCH";
}

async function check(requests: readonly Asked[]): Promise<void> {
  const deployment = createDeployment();
  for (const asked of requests) {
    const request = requestOf(asked, TOKENS);
    if (request === null) continue;
    const before = deployment.state();
    const caller = callerOf(request.headers.get("authorization") ?? "", TOKENS);
    const response = await app.fetch(request.clone(), deployment.ports);
    await checkAnswer(request, response.clone(), caller, SECRETS);
    const isRead =
      ["GET", "HEAD"].includes(request.method) ||
      GRANTS[caller ?? "operator"]?.scopes.every((scope) => scope !== "admin");
    if (response.status >= 400 || isRead) expect(deployment.state()).toBe(before);
    if (
      response.ok &&
      asked.contentType === "application/json" &&
      request.body !== null &&
      isJsonTaken(request)
    ) {
      const value: unknown = JSON.parse(await request.clone().text());
      expect(typeof value === "object" && value !== null && !Array.isArray(value)).toBe(true);
    }
    await checkMinting(asked, response, deployment);
  }
  for (const snapshot of deployment.snapshots()) {
    expect(checkSettings(snapshot.settings)).toEqual([]);
    expect(new Set(snapshot.keys.map(({ number }) => number)).size).toBe(snapshot.keys.length);
    for (const name of snapshot.routes.keys()) expect(readRouteName(name)).toBe(name);
    for (const entry of snapshot.settings.exempt) expect(entry).toBe(lowerCase(entry));
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
  }
}

const odd = fc.constantFrom(
  "%00",
  "%2F",
  "%2f..",
  "%",
  "%zz",
  "%ff",
  "..",
  ".",
  "%2e%2e",
  "é",
  "*",
  "__proto__",
  "a%2Bb",
  "%252F",
  " ",
  ";a=b",
  "A",
  "constructor",
  "%C4%B0",
  "x".repeat(300),
);
const domainName = fc.constantFrom(
  "example.com",
  "example.com",
  "example.com",
  "example.com",
  "example.com",
  "EXAMPLE.com",
  "other.example",
  "new.example",
  "example",
  "xn--bcher-kva.example",
  "example.com.",
  "%65xample.com",
);
const segment = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      "user",
      "*",
      "0",
      "1",
      "9",
      "10",
      "prvs=1=a",
      "a+b",
      "srs0",
      "019ab5f2c3d04be17a90",
    ),
  },
  { weight: 1, arbitrary: odd },
);
const query = fc.oneof(
  fc.constant(""),
  fc
    .array(
      fc
        .tuple(
          fc.constantFrom("limit", "cursor", "days", "force", "x"),
          fc.constantFrom(
            "1",
            "1000",
            "1001",
            "0",
            "-1",
            "1e3",
            "true",
            "%00",
            "%ff",
            "a",
            "",
            "9".repeat(400),
            "NaN",
            "Infinity",
            "example.com",
            "1&limit=2",
          ),
        )
        .map((pair) => pair.join("=")),
      { minLength: 1, maxLength: 3 },
    )
    .map((pairs) => `?${pairs.join("&")}`),
);

/** Places, each with its methods, and what its body is made of. */
const places: fc.Arbitrary<readonly [path: string, methods: string, kind: string]> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ["/v1/addresses", "POST", "mint"] as const,
      ["/v1/addresses", "POST", "mint"] as const,
      ["/v1/addresses/batch", "POST", "batch"] as const,
      ["/v1/addresses/validate", "POST", "validate"] as const,
      ["/v1/tokens", "GET POST", "token"] as const,
      ["/v1/domains", "GET", ""] as const,
      ["/health", "GET", ""] as const,
    ),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        domainName,
        fc.constantFrom(
          ["", "GET PUT PATCH PUT PATCH DELETE", "settings"] as const,
          ["/routes", "GET PUT PUT", "routes"] as const,
          ["/keys", "GET POST POST", "key"] as const,
          ["/webhook", "GET PUT PUT DELETE", "webhook"] as const,
          ["/webhook/redeliver", "POST", "id"] as const,
          ...["stats", "bounces", "rejections", "audit", "readiness"].map(
            (list) => [`/${list}`, "GET", ""] as const,
          ),
        ),
      )
      .map(([name, [rest, methods, kind]]) => [`/v1/domains/${name}${rest}`, methods, kind] as const),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        domainName,
        fc.constantFrom(["routes", "GET PUT PUT DELETE", "route"] as const, ["keys", "DELETE", ""] as const),
        segment,
      )
      .map(
        ([name, [list, methods, kind], item]) =>
          [`/v1/domains/${name}/${list}/${item}`, methods, kind] as const,
      ),
  },
  { weight: 1, arbitrary: segment.map((id) => [`/v1/tokens/${id}`, "DELETE", ""] as const) },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.oneof(odd, fc.constantFrom("v1", "domains", "addresses", "", "example.com", "openapi.json")),
        { maxLength: 4 },
      )
      .map((parts) => [`/${parts.join("/")}`, "GET POST", "mint"] as const),
  },
);

const anyValue = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -0,
      1,
      7,
      90,
      91,
      1.5,
      1e308,
      "",
      "x",
      [],
      {},
      ["a", "a"],
      "\ud800",
      "\0",
      "prvs",
      "cs1",
      "*",
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);
const route = fc.oneof(
  fc.constantFrom<unknown>(
    { action: "consume" },
    { action: "forward", to: ["inbox@example.net"] },
    { action: "reject", reason: "No." },
    { action: "forward", to: ["a@b.c", "A@b.c"] },
    { action: "forward", to: [] },
    { action: "consume", mode: "enforce" },
    { action: "constructor" },
    { action: "reject", reason: "a\r\nb" },
  ),
  anyValue,
);
const minting = {
  address: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        "user@example.com",
        "User@Example.COM",
        "a+b@example.com",
        `${"x".repeat(48)}@example.com`,
      ),
    },
    address,
    fc.tuple(tagged, fc.constant("@example.com")).map((parts) => parts.join("")),
  ),
  from: fc.constantFrom<unknown>("user@example.com", "b@example.com", "a@other.example", 7),
  ref: fc.constantFrom("order-7", "order-7", "-", "a".repeat(24)),
  scheme: fc.constantFrom("prvs", "cs1", "cs1", "cs1", "x"),
  messageId: fc.constantFrom<unknown>(true, false, true, false, "false", null),
};
const FIELDS: Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<unknown>>>>> = {
  mint: minting,
  batch: {
    addresses: fc.oneof(
      fc.array(fc.oneof(address, fc.record(minting, { requiredKeys: [] }), anyValue), { maxLength: 25 }),
      anyValue,
    ),
  },
  validate: {
    address: fc.oneof(
      address,
      fc.tuple(tagged, fc.constantFrom("@example.com", "@other.example", "")).map((parts) => parts.join("")),
      fc.string({ unit: "binary" }),
    ),
  },
  token: {
    name: fc.constantFrom("t", "\u202e", ""),
    scopes: fc.subarray(["sign", "validate", "read", "admin", "x"]),
    domains: fc.subarray(["example.com", "EXAMPLE.com", "other.example", "*", "com"]),
  },
  settings: {
    mode: fc.constantFrom("off", "observe", "enforce"),
    lifetimeDays: fc.constantFrom(1, 90, 0, 91, 1.5, "7"),
    rotateDays: fc.constantFrom(0, -0, 1, 365),
    exempt: fc.constantFrom<unknown>(["a"], ["A@example.com"], ["a@other.example"], ["\u212a"]),
    keys: fc.constantFrom<unknown>(
      [],
      [{ number: 0, secret: "{secret}" }],
      [
        { number: -0, secret: "{secret}" },
        { number: 3, secret: "x" },
      ],
      [{ number: 1, secret: "é{secret}" }],
    ),
    dkimSelectors: fc.constantFrom<unknown>(["s1"], ["S1", "s1"], ["a..b"]),
    maxBouncesPerRef: fc.constantFrom(null, 1, 1001),
  },
  routes: {
    routes: fc.oneof(
      fc.dictionary(
        fc.constantFrom(
          "user",
          "USER",
          "*",
          "a.b",
          "__proto__",
          "constructor",
          "toString",
          "prvs=1=a",
          "a\n",
          "\ud800",
        ),
        route,
        { maxKeys: 5 },
      ),
      anyValue,
    ),
  },
  key: {
    number: fc.constantFrom<unknown>(0, 1, 9, 10, -0, "1"),
    secret: fc.constantFrom("{secret}", "é{secret}", "{secret}\n", ""),
    sign: fc.boolean(),
  },
  webhook: {
    url: fc.constantFrom(
      "https://hooks.example.com/x",
      "http://127.0.0.1/",
      "https://a@b.example/",
      "https://[::1]/",
      "\ud800",
    ),
  },
  id: { id: fc.oneof(fc.constantFrom("y4s5-1", "\ud800", "\0", "x".repeat(60_000)), fc.string()) },
};

function bodyOf(kind: string): fc.Arbitrary<string | null> {
  if (kind === "") return fc.constantFrom(null, null, "{}");
  const fields =
    kind === "route"
      ? route
      : fc.oneof(
          { weight: 6, arbitrary: fc.record(FIELDS[kind] ?? {}, { requiredKeys: [] }) },
          {
            weight: 1,
            arbitrary: fc.dictionary(
              fc.constantFrom(...Object.keys(FIELDS[kind] ?? {}), "__proto__", "constructor", "x"),
              anyValue,
              { maxKeys: 5 },
            ),
          },
        );
  const json = fields.map((value) => JSON.stringify(value));
  const words = [
    '"__proto__":{"address":"user@example.com"},',
    '"address":"user@example.com",',
    '"constructor":1,',
    "[".repeat(20_000),
    "{",
    '"\\ud800"',
    "\ufeff",
    "1e999",
    "null",
    '"x":"'.concat("y".repeat(70_000), '",'),
  ];
  const form = fc
    .array(
      fc
        .tuple(
          fc.constantFrom("address", "ref", "messageId", "from", "__proto__", "address[]", ""),
          fc.constantFrom(
            "user%40example.com",
            "user@example.com",
            "false",
            "true",
            "order-7",
            "%",
            "%00",
            "%ed%a0%80",
            "a+b",
          ),
        )
        .map((pair) => pair.join("=")),
      { maxLength: 4 },
    )
    .map((pairs) => pairs.join("&"));
  const part = fc
    .tuple(
      fc.constantFrom('name="address"', 'name="address"; filename="x"', "name=ref", 'name="__proto__"', ""),
      fc.constantFrom("user@example.com", "", "order-7"),
    )
    .map(([name, value]) => `--b\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}\r\n`);
  const multipart = fc.array(part, { maxLength: 3 }).map((parts) => `${parts.join("")}--b--\r\n`);
  return fc.oneof(
    { weight: 9, arbitrary: mutatedSometimes(json, words) },
    { weight: 1, arbitrary: mutatedSometimes(form, ["&", "=", "%"]) },
    { weight: 1, arbitrary: mutatedSometimes(multipart, ["--b", "\r\n"]) },
    { weight: 1, arbitrary: fc.constantFrom(null, "", "[]", "null", "7", "[{}]") },
  );
}

function mutatedSometimes(texts: fc.Arbitrary<string>, words: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: texts }, { weight: 1, arbitrary: mutated(texts, words) });
}

const otherMethods = fc.constantFrom(
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "QUERY",
  "get",
);
const authorizations = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      "Bearer {operator}",
      "Bearer {operator}",
      "Bearer {operator}",
      "Bearer {all}",
      "Bearer {own}",
      "Bearer {sign}",
      "Bearer {read}",
      "Bearer {validate}",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      null,
      "",
      "Bearer",
      "Bearer ",
      "bearer  {own}  ",
      "Basic {operator}",
      "Bearer {operator}x",
      "Bearer x{operator}",
      "Bearer {sign} {operator}",
      "{operator}",
      "Bearer {operator}, Bearer {sign}",
      "Bearer\t{operator}",
      "Bearer ={operator}",
      `Bearer cs_${"0".repeat(20)}_${"a".repeat(48)}`,
      "Bearer \xff",
    ),
  },
);

export const asked: fc.Arbitrary<Asked> = fc.tuple(places, query).chain(([[path, methods, kind], search]) =>
  fc.record({
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...methods.split(" ")) },
      { weight: 1, arbitrary: otherMethods },
    ),
    path: fc.constant(path + (kind === "mint" ? "" : search)),
    authorization: authorizations,
    accept: fc.option(
      fc.constantFrom(
        "*/*",
        "text/plain",
        "text/plain;q=0.5, application/json;q=x",
        ",,;q=",
        "application/json",
        "\xff",
      ),
      { freq: 1 },
    ),
    contentType: fc.oneof(
      { weight: 9, arbitrary: fc.constant("application/json") },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          null,
          "application/x-www-form-urlencoded",
          "multipart/form-data; boundary=b",
          "multipart/form-data",
          "APPLICATION/JSON; charset=latin1",
          "text/plain",
          "application/json, text/plain",
          ";",
        ),
      },
    ),
    body: bodyOf(kind),
  }),
);

export const api = target<readonly Asked[]>({
  name: "api",
  inputs: seeded("api", fc.array(asked, { minLength: 1, maxLength: 4 })),
  check,
  runs: 400,
});
