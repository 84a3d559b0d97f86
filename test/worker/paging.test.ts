// Ten thousand domains, tokens and routes in the built Worker, in workerd: listed page by page, each once and none left out.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";

const MANY = 10_000;
let worker: LocalWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

/** Fills a table as so many writes would have: a row for each number below MANY. */
const rows = (values: string) => `
  WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${MANY - 1})
  SELECT ${values} FROM numbers`;

test("10,000 domains", async () => {
  await worker.client.domains.put("first.example");
  await worker.queryDirectory(
    `INSERT OR IGNORE INTO domains ${rows("'d' || substr('0000' || n, -5) || '.example'")}`,
  );
  const listed = await Array.fromAsync(worker.client.domains.list());
  expect(listed).toHaveLength(MANY + 1);
  expect(listed).toEqual(listed.toSorted());
  expect(new Set(listed).size).toBe(MANY + 1);
  expect((await Array.fromAsync(worker.client.domains.list({ limit: 999 }))).length).toBe(MANY + 1);

  // Of all these, a token for two sees two.
  const domains = ["d00007.example", "d09999.example", "unconfigured.example"];
  const { token } = await worker.client.tokens.create({ name: "two", scopes: ["read"], domains });
  expect(await Array.fromAsync(worker.clientFor(token).domains.list({ limit: 1 }))).toEqual(
    domains.slice(0, 2),
  );
});

test("10,000 tokens", async () => {
  const first = await worker.client.tokens.create({
    name: "first",
    scopes: ["admin"],
    domains: ["own.example"],
  });
  await worker.queryDirectory(
    `INSERT INTO tokens ${rows(`printf('0%019x', n), 'token ' || n, '["sign"]', CASE n % 1000 WHEN 0 THEN '["own.example"]'
      WHEN 1 THEN '["own.example","other.example"]' ELSE '["*"]' END, n, 'digest', 'key', 0, 0`)}`,
  );
  const listed = await Array.fromAsync(worker.client.tokens.list());
  const ids = listed.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(MANY);
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.at(-1)).toBe(first.id);

  const own = await Array.fromAsync(worker.clientFor(first.token).tokens.list({ limit: 3 }));
  expect(own.map(({ name }) => name)).toEqual([
    ...Array.from({ length: 10 }, (_, n) => `token ${n * 1_000}`),
    "first",
  ]);
});

test("10,000 routes", async () => {
  const route = { action: "forward", to: ["inbox@inbox.example"] } as const;
  await worker.client.domains.put("routes.example");
  await worker.client.routes.put("routes.example", "alice", route);
  await worker.query(
    "routes.example",
    `INSERT INTO routes ${rows(`'user-' || substr('0000' || n, -5), '${JSON.stringify(route)}'`)} LIMIT ${MANY - 1}`,
  );
  const listed = await Array.fromAsync(worker.client.routes.list("routes.example", { limit: 999 }));
  const names = listed.map(([name]) => name);
  expect(names).toHaveLength(MANY);
  expect(names).toEqual(names.toSorted());
  expect(Object.keys(await worker.client.routes.read("routes.example"))).toHaveLength(MANY);
  await expect(worker.client.routes.put("routes.example", "one-more", route)).rejects.toMatchObject({
    status: 422,
  });
  expect(await worker.client.routes.put("routes.example", "alice", { action: "consume" })).toMatchObject({
    action: "consume",
    effectiveBy: expect.any(String),
  });
  const minted = await worker.client.mint("user-00042@routes.example");
  const raw = "From: a@b.example\r\nMessage-ID: <x@b.example>\r\n\r\n";
  expect(await worker.deliver({ from: "<>", to: minted.reversePath }, raw)).toMatchObject({
    code: 250,
    forwards: [{ to: "inbox@inbox.example" }],
  });
});
