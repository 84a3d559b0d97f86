// What stands around every call to the built Worker, in workerd: the rate, CORS, request ids, and vars that say so.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";
import { startDescribedWorker } from "../api/described.ts";

const ORIGIN = "https://app.example.com";

describe("by default", () => {
  let worker: LocalWorker;
  /** Without looking at what it answers. */
  let quick: LocalWorker;
  beforeAll(async () => {
    worker = await startDescribedWorker();
    quick = await startWorker();
    await quick.call("PUT", "/v1/domains/example.com", {});
  });
  afterAll(() => Promise.all([worker.stop(), quick.stop()]));

  test("a token calls 1,000 times in 10 s, and then is asked to wait; another is not held up by it", async () => {
    const make = async () => {
      const asked = { name: "busy", scopes: ["validate", "sign"], domains: ["example.com"] };
      const made = await quick.call("POST", "/v1/tokens", asked);
      return { authorization: `Bearer ${((await made.json()) as { token: string }).token}` };
    };
    const [busy, idle] = [await make(), await make()];
    const address = { address: "alice@example.com" };
    const responses: Response[] = [];
    const callOften = async () => {
      // A window that ends on the way makes room for as many again.
      while (responses.length < 5_000 && responses.at(-1)?.status !== 429) {
        responses.push(await quick.call("POST", "/v1/addresses/validate", address, busy));
      }
    };
    await Promise.all(Array.from({ length: 32 }, callOften));
    const refused = responses.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/);
    expect(responses.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1_000);
    const batch = { addresses: ["alice@example.com"] };
    expect((await quick.call("POST", "/v1/addresses/batch", batch, idle)).status).toBe(200);
    expect((await quick.call("GET", "/v1/domains")).status).toBe(200);
  }, 60_000);

  test("no origin is allowed anything, and a preflight is a call without a token", async () => {
    const preflight = await worker.call("OPTIONS", "/v1/addresses", undefined, {
      authorization: "",
      origin: ORIGIN,
      "access-control-request-method": "POST",
    });
    expect(preflight.status).toBe(401);
    expect([...preflight.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("a response bears the id of its request, the caller's own where he gave one that can be one", async () => {
    const idOf = async (given: string, path = "/v1/domains", authorization?: string) => {
      const headers = { "x-request-id": given, ...(authorization === undefined ? {} : { authorization }) };
      return (await worker.call("GET", path, undefined, headers)).headers.get("x-request-id");
    };
    expect(await idOf("a-failure", "/v1/domains/none.example")).toBe("a-failure");
    expect(await idOf("a-stranger", "/v1/domains", "Bearer x")).toBe("a-stranger");
    expect(await idOf("a-wrong-path", "/nothing")).toBe("a-wrong-path");
    expect(await idOf("a-wrong-method", "/v1/addresses")).toBe("a-wrong-method");
    expect(await idOf("order-7")).toBe("order-7");
    expect(await idOf("a b\tc")).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf("x".repeat(300))).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("a response is bound to its type, its page and this origin", async () => {
    for (const path of ["/health", "/openapi.json", "/docs", "/style.css", "/v1/domains", "/v1/nothing"]) {
      const { headers } = await quick.call("GET", path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("strict-transport-security")).toContain("max-age");
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });
});

describe("with CORS_ORIGINS and MAX_BATCH", () => {
  let worker: LocalWorker;
  beforeAll(async () => {
    worker = await startWorker({
      vars: { CORS_ORIGINS: `${ORIGIN}, http://localhost:3000`, MAX_BATCH: "2" },
    });
    await worker.call("PUT", "/v1/domains/example.com", {});
  });
  afterAll(() => worker.stop());

  const allowed = (response: Response) => response.headers.get("access-control-allow-origin");

  test("a page of a named origin may call, after asking; its failures can be read too", async () => {
    const preflight = await worker.call("OPTIONS", "/v1/addresses", undefined, {
      authorization: "",
      origin: ORIGIN,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    });
    expect([preflight.status, allowed(preflight)]).toEqual([204, ORIGIN]);
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(/authorization/i);
    expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    for (const [authorization, status] of [
      [undefined, 200],
      ["", 401],
      ["Bearer x", 401],
    ] as const) {
      const headers = { origin: ORIGIN, ...(authorization === undefined ? {} : { authorization }) };
      const response = await worker.call("GET", "/v1/domains", undefined, headers);
      expect([response.status, allowed(response)]).toEqual([status, ORIGIN]);
      expect(response.headers.get("vary")).toMatch(/origin/i);
    }
  });

  test.each([
    "https://app.example.com.evil.example",
    "https://evil.example",
    "null",
    "http://app.example.com",
  ])("%s may not", async (origin) => {
    const headers = { authorization: "", origin, "access-control-request-method": "POST" };
    expect(allowed(await worker.call("OPTIONS", "/v1/addresses", undefined, headers))).toBeNull();
    expect(allowed(await worker.call("GET", "/v1/domains", undefined, { origin }))).toBeNull();
  });

  test("nothing but the API is shared", async () => {
    expect(allowed(await worker.call("GET", "/health", undefined, { origin: ORIGIN }))).toBeNull();
  });

  test("a batch has as many addresses as the var says", async () => {
    const send = (addresses: string[]) => worker.call("POST", "/v1/addresses/batch", { addresses });
    expect((await send(["a@example.com", "b@example.com"])).status).toBe(200);
    expect((await send(["a@example.com", "b@example.com", "c@example.com"])).status).toBe(422);
  });
});

test.each([
  { CORS_ORIGINS: "*" },
  { CORS_ORIGINS: "https://app.example.com/" },
  { CORS_ORIGINS: "http://app.example.com" },
  { MAX_BATCH: "0" },
  { MAX_BATCH: "many" },
  { DOH_URL: "http://resolver.example/" },
  { DOH_URL: "https://user:secret@resolver.example/" },
])("a deployment with %j says so on every request", async (vars) => {
  const worker = await startWorker({ vars: vars as Record<string, string> });
  try {
    const response = await worker.call("GET", "/health");
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({
      type: "urn:countersign:problem:misconfigured",
      detail: expect.stringContaining(Object.keys(vars)[0] ?? ""),
    });
  } finally {
    await worker.stop();
  }
});
