// Tokens over the API of the built Worker, in workerd: what each may do, what it never learns, and how it ends.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalWorker } from "../../src/local/worker.ts";
import { startDescribedWorker } from "../api/described.ts";

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startDescribedWorker();
  for (const domain of ["mine.example", "theirs.example"]) {
    await call("PUT", `/v1/domains/${domain}`, {});
    await call("PUT", `/v1/domains/${domain}/routes/alice`, { action: "consume" });
  }
});
afterAll(() => worker.stop());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Calls as the operator, or with a token. */
async function call(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await worker.call(method, path, body, headers);
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

async function make(scopes: readonly string[], domains: readonly string[], by?: string) {
  const { status, body } = await call("POST", "/v1/tokens", { name: "a test", scopes, domains }, by);
  expect(status).toBe(201);
  return { id: String(body["id"]), token: String(body["token"]) };
}

const MINE = "/v1/domains/mine.example";
const THEIRS = "/v1/domains/theirs.example";
const NOBODYS = "/v1/domains/nobodys.example";
const ROUTE = { action: "consume" };

/** One call for each operation that a scope is needed for, on a domain. */
const CALLS: readonly [scope: string, method: string, path: string, body?: unknown][] = [
  ["sign", "POST", "/v1/addresses", { address: "alice@mine.example" }],
  ["validate", "POST", "/v1/addresses/validate", { address: "alice@mine.example" }],
  ["read", "GET", "/v1/domains"],
  ["read", "GET", MINE],
  ["read", "GET", `${MINE}/readiness`],
  ["read", "GET", `${MINE}/routes`],
  ["read", "GET", `${MINE}/routes/alice`],
  ["admin", "GET", `${MINE}/keys`],
  ["admin", "PUT", MINE, {}],
  ["admin", "PATCH", MINE, {}],
  ["admin", "PUT", `${MINE}/routes`, { routes: { alice: ROUTE } }],
  ["admin", "PUT", `${MINE}/routes/alice`, ROUTE],
  ["admin", "POST", `${MINE}/keys`, { number: 10 }],
  ["admin", "GET", "/v1/tokens"],
  ["admin", "POST", "/v1/tokens", {}],
];

describe.each(["sign", "validate", "read", "admin"])("a token of scope %s", (scope) => {
  let token: string;
  beforeAll(async () => {
    ({ token } = await make([scope], ["mine.example"]));
  });

  test.each(CALLS)(
    "where %s is needed, to %s %s, is let through only with it",
    async (needed, method, path, body) => {
      const answer = await call(method, path, body, token);
      const isAllowed = scope === needed || scope === "admin";
      if (isAllowed) expect(answer.status).not.toBe(403);
      else expect([answer.status, answer.body["type"]]).toEqual([403, "urn:countersign:problem:forbidden"]);
    },
  );
});

describe("a token for one domain", () => {
  let token: string;
  beforeAll(async () => {
    ({ token } = await make(["admin"], ["mine.example"]));
  });

  test("reads the same of any other, configured or not", async () => {
    const asked: [string, string, unknown?][] = [
      ["GET", ""],
      ["PUT", "", {}],
      ["PATCH", "", { mode: "wrong" }],
      ["DELETE", ""],
      ["GET", "/readiness"],
      ["GET", "/routes"],
      ["PUT", "/routes", "{"],
      ["GET", "/routes/alice"],
      ["PUT", "/routes/alice", ROUTE],
      ["DELETE", "/routes/alice"],
      ["GET", "/keys"],
      ["POST", "/keys", {}],
      ["DELETE", "/keys/0"],
    ];
    for (const [method, path, body] of asked) {
      const theirs = await call(method, THEIRS + path, body, token);
      expect([method, path, theirs.status]).toEqual([method, path, 403]);
      expect(await call(method, NOBODYS + path, body, token)).toEqual(theirs);
      expect(await call(method, `/v1/domains/no-dot${path}`, body, token)).toEqual(theirs);
    }
    expect((await call("GET", `${THEIRS}/routes/alice`)).status).toBe(200);
  });

  test("neither mints nor validates for any other, nor binds a Message-ID to it", async () => {
    for (const domain of ["theirs.example", "nobodys.example"]) {
      const bodies = [
        { address: `alice@${domain}` },
        { address: "alice@mine.example", from: `alice@${domain}` },
        { address: "alice@mine.example", from: `alice@${domain}`, messageId: false },
      ];
      for (const body of bodies) expect((await call("POST", "/v1/addresses", body, token)).status).toBe(403);
      const validated = await call("POST", "/v1/addresses/validate", { address: `alice@${domain}` }, token);
      expect(validated.status).toBe(403);
    }
  });

  test("in a batch gets what is its own, and for the rest the same answer", async () => {
    const addresses = ["alice@mine.example", "alice@theirs.example", "alice@nobodys.example"];
    const { body } = await call("POST", "/v1/addresses/batch", { addresses }, token);
    const [mine, theirs, nobodys] = body["results"] as { error: object; reversePath: string }[];
    expect(mine?.reversePath).toContain("=alice@mine.example");
    expect(theirs).toEqual({ address: addresses[1], error: expect.objectContaining({ status: 403 }) });
    expect(nobodys?.error).toEqual(theirs?.error);
  });

  test("is shown no other domain, and no token that reaches further", async () => {
    await make(["read"], ["*"]);
    await make(["read"], ["mine.example", "theirs.example"]);
    const { id } = await make(["sign"], ["mine.example"]);
    const domains = await call("GET", "/v1/domains?limit=1", undefined, token);
    expect(domains.body).toEqual({ items: [{ domain: "mine.example" }], cursor: null });
    const { items } = (await call("GET", "/v1/tokens?limit=1000", undefined, token)).body as {
      items: { id: string; domains: string[] }[];
    };
    expect(items.map((item) => item.id)).toContain(id);
    expect(new Set(items.flatMap((item) => item.domains))).toEqual(new Set(["mine.example"]));
  });

  test("may create the domain that it names, and no other", async () => {
    const own = (await make(["admin"], ["new.example"])).token;
    expect((await call("PUT", "/v1/domains/new.example", {}, own)).status).toBe(201);
    expect((await call("PUT", "/v1/domains/newer.example", {}, own)).status).toBe(403);
    expect((await call("DELETE", "/v1/domains/new.example", undefined, own)).status).toBe(204);
  });

  test("makes no token that may do more than itself", async () => {
    const asked = { name: "more", scopes: ["read"] };
    for (const domains of [["*"], ["theirs.example"], ["mine.example", "nobodys.example"]]) {
      expect((await call("POST", "/v1/tokens", { ...asked, domains }, token)).status).toBe(403);
    }
    const made = await make(["admin"], ["Mine.Example"], token);
    expect((await call("GET", MINE, undefined, made.token)).status).toBe(200);
  });

  test("revokes its own, and learns nothing of others", async () => {
    const mine = await make(["read"], ["mine.example"]);
    const all = await make(["read"], ["*"]);
    const outside = await call("DELETE", `/v1/tokens/${all.id}`, undefined, token);
    expect(outside.status).toBe(403);
    expect(await call("DELETE", "/v1/tokens/00000000000000000000", undefined, token)).toEqual(outside);
    expect((await call("GET", "/v1/domains", undefined, all.token)).status).toBe(200);
    expect((await call("DELETE", `/v1/tokens/${mine.id}`, undefined, token)).status).toBe(204);
    expect((await call("GET", MINE, undefined, mine.token)).status).toBe(401);
  });
});

describe("a token", () => {
  test("is shown once, and never again", async () => {
    const { id, token } = await make(["read"], ["mine.example"]);
    const listed = await worker.call("GET", "/v1/tokens?limit=1000");
    const text = await listed.text();
    expect(text).toContain(id);
    expect(text).not.toContain(token.slice(-40));
    expect(JSON.stringify(worker.lines())).not.toContain(token.slice(-40));
  });

  test("that is revoked is refused at once, like one that never was", async () => {
    const { id, token } = await make(["read"], ["mine.example"]);
    expect((await call("GET", MINE, undefined, token)).status).toBe(200);
    expect((await call("DELETE", `/v1/tokens/${id}`)).status).toBe(204);
    const refused = await call("GET", MINE, undefined, token);
    expect(refused.status).toBe(401);
    expect(refused).toEqual(await call("GET", MINE, undefined, "cs_invented"));
    expect((await call("DELETE", `/v1/tokens/${id}`)).status).toBe(404);
  });

  test.each<[object, string]>([
    [{}, "#/name"],
    [{ name: "" }, "#/name"],
    [{ name: "x".repeat(101) }, "#/name"],
    [{ name: "line\nbreak" }, "#/name"],
    [{ scopes: [] }, "#/scopes"],
    [{ scopes: ["root"] }, "#/scopes/0"],
    [{ scopes: ["read", "read"] }, "#/scopes"],
    [{ domains: undefined }, "#/domains"],
    [{ domains: [] }, "#/domains"],
    [{ domains: ["*", "mine.example"] }, "#/domains"],
    [{ domains: ["mine.example", "MINE.example"] }, "#/domains"],
    [{ domains: ["*.example"] }, "#/domains/0"],
    [{ domains: ["nodot"] }, "#/domains/0"],
    [{ domains: Array.from({ length: 1_001 }, (_, n) => `d${n}.example`) }, "#/domains"],
    [{ expires: "never" }, "#/expires"],
  ])("is not made of %.60j", async (spoiled, pointer) => {
    const valid = { name: "valid", scopes: ["read"], domains: ["mine.example"] };
    const asked =
      Object.keys(spoiled).length === 0 ? { ...valid, name: undefined } : { ...valid, ...spoiled };
    const { status, body } = await call("POST", "/v1/tokens", asked);
    expect([status, body["errors"]]).toEqual([422, [{ pointer, detail: expect.any(String) }]]);
  });

  test("is listed by age, page by page, whatever comes and goes between", async () => {
    const made = [];
    for (let n = 0; n < 5; n++) made.push((await make(["read"], ["paged.example"])).id);
    const pager = (await make(["admin"], ["paged.example"])).token;
    const first = await call("GET", "/v1/tokens?limit=2", undefined, pager);
    const { items, cursor } = first.body as { items: { id: string }[]; cursor: string };
    expect(items.map(({ id }) => id)).toEqual(made.slice(0, 2));
    await call("DELETE", `/v1/tokens/${made[1]}`);
    await call("DELETE", `/v1/tokens/${made[2]}`);
    const second = await call("GET", `/v1/tokens?limit=2&cursor=${cursor}`, undefined, pager);
    expect((second.body["items"] as { id: string }[]).map(({ id }) => id)).toEqual(made.slice(3));
  });
});
