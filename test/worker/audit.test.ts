// The audit over the API of the built Worker, in workerd: who changed what, when, and who may know it.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalWorker } from "../../src/local/worker.ts";
import { startDescribedWorker } from "../api/described.ts";

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startDescribedWorker();
});
afterAll(() => worker.stop());

interface Item {
  readonly id: string;
  readonly at: string;
  readonly by: { readonly kind: string; readonly id: string | null; readonly name: string | null };
  readonly action: string;
  readonly forced: readonly string[];
  readonly changes: {
    readonly settings: Record<string, { readonly from: unknown; readonly to: unknown }>;
    readonly routes: readonly unknown[];
    readonly moreRoutes: number;
    readonly keys: readonly unknown[];
    readonly webhook: unknown;
  };
}

const as = (token?: string): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

async function call(method: string, path: string, body?: unknown, token?: string): Promise<number> {
  return (await worker.call(method, path, body, as(token))).status;
}

async function audit(path: string, query = "", token?: string) {
  const response = await worker.call("GET", `${path}/audit${query}`, undefined, as(token));
  expect(response.status).toBe(200);
  return (await response.json()) as { items: Item[]; cursor: string | null };
}

async function makeToken(name: string, domains: readonly string[], scopes = ["admin"]) {
  const response = await worker.call("POST", "/v1/tokens", { name, scopes, domains });
  return (await response.json()) as { id: string; token: string };
}

async function domain(name: string): Promise<string> {
  const path = `/v1/domains/${name}.example`;
  expect(await call("PUT", path, {})).toBe(201);
  return path;
}

const FORWARD = { action: "forward", to: ["alice@inbox.example"] };
const NOTHING = { settings: {}, routes: [], moreRoutes: 0, keys: [], webhook: null };
const ADMIN = { kind: "admin", id: null, name: null };

test("each write is an entry, the newest first, with what it changed", async () => {
  const path = await domain("told");
  const secret = "a-secret-to-bring-along-that-no-one-reads";
  await call("PATCH", path, { lifetimeDays: 14, exempt: ["dmarc"] });
  await call("PUT", `${path}/routes/alice`, FORWARD);
  await call("PUT", `${path}/routes/alice`, { action: "consume" });
  await call("DELETE", `${path}/routes/alice`);
  await call("POST", `${path}/keys`, {});
  await call("POST", `${path}/keys`, { number: 7, secret });
  await call("DELETE", `${path}/keys/7`);
  const { items, cursor } = await audit(path);
  expect(cursor).toBeNull();
  expect(items.toReversed().map(({ action, by, changes }) => ({ action, by, changes }))).toEqual([
    {
      action: "domain.created",
      by: ADMIN,
      changes: {
        ...NOTHING,
        settings: expect.objectContaining({ mode: { from: null, to: "observe" } }),
        keys: [{ number: 0, from: null, to: "signing" }],
      },
    },
    {
      action: "settings.changed",
      by: ADMIN,
      changes: {
        ...NOTHING,
        settings: { lifetimeDays: { from: 7, to: 14 }, exempt: { from: [], to: ["dmarc"] } },
      },
    },
    {
      action: "route.changed",
      by: ADMIN,
      changes: { ...NOTHING, routes: [{ localPart: "alice", from: null, to: FORWARD }] },
    },
    {
      action: "route.changed",
      by: ADMIN,
      changes: { ...NOTHING, routes: [{ localPart: "alice", from: FORWARD, to: { action: "consume" } }] },
    },
    {
      action: "route.changed",
      by: ADMIN,
      changes: { ...NOTHING, routes: [{ localPart: "alice", from: { action: "consume" }, to: null }] },
    },
    {
      action: "key.rotated",
      by: ADMIN,
      changes: { ...NOTHING, keys: [{ number: 1, from: null, to: "pending" }] },
    },
    {
      action: "key.imported",
      by: ADMIN,
      changes: { ...NOTHING, keys: [{ number: 7, from: null, to: "validating" }] },
    },
    {
      action: "key.retired",
      by: ADMIN,
      changes: { ...NOTHING, keys: [{ number: 7, from: "validating", to: "retired" }] },
    },
  ]);
  expect(JSON.stringify(items)).not.toContain(secret);
  expect(items.every(({ at }) => Math.abs(Date.parse(at) - Date.now()) < 60_000)).toBe(true);
});

test("what changed nothing, or was refused, is no entry", async () => {
  const path = await domain("unchanged");
  expect(await call("PUT", path, {})).toBe(200);
  expect(await call("PATCH", path, { mode: "observe" })).toBe(200);
  expect(await call("PATCH", path, { mode: "enforce" })).toBe(409);
  expect(await call("PATCH", path, { lifetimeDays: 0 })).toBe(422);
  expect(await call("DELETE", `${path}/keys/0`)).toBe(409);
  expect((await audit(path)).items.map(({ action }) => action)).toEqual(["domain.created"]);
});

test("enforcing by force says in spite of what; a domain that enforces is not forced again", async () => {
  const path = await domain("forced");
  await call("PATCH", `${path}?force=true`, { mode: "enforce" });
  await call("PATCH", `${path}?force=true`, { lifetimeDays: 8 });
  const [later, forced] = (await audit(path)).items;
  expect(forced).toMatchObject({
    action: "settings.changed",
    changes: { settings: { mode: { from: "observe", to: "enforce" } } },
  });
  expect(forced?.forced).toEqual([expect.stringMatching(/sign|mint/i), expect.stringMatching(/observ/i)]);
  expect(later?.forced).toEqual([]);
});

test("a map of many routes is one entry, and lists a few of them", async () => {
  const path = await domain("many");
  const routes = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`user-${n}`, FORWARD]));
  await call("PUT", `${path}/routes`, { routes });
  const [entry] = (await audit(path)).items;
  expect(entry?.action).toBe("routes.replaced");
  expect(entry?.changes.routes).toHaveLength(10);
  expect(entry?.changes.moreRoutes).toBe(15);
});

describe("who did it", () => {
  test("is the token, by id and name, to those who reach as far", async () => {
    const path = await domain("named");
    const mine = await makeToken("mine", ["named.example"]);
    const further = await makeToken("a customer's name", ["named.example", "other.example"]);
    const all = await makeToken("everywhere", ["*"]);
    await call("PATCH", path, { lifetimeDays: 8 }, mine.token);
    await call("PATCH", path, { lifetimeDays: 9 }, further.token);
    await call("PATCH", path, { lifetimeDays: 10 }, all.token);
    const seen = async (token?: string) =>
      (await audit(path, "?limit=3", token)).items.map(({ by }) => `${by.kind} ${by.id} ${by.name}`);
    expect(await seen()).toEqual([
      `token ${all.id} everywhere`,
      `token ${further.id} a customer's name`,
      `token ${mine.id} mine`,
    ]);
    expect(await seen(all.token)).toEqual(await seen());
    expect(await seen(mine.token)).toEqual(["token null null", "token null null", `token ${mine.id} mine`]);
  });

  test("stands in the log too, where a deletion leaves no audit", async () => {
    const path = await domain("deleted");
    const { id, token } = await makeToken("deleter", ["deleted.example"]);
    await call("DELETE", path, undefined, token);
    expect(worker.lines()).toContainEqual({
      event: "changed",
      domain: "deleted.example",
      action: "domain.deleted",
      by: id,
      forced: false,
    });
    expect((await worker.call("GET", `${path}/audit`)).status).toBe(404);
    await domain("deleted");
    expect((await audit(path)).items.map(({ action }) => action)).toEqual(["domain.created"]);
  });
});

test("a token for many domains knows itself in the audit", async () => {
  const path = await domain("wide");
  const domains = ["wide.example", ...Array.from({ length: 10 }, (_, n) => `wide-${n}.example`)];
  const { id, token } = await makeToken("wide", domains);
  const other = await makeToken("other", domains);
  await call("PATCH", path, { lifetimeDays: 8 }, token);
  const seenBy = async (reader?: string) => (await audit(path, "?limit=1", reader)).items[0]?.by;
  expect(await seenBy(token)).toEqual({ kind: "token", id, name: "wide" });
  expect(await seenBy()).toEqual({ kind: "token", id, name: "wide" });
  expect(await seenBy(other.token)).toEqual({ kind: "token", id: null, name: null });
});

test("a page of large entries has fewer of them, and none is left out", async () => {
  const path = await domain("large");
  const destination = (n: number) => `${"d".repeat(60)}@${"e".repeat(60)}.${"f".repeat(60)}.${n}.example`;
  const routesOf = (round: number) =>
    Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [
        `user-${n}`,
        { action: "forward", to: Array.from({ length: 20 }, (_unused, at) => destination(round * 100 + at)) },
      ]),
    );
  for (let round = 0; round < 60; round++) {
    expect(await call("PUT", `${path}/routes`, { routes: routesOf(round) })).toBe(200);
  }
  const first = await audit(path, "?limit=1000");
  expect(first.items.length).toBeGreaterThan(10);
  expect(first.items.length).toBeLessThan(61);
  const rest = await audit(path, `?limit=1000&cursor=${first.cursor}`);
  const ids = [...first.items, ...rest.items].map(({ id }) => Number(id));
  expect(ids).toEqual(Array.from({ length: 61 }, (_, n) => 61 - n));
});

test("pages hold while new entries arrive", async () => {
  const path = await domain("paged");
  for (let days = 8; days < 14; days++) await call("PATCH", path, { lifetimeDays: days });
  const first = await audit(path, "?limit=3");
  await call("PATCH", path, { lifetimeDays: 20 });
  const second = await audit(path, `?limit=100&cursor=${first.cursor}`);
  const days = [...first.items, ...second.items].map(({ changes }) => changes.settings["lifetimeDays"]?.to);
  expect(days).toEqual([13, 12, 11, 10, 9, 8, 7]);
  expect(second.cursor).toBeNull();
  for (const cursor of ["x", "-1", "0", "1e9x", "%00"]) {
    expect(await call("GET", `${path}/audit?cursor=${cursor}`)).toBe(200);
  }
  expect(await call("GET", `${path}/audit?limit=0`)).toBe(422);
});

test("a domain from before there was an audit gets one when it is woken", async () => {
  const path = await domain("older");
  await worker.query("older.example", "DROP TABLE audit");
  await worker.evict("older.example");
  expect(await call("PATCH", path, { lifetimeDays: 8 })).toBe(200);
  expect((await audit(path)).items).toHaveLength(1);
});
