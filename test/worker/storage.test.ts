// What stands in KV, and what a deployment without working secrets does. In workerd, with the real KV and objects.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";

interface Snapshots {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
}

const SECRET = "a-secret-that-exim-shares";

describe("in KV", () => {
  let worker: LocalWorker;
  let kv: Snapshots;

  beforeAll(async () => {
    worker = await startWorker();
    kv = (await worker.bindings())["SNAPSHOTS"] as Snapshots;
  });
  afterAll(() => worker.stop());

  test("a domain's snapshot has its settings, its routes, and its keys wrapped", async () => {
    await worker.call("PUT", "/v1/domains/stored.example", { keys: [{ number: 3, secret: SECRET }] });
    const text = (await kv.get("domain:stored.example")) ?? "";
    expect(JSON.parse(text)).toMatchObject({
      domain: "stored.example",
      settings: { mode: "observe" },
      keys: [{ number: 3, wrapped: expect.stringMatching(/^[A-Za-z0-9+/=]{60,}$/) }],
      routes: [],
    });
    expect(text).not.toContain(SECRET);
    expect(atob(JSON.parse(text).keys[0].wrapped)).not.toContain(SECRET);
  });

  test("writes in quick succession all arrive, at most one a second", async () => {
    await worker.call("PUT", "/v1/domains/quick.example", {});
    for (let n = 0; n < 5; n++) {
      await worker.call("PUT", `/v1/domains/quick.example/routes/r${n}`, { action: "consume" });
    }
    await expect
      .poll(async () => JSON.parse((await kv.get("domain:quick.example")) ?? "{}").routes?.length, {
        timeout: 10_000,
      })
      .toBe(5);
  });

  test("two writes at once lose nothing", async () => {
    await worker.call("PUT", "/v1/domains/twice.example", {});
    const routes = Array.from({ length: 20 }, (_, n) => `r${n}`);
    const put = (name: string) =>
      worker.call("PUT", `/v1/domains/twice.example/routes/${name}`, { action: "consume" });
    await Promise.all(routes.map(put));
    const response = await worker.call("GET", "/v1/domains/twice.example/routes");
    expect(Object.keys(((await response.json()) as { routes: object }).routes)).toHaveLength(20);
  });

  test("a deleted domain leaves nothing", async () => {
    await worker.call("PUT", "/v1/domains/gone.example", {});
    await worker.call("DELETE", "/v1/domains/gone.example");
    await expect.poll(() => kv.get("domain:gone.example"), { timeout: 15_000 }).toBeNull();
  });

  test("a key wrapped by another secret defers mail and fails minting, and says nothing of it outside", async () => {
    await worker.call("PUT", "/v1/domains/locked.example", {});
    const text = (await kv.get("domain:locked.example")) ?? "";
    const foreign = JSON.parse(text);
    foreign.domain = "foreign.example";
    await kv.put("domain:foreign.example", JSON.stringify(foreign));
    const minted = await worker.call("POST", "/v1/addresses", { address: "a@foreign.example" });
    expect(minted.status).toBe(500);
    expect(await minted.text()).not.toMatch(/unwrap|KEYRING/);
    const raw = "From: a@b.example\r\nMessage-ID: <x@b.example>\r\n\r\n";
    const mail = await worker.deliver({ from: "<>", to: "prvs=0788b9ac3e=a@foreign.example" }, raw);
    expect(mail).toMatchObject({ code: 451, logged: { event: "deferred" } });
  });
});

test("KEYRING_SECRET is changed without losing a key", async () => {
  const [former, current] = ["f".repeat(32), "c".repeat(32)];
  const worker = await startWorker({ secrets: { KEYRING_SECRET: former } });
  try {
    const mint = async () => {
      const response = await worker.call("POST", "/v1/addresses", { address: "a@changed.example" });
      return ((await response.json()) as { reversePath?: string }).reversePath;
    };
    await worker.call("PUT", "/v1/domains/changed.example", {});
    const reversePath = await mint();
    expect(reversePath).toMatch(/^prvs=/);
    // A key that was retired by hand has no secret any more to be wrapped anew.
    await worker.call("POST", "/v1/domains/changed.example/keys", { number: 7, secret: SECRET });
    await worker.call("DELETE", "/v1/domains/changed.example/keys/7");

    await worker.changeSecrets({ KEYRING_SECRET: current });
    expect(await mint()).toBeUndefined();
    await worker.changeSecrets({ KEYRING_SECRET: current, KEYRING_SECRET_PREVIOUS: former });
    expect(await mint()).toBe(reversePath);
    // The next write wraps the keys anew; then the former secret can go.
    const kv = (await worker.bindings())["SNAPSHOTS"] as { get(key: string): Promise<string | null> };
    const published = () => kv.get("domain:changed.example");
    const before = await published();
    expect((await worker.call("PATCH", "/v1/domains/changed.example", {})).status).toBe(200);
    await expect.poll(published, { timeout: 15_000 }).not.toBe(before);
    await worker.changeSecrets({ KEYRING_SECRET: current });
    expect(await mint()).toBe(reversePath);
  } finally {
    await worker.stop();
  }
});

test.each([
  [{ ADMIN_TOKEN: "" }, "ADMIN_TOKEN is not set"],
  [{ ADMIN_TOKEN: "x".repeat(31) }, "ADMIN_TOKEN has 31 characters"],
  [{ ADMIN_TOKEN: `${"x".repeat(40)} é` }, "ADMIN_TOKEN has characters that no bearer token can have"],
  [{ KEYRING_SECRET: "" }, "KEYRING_SECRET is not set"],
  [{ KEYRING_SECRET: "x".repeat(31) }, "KEYRING_SECRET has 31 characters"],
  [{ KEYRING_SECRET_PREVIOUS: "short" }, "KEYRING_SECRET_PREVIOUS has 5 characters"],
])("a deployment with %j says so on every request, and defers mail", async (secrets, message) => {
  const worker = await startWorker({ secrets });
  try {
    for (const path of ["/health", "/v1/domains", "/nothing"]) {
      const response = await worker.call("GET", path);
      expect(response.status).toBe(500);
      expect(response.headers.get("cache-control")).toBe("no-store");
      const body = await response.text();
      expect(body).toContain(message);
      expect(body).toContain("urn:countersign:problem:misconfigured");
      expect(body).not.toContain("xxx");
    }
    const raw = "From: a@b.example\r\nMessage-ID: <x@b.example>\r\n\r\n";
    expect((await worker.deliver({ from: "<>", to: "a@example.com" }, raw)).code).toBe(451);
  } finally {
    await worker.stop();
  }
});
