// The Worker in workerd under the probe: what a warm isolate reads, and what failing storage does to mail and minting.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ProbedWorker, startProbedWorker } from "./probed-worker.ts";

let worker: ProbedWorker;

beforeAll(async () => {
  worker = await startProbedWorker();
});
afterAll(() => worker.stop());

interface Probed {
  readonly rejected: string | null;
  readonly forwarded: readonly string[];
  readonly thrown: string | null;
  readonly reads: { readonly kv: number; readonly object: number; readonly raw: number };
}

const NO_READS = { kv: 0, object: 0, raw: 0 };

const receive = async (message: object): Promise<Probed> =>
  (await (await worker.receive(message)).json()) as Probed;

/** Sets up a domain; the isolate that did so is warm. */
async function provision(domain: string, faults = ""): Promise<string> {
  await worker.call("PUT", `/v1/domains/${domain}?force=true`, { mode: "enforce" });
  const route = { action: "forward", to: ["alice@inbox.example"] };
  await worker.call("PUT", `/v1/domains/${domain}/routes/alice`, route);
  const minted = await worker.call(
    "POST",
    "/v1/addresses",
    { address: `alice@${domain}` },
    { "x-probe-faults": faults },
  );
  return ((await minted.json()) as { reversePath: string }).reversePath;
}

test("a warm isolate mints and judges without reading from storage, and seldom tells what it saw", async () => {
  const reversePath = await provision("warm.example");
  // What was seen is told behind the response, and an original is news once an hour.
  expect((await receive({ from: "", to: reversePath })).reads).toEqual({ kv: 0, object: 1, raw: 1 });
  expect((await receive({ from: "", to: "alice@warm.example" })).reads).toEqual({ ...NO_READS, object: 1 });
  const minted = await worker.call("POST", "/v1/addresses", { address: "alice@warm.example" });
  expect(JSON.parse(minted.headers.get("x-probe-reads") ?? "")).toEqual(NO_READS);
  const genuine = await receive({ from: "", to: reversePath });
  expect(genuine).toMatchObject({ forwarded: ["alice@inbox.example"], reads: { ...NO_READS, raw: 1 } });
  const forged = await receive({ from: "<>", to: "alice@warm.example" });
  expect(forged).toMatchObject({ rejected: expect.stringContaining("bounces"), reads: NO_READS });
  const ordinary = await receive({ from: "bob@example.org", to: "alice@warm.example" });
  expect(ordinary).toMatchObject({ forwarded: ["alice@inbox.example"], reads: NO_READS });
});

test("a domain that is not configured is asked for once, and then refused from memory", async () => {
  const first = await receive({ from: "", to: "alice@unknown.example" });
  expect(first).toMatchObject({ rejected: "Address does not exist.", reads: { kv: 1, object: 1 } });
  const second = await receive({ from: "", to: "alice@unknown.example" });
  expect(second).toMatchObject({ rejected: "Address does not exist.", reads: NO_READS });
});

test("many requests at once for what is not held share one question to the object", async () => {
  const crowd = Array.from({ length: 25 }, (_, n) => receive({ from: "", to: `a${n}@absent-crowd.example` }));
  const outcomes = await Promise.all(crowd);
  expect(new Set(outcomes.map((outcome) => outcome.rejected))).toEqual(new Set(["Address does not exist."]));
  expect(outcomes.reduce((sum, outcome) => sum + outcome.reads.object, 0)).toBe(1);
});

describe("with storage out of reach", () => {
  const all = ["kv-get", "domain-object"];

  test("mail to a domain that is not held is deferred, never refused", async () => {
    const outcome = await receive({ from: "", to: "alice@cold.example", faults: all });
    expect(outcome).toMatchObject({ rejected: null, forwarded: [], thrown: expect.any(String) });
  });

  test("a warm isolate goes on judging", async () => {
    const reversePath = await provision("held.example");
    const outcome = await receive({ from: "", to: reversePath, faults: all });
    expect(outcome).toMatchObject({ forwarded: ["alice@inbox.example"], thrown: null });
  });

  test("minting and validating answer 503 with Retry-After, and say nothing of why", async () => {
    for (const path of ["/v1/addresses", "/v1/addresses/validate"]) {
      const body = { address: "alice@cold-api.example" };
      const response = await worker.call("POST", path, body, { "x-probe-faults": all.join() });
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toMatch(/^[0-9]+$/);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(await response.text()).not.toContain("connection lost");
    }
  });

  test("a write answers 503 and changes nothing", async () => {
    const faults = { "x-probe-faults": "domain-object" };
    expect((await worker.call("PUT", "/v1/domains/unwritten.example", {}, faults)).status).toBe(503);
    expect((await worker.call("GET", "/v1/domains/unwritten.example")).status).toBe(404);
    expect(
      (await worker.call("GET", "/v1/domains", undefined, { "x-probe-faults": "directory-object" })).status,
    ).toBe(503);
    for (const [method, path, body] of [
      ["GET", "keys", undefined],
      ["POST", "keys", {}],
      ["DELETE", "keys/0", undefined],
      ["GET", "readiness", undefined],
      ["GET", "audit", undefined],
      ["GET", "stats", undefined],
      ["GET", "bounces", undefined],
      ["GET", "rejections", undefined],
      ["GET", "webhook", undefined],
      ["PUT", "webhook", { url: "https://app.example.net/" }],
      ["DELETE", "webhook", undefined],
      ["POST", "webhook/redeliver", { id: "x" }],
      ["GET", "routes", undefined],
      ["PUT", "routes/bob", { action: "consume" }],
    ] as const) {
      expect((await worker.call(method, `/v1/domains/held.example/${path}`, body, faults)).status).toBe(503);
    }
  });
});

test("a KV that fails is made up for by the domain's object", async () => {
  await worker.call("PUT", "/v1/domains/kv-down.example", {});
  const response = await worker.call(
    "POST",
    "/v1/addresses",
    { address: "a@kv-down.example" },
    { "x-probe-faults": "kv-get" },
  );
  expect(response.status).toBe(200);
});

test("only what comes back to a valid tag is read beyond its headers", async () => {
  const reversePath = await provision("headers.example");
  expect((await receive({ from: "", to: reversePath })).reads.raw).toBe(1);
  for (const [from, to] of [
    ["", "alice@headers.example"],
    ["", reversePath.replace(/=....../, "=0000000")],
    ["bob@example.org", reversePath],
    ["bob@example.org", "alice@headers.example"],
  ] as const) {
    expect((await receive({ from, to })).reads.raw).toBe(0);
  }
});

// In workerd, whose TextDecoder knows other names than Node's.
test.each([
  "x",
  "",
  "iso-2022-jp",
  "iso-2022-kr",
  "utf-7",
  "unknown-8bit",
  "replacement",
  "utf-8*en",
  "\u00e9",
])("encoded words in the charset %j, broken ones too, hide no Message-ID behind them", async (charset) => {
  await provision("encoded.example");
  const minted = await worker.call("POST", "/v1/addresses", { address: "alice@encoded.example" });
  const { messageId } = (await minted.json()) as { messageId: string };
  for (const text of ["q?=3Ca=FF=1B$B", "q?=ZZ=", "b?////", "b?GyRC JA=="]) {
    const headers = { references: `=?${charset}?${text}?= ${messageId}` };
    const outcome = await receive({ from: "", to: "alice@encoded.example", headers });
    expect(outcome).toMatchObject({ rejected: null, forwarded: ["alice@inbox.example"], thrown: null });
  }
});

test("a message that can't be forwarded is deferred", async () => {
  const reversePath = await provision("bound.example");
  const outcome = await receive({ from: "", to: reversePath, canBeForwarded: false });
  expect(outcome).toMatchObject({ rejected: null, forwarded: [], thrown: expect.any(String) });
});

describe("writes that fail", () => {
  interface Published {
    get(key: string): Promise<string | null>;
  }
  const failing = (...faults: string[]) => worker.failObjects(...faults);
  const forward = { action: "forward", to: ["alice@inbox.example"] };
  const numbers = async (domain: string) => {
    const response = await worker.call("GET", `/v1/domains/${domain}/keys`);
    return ((await response.json()) as { items: { number: number }[] }).items.map(({ number }) => number);
  };
  const enforce = { mode: "enforce" };

  afterAll(() => failing());

  test("in the object's own storage answer 503 and change nothing", async () => {
    const reversePath = await provision("disk.example");
    await failing("transaction");
    const path = "/v1/domains/disk.example";
    for (const [method, where, body] of [
      ["PATCH", path, { lifetimeDays: 30 }],
      ["PUT", `${path}/routes`, { routes: {} }],
      ["PUT", `${path}/routes/bob`, forward],
      ["DELETE", `${path}/routes/alice`, undefined],
      ["POST", `${path}/keys`, {}],
      ["POST", `${path}/keys`, { number: 5, secret: "s".repeat(20) }],
      ["DELETE", path, undefined],
      ["PUT", "/v1/domains/never.example", {}],
    ] as const) {
      expect((await worker.call(method, where, body)).status).toBe(503);
    }
    await failing();
    expect(await (await worker.call("GET", path)).json()).toMatchObject({ mode: "enforce", lifetimeDays: 7 });
    expect(await (await worker.call("GET", `${path}/routes`)).json()).toEqual({ routes: { alice: forward } });
    expect((await worker.call("GET", "/v1/domains/never.example")).status).toBe(404);
    expect(await numbers("disk.example")).toEqual([0]);
    expect((await receive({ from: "", to: reversePath })).forwarded).toEqual(forward.to);
  });

  test("in keeping a record defer the message, whatever fails", async () => {
    const reversePath = await provision("kept.example");
    await worker.call("PUT", "/v1/domains/kept.example/routes/alice", { action: "consume" });
    for (const fault of ["transaction", "ledger"]) {
      await failing(fault);
      const outcome = await receive({ from: "", to: reversePath });
      expect(outcome).toMatchObject({ rejected: null, forwarded: [], thrown: expect.any(String) });
    }
    await failing();
    expect(await worker.query("kept.example", "SELECT id FROM messages")).toEqual([]);
    expect(await receive({ from: "", to: reversePath })).toMatchObject({ rejected: null, thrown: null });
    expect(await worker.query("kept.example", "SELECT id FROM messages")).toHaveLength(1);
  });

  test("in the ledger cost no message, no key and no change; only what needs it answers 503", async () => {
    const path = "/v1/domains/ledger.example";
    const reversePath = await provision("ledger.example");
    await worker.call("PATCH", path, { mode: "observe" });
    await failing("ledger");
    expect((await worker.call("PUT", `${path}/routes/bob`, forward)).status).toBe(201);
    expect((await worker.call("POST", `${path}/keys`, {})).status).toBe(201);
    expect((await worker.call("PATCH", path, { exempt: ["dmarc"] })).status).toBe(200);
    expect((await worker.call("GET", `${path}/readiness`)).status).toBe(503);
    expect((await worker.call("PATCH", path, enforce)).status).toBe(503);
    expect((await receive({ from: "", to: reversePath })).forwarded).toEqual(forward.to);
    expect((await worker.call("POST", "/v1/addresses", { address: "bob@ledger.example" })).status).toBe(200);
    await worker.evict("ledger.example");
    expect(await (await worker.call("GET", path)).json()).toMatchObject({
      mode: "observe",
      exempt: ["dmarc"],
    });
    expect(await numbers("ledger.example")).toEqual([0, 1]);
    expect((await worker.call("PATCH", `${path}?force=true`, enforce)).status).toBe(200);
    await failing();
    const [forced] = ((await (await worker.call("GET", `${path}/audit`)).json()) as { items: object[] })
      .items;
    expect(forced).toMatchObject({ forced: ["Readiness could not be found out."] });
  });

  test("in the ledger, the outbox or the audit answer 503 where they are read or written, and leave the webhook", async () => {
    const path = "/v1/domains/hooked.example";
    await provision("hooked.example");
    const url = "https://app.example.net/first";
    expect((await worker.call("PUT", `${path}/webhook`, { url })).status).toBe(201);
    const before = await (await worker.call("GET", `${path}/webhook`)).json();
    const other = { url: "https://app.example.net/other" };
    for (const [fault, calls] of [
      [
        "ledger",
        [
          ["GET", "stats"],
          ["GET", "bounces"],
          ["GET", "rejections"],
          ["GET", "webhook"],
          ["DELETE", "webhook"],
        ],
      ],
      [
        "transaction",
        [
          ["PUT", "webhook", other],
          ["DELETE", "webhook"],
        ],
      ],
      [
        "audit",
        [
          ["PUT", "webhook", other],
          ["DELETE", "webhook"],
        ],
      ],
    ] as const) {
      await failing(fault);
      for (const [method, where, body] of calls) {
        const { status } = await worker.call(method, `${path}/${where}`, body);
        expect([fault, method, where, status]).toEqual([fault, method, where, 503]);
      }
    }
    await failing();
    expect(await (await worker.call("GET", `${path}/webhook`)).json()).toEqual(before);
  });

  test("to the audit answer 503 and change nothing: no change stands without its entry", async () => {
    const path = "/v1/domains/audited.example";
    const reversePath = await provision("audited.example");
    await failing("audit");
    for (const [method, where, body] of [
      ["PATCH", path, { lifetimeDays: 30 }],
      ["PUT", `${path}/routes/bob`, forward],
      ["POST", `${path}/keys`, {}],
      ["PUT", "/v1/domains/unaudited.example", {}],
      ["GET", `${path}/audit`, undefined],
    ] as const) {
      expect([method, where, (await worker.call(method, where, body)).status]).toEqual([method, where, 503]);
    }
    expect((await receive({ from: "", to: reversePath })).forwarded).toEqual(forward.to);
    await failing();
    expect(await (await worker.call("GET", path)).json()).toMatchObject({ lifetimeDays: 7 });
    expect(await numbers("audited.example")).toEqual([0]);
    expect((await worker.call("GET", "/v1/domains/unaudited.example")).status).toBe(404);
  });

  test("in retiring a key leave it as it was", async () => {
    const reversePath = await provision("kept-key.example");
    await worker.call("POST", "/v1/domains/kept-key.example/keys", {});
    await failing("transaction");
    expect((await worker.call("DELETE", "/v1/domains/kept-key.example/keys/0")).status).toBe(503);
    await failing();
    expect(await numbers("kept-key.example")).toEqual([0, 1]);
    expect((await receive({ from: "", to: reversePath })).forwarded).toEqual(forward.to);
  });

  test("in taking note of what was seen cost neither the minted address nor the message", async () => {
    await worker.call("PUT", "/v1/domains/unnoted.example?force=true", enforce);
    await worker.call("PUT", "/v1/domains/unnoted.example/routes/alice", forward);
    await failing("transaction");
    const minted = await worker.call("POST", "/v1/addresses", { address: "alice@unnoted.example" });
    expect(minted.status).toBe(200);
    const { reversePath } = (await minted.json()) as { reversePath: string };
    expect((await receive({ from: "", to: reversePath })).forwarded).toEqual(forward.to);
    await failing();
  });

  test("to KV while a key is rotated are made up for by alarm, and the new key is nowhere unknown", async () => {
    const kv = (await worker.bindings())["SNAPSHOTS"] as Published;
    await provision("late-key.example");
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await failing("kv-put");
    const rotated = await worker.call("POST", "/v1/domains/late-key.example/keys", {});
    expect(rotated.status).toBe(201);
    expect(await rotated.json()).toMatchObject({ number: 1, state: "pending", effectiveBy: null });
    expect(await kv.get("domain:late-key.example")).not.toContain('"number":1');
    await failing();
    await expect.poll(() => kv.get("domain:late-key.example"), { timeout: 25_000 }).toContain('"number":1');
  }, 40_000);

  test("to KV and the directory are written all the same, and made up for by alarm", async () => {
    const kv = (await worker.bindings())["SNAPSHOTS"] as Published;
    const listed = async () => {
      const page = await worker.call("GET", "/v1/domains?limit=1000");
      return ((await page.json()) as { items: { domain: string }[] }).items.map((item) => item.domain);
    };
    await provision("leaving.example");

    await failing("kv-put", "kv-delete", "directory");
    const created = await worker.call("PUT", "/v1/domains/late.example?force=true", enforce);
    expect(created.status).toBe(201);
    expect(await created.json()).toMatchObject({ mode: "enforce", effectiveBy: null });
    const routed = await worker.call("PUT", "/v1/domains/late.example/routes/alice", forward);
    expect(await routed.json()).toMatchObject({ effectiveBy: null });
    expect((await worker.call("DELETE", "/v1/domains/leaving.example")).status).toBe(204);

    // Nothing was published, and yet what was written holds: for minting, for mail, and for what was deleted.
    const minted = await worker.call("POST", "/v1/addresses", { address: "alice@late.example" });
    const { reversePath } = (await minted.json()) as { reversePath: string };
    expect((await receive({ from: "", to: reversePath })).forwarded).toEqual(forward.to);
    expect((await receive({ from: "", to: "alice@leaving.example" })).rejected).toBe(
      "Address does not exist.",
    );
    expect(await kv.get("domain:late.example")).toBeNull();
    expect(await listed()).not.toContain("late.example");

    await failing();
    await expect.poll(() => kv.get("domain:late.example"), { timeout: 25_000 }).toContain('"alice"');
    await expect.poll(listed, { timeout: 25_000 }).toContain("late.example");
    await expect.poll(() => kv.get("domain:leaving.example"), { timeout: 25_000 }).toBeNull();
    expect(await listed()).not.toContain("leaving.example");
  }, 60_000);
});

describe("tokens", () => {
  interface Published {
    get(key: string): Promise<string | null>;
  }
  const NEWS = { name: "news", scopes: ["sign"], domains: ["tokens.example"] };
  const ADDRESS = { address: "alice@tokens.example" };
  const make = async () => (await (await worker.call("POST", "/v1/tokens", NEWS)).json()) as Made;
  interface Made {
    readonly id: string;
    readonly token: string;
    readonly effectiveBy: string | null;
  }
  const mintWith = (token: string, faults = "") =>
    worker.call("POST", "/v1/addresses", ADDRESS, {
      authorization: `Bearer ${token}`,
      "x-probe-faults": faults,
    });
  const readsOf = (response: Response) => JSON.parse(response.headers.get("x-probe-reads") ?? "") as object;

  beforeAll(async () => {
    await provision("tokens.example");
  });
  afterAll(async () => {
    await worker.failObjects();
    await worker.setClock(0);
  });

  test("that were invented are refused without touching storage, and a warm one costs nothing either", async () => {
    const { token } = await make();
    const changed = token.slice(0, -1) + (token.endsWith("a") ? "b" : "a");
    for (const invented of [changed, "cs_x", "x".repeat(40), token.replace("cs_", "CS_")]) {
      const refused = await mintWith(invented, "kv-get,directory-object");
      expect([refused.status, readsOf(refused)]).toEqual([401, NO_READS]);
    }
    const warm = await mintWith(token);
    expect([warm.status, readsOf(warm)]).toEqual([200, NO_READS]);
  });

  test("are read from KV, else from the directory; where neither answers it is 503, and not 401", async () => {
    const { token } = await make();
    await worker.setClock(60_000);
    const cold = await mintWith(token, "kv-get,directory-object");
    expect([cold.status, cold.headers.get("retry-after")]).toEqual([503, "10"]);
    await worker.setClock(120_000);
    const fromKv = await mintWith(token, "directory-object");
    expect(fromKv.status).toBe(200);
    await worker.setClock(180_000);
    expect((await mintWith(token, "kv-get")).status).toBe(200);
    await worker.setClock(0);
  });

  test("are neither listed, made nor revoked where the directory does not answer", async () => {
    const { id, token } = await make();
    const faults = { "x-probe-faults": "directory-object" };
    for (const [method, path, body] of [
      ["GET", "/v1/tokens", undefined],
      ["POST", "/v1/tokens", NEWS],
      ["DELETE", `/v1/tokens/${id}`, undefined],
    ] as const) {
      const response = await worker.call(method, path, body, faults);
      expect([method, response.status, response.headers.get("retry-after")]).toEqual([method, 503, "10"]);
    }
    expect((await mintWith(token)).status).toBe(200);
  });

  test("go on minting where the rate can't be found out", async () => {
    const { token } = await make();
    expect((await mintWith(token, "rate")).status).toBe(200);
  });

  test("that storage did not take are not made, and those that it did not let go not revoked", async () => {
    const { id, token } = await make();
    await worker.failObjects("token-transaction");
    expect((await worker.call("POST", "/v1/tokens", NEWS)).status).toBe(503);
    expect((await worker.call("DELETE", `/v1/tokens/${id}`)).status).toBe(503);
    await worker.failObjects();
    expect((await mintWith(token)).status).toBe(200);
    const listed = (await (await worker.call("GET", "/v1/tokens?limit=1000")).json()) as { items: Made[] };
    expect(listed.items.map((item) => item.id).at(-1)).toBe(id);
  });

  test("that KV did not take work all the same, and are published by alarm; revoked ones likewise", async () => {
    const kv = (await worker.bindings())["SNAPSHOTS"] as Published;
    await worker.failObjects("token-put", "token-delete");
    const made = await make();
    expect(made.effectiveBy).toBeNull();
    expect(await kv.get(`token:${made.id}`)).toBeNull();
    await worker.setClock(60_000);
    expect((await mintWith(made.token)).status).toBe(200);
    await worker.setClock(0);
    await worker.failObjects();
    await expect.poll(() => kv.get(`token:${made.id}`), { timeout: 25_000 }).toContain('"news"');

    const { id, token } = await make();
    await worker.failObjects("token-put", "token-delete");
    expect((await worker.call("DELETE", `/v1/tokens/${id}`)).status).toBe(204);
    expect((await mintWith(token)).status).toBe(401);
    // KV has it still, and this location knows better.
    await worker.setClock(60_000);
    expect((await mintWith(token)).status).toBe(401);
    await worker.setClock(0);
    await worker.failObjects();
    await expect.poll(() => kv.get(`token:${id}`), { timeout: 25_000 }).toBeNull();
  }, 60_000);

  test("in a batch, a domain whose storage does not answer fails alone", async () => {
    const addresses = ["alice@tokens.example", "bob@batch-cold.example", "carol@tokens.example"];
    const response = await worker.call(
      "POST",
      "/v1/addresses/batch",
      { addresses },
      {
        "x-probe-faults": "kv-get,domain-object",
      },
    );
    expect(response.status).toBe(200);
    const { results } = (await response.json()) as { results: { error?: { status: number } }[] };
    expect(results.map(({ error }) => error?.status)).toEqual([undefined, 503, undefined]);
  });
});
