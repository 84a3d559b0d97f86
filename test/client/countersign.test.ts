// The client against the built Worker, in workerd; and against a server that fails in every way that servers do.

import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createTestHarness } from "wrangler";
import { Countersign, CountersignError, isMinted, type Route } from "../../src/client/countersign.ts";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";

const FORWARD: Route = { action: "forward", to: ["alice@inbox.example"] };

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** What the call failed with. */
async function failureOf(call: Promise<unknown>): Promise<CountersignError> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CountersignError) return error;
  throw new Error(`No CountersignError: ${String(error)}`);
}

describe("with the Worker", () => {
  let worker: LocalWorker;
  let client: Countersign;
  beforeAll(async () => {
    worker = await startWorker();
    client = worker.client;
    await client.domains.put("example.com");
  });
  afterAll(() => worker.stop());

  test("mints what validates, with the ref that was given", async () => {
    const minted = await client.mint("alice@example.com", { ref: "order-7" });
    expect(minted).toMatchObject({ address: "alice@example.com", scheme: "cs1", key: 0, ref: "order-7" });
    expect(minted.messageId).toMatch(/^<cs1\..*\.order-7@example\.com>$/);
    expect(await client.validate(minted.reversePath)).toEqual({
      status: "valid",
      original: "alice@example.com",
      scheme: "cs1",
      key: 0,
      expires: minted.expires,
      ref: "order-7",
    });
  });

  test("mints without a Message-ID, and with one that is bound to another address", async () => {
    const { messageId } = await client.mint("alice@example.com", { messageId: false, scheme: "prvs" });
    expect(messageId).toBeNull();
    const minted = await client.mint("bounces@example.com", { from: "alice@example.com" });
    expect(minted.messageId).toMatch(/@example\.com>$/);
  });

  test("mints in a batch, in order, and each item fails by itself", async () => {
    const results = await client.mintBatch([
      "alice@example.com",
      { address: "bob@example.com", ref: "order-8", messageId: false },
      "carol@elsewhere.example",
      "no address",
    ]);
    expect(results.map(isMinted)).toEqual([true, true, false, false]);
    expect(results).toMatchObject([
      { address: "alice@example.com", scheme: "prvs" },
      { address: "bob@example.com", ref: "order-8", messageId: null },
      { address: "carol@elsewhere.example", error: { type: "urn:countersign:problem:not-found" } },
      { address: "no address", error: { status: 422, errors: [{ pointer: "#/addresses/3" }] } },
    ]);
  });

  test("creates, reads, changes and deletes a domain", async () => {
    const key = { number: 3, secret: "shared with another" };
    const created = await client.domains.put("example.net", { lifetimeDays: 5, keys: [key] });
    expect(created).toMatchObject({ domain: "example.net", mode: "observe", lifetimeDays: 5 });
    expect(Date.parse(created.effectiveBy ?? "")).toBeGreaterThan(Date.now());
    const changed = await client.domains.patch("example.net", { exempt: ["dmarc"] });
    expect(changed).toMatchObject({ lifetimeDays: 5, exempt: ["dmarc"] });
    expect(await client.domains.read("example.net")).toMatchObject({ lifetimeDays: 5, exempt: ["dmarc"] });
    expect(await client.domains.put("example.net", {})).toMatchObject({ lifetimeDays: 7, exempt: [] });
    expect(await client.domains.delete("example.net")).toBeUndefined();
    expect((await failureOf(client.domains.read("example.net"))).status).toBe(404);
  });

  test("enforces before its time only where it is forced to", async () => {
    await client.domains.put("example.org");
    expect((await client.domains.readiness("example.org")).ready).toBe(false);
    for (const change of ["put", "patch"] as const) {
      const enforce = { mode: "enforce" } as const;
      const refused = await failureOf(client.domains[change]("example.org", enforce));
      expect([refused.status, refused.type]).toEqual([409, "urn:countersign:problem:not-ready"]);
      const forced = await client.domains[change]("example.org", enforce, { force: true });
      expect(forced.mode).toBe("enforce");
      await client.domains.patch("example.org", { mode: "observe" });
    }
    await client.domains.delete("example.org");
  });

  test("lists the domains over as many pages as there are", async () => {
    const names = Array.from({ length: 5 }, (_, n) => `d${n}.example`);
    for (const name of names) await client.domains.put(name);
    expect(await collect(client.domains.list({ limit: 2 }))).toEqual([...names, "example.com"]);
    expect(await collect(client.domains.list())).toEqual([...names, "example.com"]);
    for (const name of names) await client.domains.delete(name);
  });

  test("sets, reads, lists, replaces and removes routes", async () => {
    const routes = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`list-${n}`, FORWARD]));
    expect((await client.routes.replace("example.com", routes)).routes).toEqual(routes);
    expect(await client.routes.put("example.com", "*", { action: "consume" })).toMatchObject({
      action: "consume",
    });
    expect(await client.routes.get("example.com", "list-0")).toEqual(FORWARD);
    const all = { ...routes, "*": { action: "consume" } };
    expect(await client.routes.read("example.com")).toEqual(all);
    for (const limit of [2, 1000]) {
      expect(Object.fromEntries(await collect(client.routes.list("example.com", { limit })))).toEqual(all);
    }
    expect(await client.routes.delete("example.com", "list-0")).toBeUndefined();
    expect((await failureOf(client.routes.delete("example.com", "list-0"))).status).toBe(404);
    await client.routes.replace("example.com", {});
  });

  const ODD = ["a/b", "a?b=c&d", "a#b", "100%", "a%2fb", "%41", "a+b", "a'b", "{x}|`^~", "__proto__", "7"];

  test.each(ODD)("means the local-part %s, and no other", async (name) => {
    await client.routes.put("example.com", name, FORWARD);
    expect(await client.routes.get("example.com", name)).toEqual(FORWARD);
    expect(Object.entries(await client.routes.read("example.com"))).toEqual([[name, FORWARD]]);
    await client.routes.delete("example.com", name);
    expect(await client.routes.read("example.com")).toEqual({});
  });

  test.each(["", ".", ".."])("refuses the name '%s', which a URL would take for a place", async (name) => {
    await expect(client.routes.delete("example.com", name)).rejects.toThrow("names nothing");
    await expect(client.domains.delete(name)).rejects.toThrow("names nothing");
    await expect(client.tokens.revoke(name)).rejects.toThrow("names nothing");
  });

  test("lists keys, rotates, brings one along and retires it", async () => {
    await client.domains.put("keys.example");
    expect(await client.keys.rotate("keys.example")).toMatchObject({ number: 1, state: "pending" });
    const brought = await client.keys.bring("keys.example", { number: 7, secret: "shared with exim" });
    expect(brought).toMatchObject({ number: 7, state: "validating", imported: true });
    const listed = await collect(client.keys.list("keys.example", { limit: 2 }));
    expect(listed.map(({ number }) => number)).toEqual([0, 1, 7]);
    expect(await client.keys.retire("keys.example", 7)).toBeUndefined();
    await client.domains.delete("keys.example");
  });

  test("makes tokens, lists them over pages, calls as one of them and revokes it", async () => {
    const made = [];
    for (const name of ["one", "two", "three"]) {
      made.push(await client.tokens.create({ name, scopes: ["sign"], domains: ["example.com"] }));
    }
    const listed = await collect(client.tokens.list({ limit: 2 }));
    expect(listed.map(({ id }) => id)).toEqual(made.map(({ id }) => id));
    expect(JSON.stringify(listed)).not.toContain("cs_");
    const bearer = worker.clientFor(made[0]?.token ?? "");
    expect((await bearer.mint("alice@example.com")).reversePath).toMatch(/^prvs=/);
    const forbidden = await failureOf(bearer.domains.read("example.com"));
    expect([forbidden.status, forbidden.type]).toEqual([403, "urn:countersign:problem:forbidden"]);
    for (const { id } of made) await client.tokens.revoke(id);
    expect(await collect(client.tokens.list())).toEqual([]);
  });

  test("fails with what the API says, as an error with fields", async () => {
    const error = await failureOf(client.mint("alice", { ref: "order-7" }));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "CountersignError",
      type: "urn:countersign:problem:unusable-values",
      title: "Some values can't be used.",
      status: 422,
      errors: [{ pointer: "#/address", detail: "It has no @: local-part@domain is expected." }],
      retryAfterS: null,
    });
    expect(error.message).toBe(`${error.status} ${error.title} ${error.detail}`);
    expect((await failureOf(client.domains.read("elsewhere.example"))).errors).toEqual([]);
  });

  test("calls by the platform's own fetch, at an origin with or without a slash behind it", async () => {
    const { id, token } = await client.tokens.create({ name: "a", scopes: ["sign"], domains: ["*"] });
    const origin = await worker.url();
    for (const url of [origin, `${origin}/`]) {
      const minted = await new Countersign({ url, token }).mint("alice@example.com");
      expect(minted.reversePath).toMatch(/^prvs=/);
    }
    const stranger = new Countersign({ url: origin, token: "a stranger's".replaceAll(" ", "-") });
    expect((await failureOf(stranger.mint("alice@example.com"))).status).toBe(401);
    await client.tokens.revoke(id);
  });
});

test("runs in a Worker, by a service binding or by the platform's own fetch", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-app-"));
  copyFileSync(new URL("../../src/client/countersign.ts", import.meta.url), join(folder, "countersign.ts"));
  writeFileSync(join(folder, "app.ts"), APP);
  writeFileSync(
    join(folder, "wrangler.toml"),
    `name = "app"\nmain = "app.ts"\ncompatibility_date = "2026-11-01"\nsend_metrics = false
    services = [{ binding = "COUNTERSIGN", service = "countersign" }]\n`,
  );
  const secrets = {
    ADMIN_TOKEN: randomBytes(24).toString("hex"),
    KEYRING_SECRET: randomBytes(24).toString("hex"),
  };
  const server = createTestHarness({
    root: fileURLToPath(new URL("../..", import.meta.url)),
    workers: [{ configPath: "./wrangler.toml", secrets }, { configPath: join(folder, "wrangler.toml") }],
  });
  try {
    const url = (await server.listen()).url.origin;
    await new Countersign({ url, token: secrets.ADMIN_TOKEN }).domains.put("example.com");
    const response = await server.getWorker("app").fetch("/", {
      method: "POST",
      body: JSON.stringify({ url, token: secrets.ADMIN_TOKEN }),
    });
    const reversePath = expect.stringMatching(/^prvs=.*=alice@example\.com$/);
    expect(await response.json()).toEqual([reversePath, reversePath]);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

const APP = `
import { Countersign } from "./countersign.ts";

export default {
  async fetch(request: Request, env: { COUNTERSIGN: { fetch: typeof fetch } }): Promise<Response> {
    const { url, token } = (await request.json()) as { url: string; token: string };
    const bound = new Countersign({ url, token, fetch: (url, init) => env.COUNTERSIGN.fetch(url, init) });
    const minted = [await bound.mint("alice@example.com")];
    minted.push(await new Countersign({ url, token }).mint("alice@example.com"));
    return Response.json(minted.map(({ reversePath }) => reversePath));
  },
};
`;

describe("where the server fails", () => {
  const TOKEN = randomBytes(24).toString("hex");
  const MINTED = { reversePath: "prvs=0788cf2ac1=alice@example.com" };
  const closings: (() => void)[] = [];
  afterEach(() => {
    for (const close of closings.splice(0)) close();
  });

  /** Answers each request by the next listener, all later ones by the last. */
  async function serve(...listeners: readonly RequestListener[]) {
    const requests: { at: number; method: string; authorization: string }[] = [];
    const server = createServer((request, response) => {
      const { method = "", headers } = request;
      const listener = listeners[requests.length] ?? listeners.at(-1);
      requests.push({ at: performance.now(), method, authorization: headers.authorization ?? "" });
      request.resume().on("end", () => listener?.(request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closings.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clientWith = (options: { attempts?: number; timeoutMs?: number } = {}) =>
      new Countersign({ url, token: TOKEN, timeoutMs: 5_000, ...options });
    return { url, requests, client: clientWith(), clientWith };
  }

  const answer =
    (status: number, body: object, headers: Record<string, string> = {}): RequestListener =>
    (_request, response) => {
      const type = status < 300 ? "application/json" : "application/problem+json";
      response.writeHead(status, { "content-type": type, ...headers }).end(JSON.stringify(body));
    };

  const fail = (status: number, type: string, headers: Record<string, string> = {}): RequestListener =>
    answer(
      status,
      { type: `urn:countersign:problem:${type}`, title: "It failed.", status, detail: "Just so." },
      headers,
    );

  const minted = answer(200, MINTED);
  const unreachable = fail(503, "storage-unreachable", { "retry-after": "0" });
  const limited = fail(429, "too-many-requests", { "retry-after": "0" });
  const notFound = fail(404, "not-found");
  const deleted: RequestListener = (_request, response) => response.writeHead(204).end();
  const hangUp: RequestListener = (request) => request.socket.destroy();
  const breakOff: RequestListener = (request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
    response.write('{"reversePath":', () => request.socket.destroy());
  };
  const hang: RequestListener = () => {};
  const html: RequestListener = (request, response) => {
    const page = `<h1>Bad Gateway</h1>${request.headers.authorization}`;
    response.writeHead(502, { "content-type": "text/html" }).end(page);
  };

  test.each([
    ["says that storage is unreachable", unreachable],
    ["says that there were too many calls", limited],
    ["hangs up", hangUp],
    ["breaks off in its answer", breakOff],
  ])("tries again where it %s", async (_what, listener) => {
    const { client, requests } = await serve(listener, listener, minted);
    expect(await client.mint("alice@example.com")).toEqual(MINTED);
    expect(requests).toHaveLength(3);
  });

  test("waits as long as the server says", async () => {
    const { client, requests } = await serve(
      fail(503, "storage-unreachable", { "retry-after": "1" }),
      minted,
    );
    await client.mint("alice@example.com");
    const [first, second] = requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(950);
  });

  test("waits a quarter of a second, then half of one, where the server says nothing", async () => {
    const { client, requests } = await serve(hangUp, fail(503, "storage-unreachable"), minted);
    await client.mint("alice@example.com");
    const [first, second, third] = requests.map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(230);
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(480);
  });

  test("gives up after as many attempts as were allowed, with the last failure", async () => {
    const { clientWith, requests } = await serve(unreachable);
    const error = await failureOf(clientWith({ attempts: 2 }).mint("alice@example.com"));
    expect(error).toMatchObject({ status: 503, retryAfterS: 0, detail: "Just so." });
    expect(requests).toHaveLength(2);
  });

  test("does not wait longer than the call may take, but says how long it would have been", async () => {
    const { client, requests } = await serve(fail(429, "too-many-requests", { "retry-after": "60" }));
    expect(await failureOf(client.mint("alice@example.com"))).toMatchObject({ status: 429, retryAfterS: 60 });
    expect(requests).toHaveLength(1);
  });

  test("reads a Retry-After that is a date", async () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const { client } = await serve(fail(503, "storage-unreachable", { "retry-after": date }));
    const { retryAfterS } = await failureOf(client.mint("alice@example.com"));
    expect(retryAfterS).toBeGreaterThan(50);
    expect(retryAfterS).toBeLessThanOrEqual(60);
  });

  test("ends when its time is over, where the server never answers", async () => {
    const { clientWith, requests } = await serve(hang);
    const startedAt = performance.now();
    const error = await failureOf(clientWith({ timeoutMs: 200 }).mint("alice@example.com"));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(error).toMatchObject({ type: "about:blank", title: "No answer came.", status: 0 });
    expect(requests).toHaveLength(1);
  });

  test("ends likewise where a fetch of the app's own heeds no signal", async () => {
    const deaf = () => new Promise<never>(() => {});
    const client = new Countersign({ url: "http://127.0.0.1", token: TOKEN, timeoutMs: 200, fetch: deaf });
    expect(await failureOf(client.mint("alice@example.com"))).toMatchObject({ status: 0 });
  });

  test("says that no answer came, and why, where nobody listens", async () => {
    const { url } = await serve(minted);
    for (const close of closings.splice(0)) close();
    const client = new Countersign({ url, token: TOKEN, attempts: 1 });
    const error = await failureOf(client.mint("alice@example.com"));
    expect(error.message).toMatch(/^0 No answer came\. .*ECONNREFUSED/);
  });

  test("calls a proxy's page what it is, whatever its status", async () => {
    const page: RequestListener = (_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<h1>Please log in</h1>");
    const broken: RequestListener = (_request, response) =>
      response.writeHead(500, { "content-type": "application/problem+json" }).end("{");
    const foreign = answer(500, { error: "no" }, { "content-type": "application/json" });
    for (const [listener, status] of [
      [html, 502],
      [page, 200],
      [broken, 500],
      [foreign, 500],
    ] as const) {
      const { client, requests } = await serve(listener);
      const error = await failureOf(client.mint("alice@example.com"));
      expect(error).toMatchObject({ type: "about:blank", status, errors: [], retryAfterS: null });
      expect(requests).toHaveLength(1);
    }
  });

  test("takes its token to no other server", async () => {
    const elsewhere = await serve(minted);
    const { client } = await serve((_request, response) =>
      response.writeHead(307, { location: `${elsewhere.url}/v1/addresses` }).end(),
    );
    expect((await failureOf(client.mint("alice@example.com"))).status).toBe(307);
    expect(elsewhere.requests).toEqual([]);
  });

  test("tries again what can be done twice", async () => {
    const calls: ((client: Countersign) => Promise<unknown>)[] = [
      (client) => client.mint("alice@example.com"),
      (client) => client.mintBatch(["alice@example.com"]),
      (client) => client.validate("alice@example.com"),
      (client) => collect(client.domains.list()),
      (client) => client.domains.read("example.com"),
      (client) => client.domains.put("example.com", { lifetimeDays: 7 }),
      (client) => client.domains.patch("example.com", { lifetimeDays: 7 }),
      (client) => client.domains.delete("example.com"),
      (client) => client.domains.readiness("example.com"),
      (client) => client.routes.read("example.com"),
      (client) => collect(client.routes.list("example.com")),
      (client) => client.routes.replace("example.com", {}),
      (client) => client.routes.get("example.com", "alice"),
      (client) => client.routes.put("example.com", "alice", FORWARD),
      (client) => client.routes.delete("example.com", "alice"),
      (client) => collect(client.keys.list("example.com")),
      (client) => client.keys.retire("example.com", 0),
      (client) => collect(client.tokens.list()),
      (client) => client.tokens.revoke("0"),
    ];
    for (const call of calls) {
      const { client, requests } = await serve(unreachable);
      expect((await failureOf(call(client))).status).toBe(503);
      expect([String(call), requests.length]).toEqual([String(call), 3]);
    }
  });

  test("tries once what would be done twice", async () => {
    const key = { number: 3, secret: "shared" };
    const calls: ((client: Countersign) => Promise<unknown>)[] = [
      (client) => client.keys.rotate("example.com"),
      (client) => client.keys.bring("example.com", key),
      (client) => client.tokens.create({ name: "a", scopes: ["sign"], domains: ["*"] }),
      // The domain may be there by now, and takes no keys any more.
      (client) => client.domains.put("example.com", { keys: [key] }),
    ];
    for (const call of calls) {
      for (const listener of [unreachable, hangUp]) {
        const { client, requests } = await serve(listener);
        await failureOf(call(client));
        expect([String(call), requests.length]).toEqual([String(call), 1]);
      }
      // One that was a call too many was not done at all.
      const { client, requests } = await serve(limited, limited, answer(201, {}));
      await call(client);
      expect([String(call), requests.length]).toEqual([String(call), 3]);
    }
  });

  test("takes a deletion for done where only its answer was lost", async () => {
    for (const listener of [hangUp, unreachable]) {
      const { client, requests } = await serve(listener, notFound);
      expect(await client.routes.delete("example.com", "alice")).toBeUndefined();
      expect(requests.map(({ method }) => method)).toEqual(["DELETE", "DELETE"]);
    }
    const { client } = await serve(hangUp, deleted);
    expect(await client.routes.delete("example.com", "alice")).toBeUndefined();
  });

  test("takes a token for revoked where only the answer was lost, whatever it may see now", async () => {
    for (const gone of [fail(403, "forbidden"), fail(401, "unauthorized"), notFound]) {
      const { client } = await serve(hangUp, gone);
      expect(await client.tokens.revoke("0")).toBeUndefined();
      const refused = await serve(gone);
      await failureOf(refused.client.tokens.revoke("0"));
    }
    const other = await serve(hangUp, fail(403, "forbidden"));
    expect((await failureOf(other.client.routes.delete("example.com", "alice"))).status).toBe(403);
    const proxy = await serve(hangUp, answer(404, {}, { "content-type": "text/html" }));
    expect((await failureOf(proxy.client.routes.delete("example.com", "alice"))).type).toBe("about:blank");
  });

  test("finds nothing to delete where it was never there", async () => {
    for (const listeners of [[notFound], [limited, notFound]]) {
      const { client } = await serve(...listeners);
      expect((await failureOf(client.routes.delete("example.com", "alice"))).status).toBe(404);
    }
    const { client } = await serve(hangUp, notFound);
    expect((await failureOf(client.routes.get("example.com", "alice"))).status).toBe(404);
  });

  test("shows its token to the server alone", async () => {
    const { client, requests } = await serve(html);
    const error = await failureOf(client.mint("alice@example.com"));
    expect(requests[0]?.authorization).toBe(`Bearer ${TOKEN}`);
    const { client: unheard } = await serve(hangUp);
    const unanswered = await failureOf(unheard.mint("alice@example.com"));
    for (const value of [client, error, unanswered]) {
      expect(inspect(value, { showHidden: true, depth: Number.POSITIVE_INFINITY })).not.toContain(TOKEN);
      expect(JSON.stringify(value)).not.toContain(TOKEN);
      expect(String(value)).not.toContain(TOKEN);
    }
  });
});

describe("a client that could not call anyone is not made", () => {
  const usable = { url: "https://countersign.example.com", token: "cs_token" };

  test.each([
    ["an empty url", { url: "" }, "url: an origin"],
    ["a url without a scheme", { url: "countersign.example.com" }, "url: an origin"],
    ["a url of another scheme", { url: "ftp://countersign.example.com" }, "url: an origin"],
    ["a url with a path", { url: "https://countersign.example.com/v1" }, "url: only scheme, host and port"],
    [
      "a url with a password",
      { url: "https://a:b@countersign.example.com" },
      "url: only scheme, host and port",
    ],
    ["an empty token", { token: "" }, "The token is empty"],
    ["a token with its line end", { token: "cs_token\n" }, "The token is empty, or has"],
    ["no attempt", { attempts: 0 }, "attempts: "],
    ["no time", { timeoutMs: 0 }, "timeoutMs: "],
  ])("%s", (_what, spoilt, message) => {
    expect(new Countersign(usable)).toBeInstanceOf(Countersign);
    expect(() => new Countersign({ ...usable, ...spoilt })).toThrow(message);
  });
});
