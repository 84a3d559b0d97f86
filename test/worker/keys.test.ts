// The keyring over the API of the built Worker, in workerd: rotating, bringing along, retiring, and what it means to mail.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalWorker } from "../../src/local/worker.ts";
import { startDescribedWorker } from "../api/described.ts";

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startDescribedWorker();
});
afterAll(() => worker.stop());

interface Item {
  readonly number: number;
  readonly state: string;
  readonly created: string;
  readonly notBefore: string | null;
  readonly expires: string | null;
  readonly imported: boolean;
}

const SECRET = "a-secret-that-exim-shares-with-us";
const DAY_MS = 86_400_000;

async function call(method: string, path: string, body?: unknown) {
  const response = await worker.call(method, path, body);
  const text = await response.text();
  expect(text).not.toContain(SECRET);
  return {
    status: response.status,
    body: (text === "" ? null : JSON.parse(text)) as Record<string, unknown>,
  };
}

/** A fresh domain for one test. */
async function domain(name: string, settings: object = {}): Promise<string> {
  const path = `/v1/domains/${name}.example`;
  expect((await call("PUT", path, settings)).status).toBe(201);
  return path;
}

const listed = async (path: string) => (await call("GET", `${path}/keys`)).body["items"] as Item[];
const states = async (path: string) => (await listed(path)).map(({ number, state }) => `${number} ${state}`);
const mint = async (address: string) =>
  (await call("POST", "/v1/addresses", { address })).body as { reversePath: string; key: number };
const statusOf = async (address: string) =>
  (await call("POST", "/v1/addresses/validate", { address })).body["status"];

test("a new domain has one key, which signs", async () => {
  const path = await domain("fresh");
  expect(await call("GET", `${path}/keys`)).toEqual({
    status: 200,
    body: {
      items: [
        {
          number: 0,
          state: "signing",
          created: expect.any(String),
          notBefore: expect.any(String),
          expires: null,
          imported: false,
        },
      ],
      cursor: null,
    },
  });
});

describe("rotating", () => {
  test("adds a key that signs when every location has it; until then the former one does", async () => {
    const path = await domain("rotated");
    const { status, body } = await call("POST", `${path}/keys`, {});
    expect(status).toBe(201);
    expect(body).toMatchObject({ number: 1, state: "pending", expires: null, imported: false });
    expect(body["notBefore"]).toBe(body["effectiveBy"]);
    expect(Date.parse(`${body["notBefore"]}`) - Date.now()).toBeGreaterThan(120_000);
    const { reversePath, key } = await mint("alice@rotated.example");
    expect(key).toBe(0);
    expect(await statusOf(reversePath)).toBe("valid");
    // Its Message-IDs live longest: 30 days, and the rest of a day.
    const [former] = await listed(path);
    const days = (Date.parse(`${former?.expires}`) - Date.now()) / DAY_MS;
    expect(days).toBeGreaterThan(30);
    expect(days).toBeLessThan(32);
  });

  test("twenty times at once loses nothing, and ends where the ten numbers do", async () => {
    const path = await domain("crowded");
    const answers = await Promise.all(Array.from({ length: 20 }, () => call("POST", `${path}/keys`, {})));
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => body["number"]);
    expect(made.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(11);
    expect(refused[0]).toMatchObject({
      status: 409,
      body: { type: "urn:countersign:problem:conflict", detail: expect.stringMatching(/until \d{4}-/) },
    });
    expect((await listed(path)).map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe("bringing a key along", () => {
  test("lets it validate at once, beside the one that signs", async () => {
    const path = await domain("brought");
    const shared = await domain("elsewhere", { keys: [{ number: 5, secret: SECRET }] });
    expect(await states(shared)).toEqual(["5 signing"]);
    const { status, body } = await call("POST", `${path}/keys`, { number: 5, secret: SECRET });
    expect(status).toBe(201);
    expect(body).toMatchObject({ number: 5, state: "validating", notBefore: null, imported: true });
    expect(await states(path)).toEqual(["0 signing", "5 validating"]);
  });

  test("lets it sign where that is asked for, when every location has it", async () => {
    const path = await domain("moving");
    const { body } = await call("POST", `${path}/keys`, { number: 5, secret: SECRET, sign: true });
    expect(body).toMatchObject({ number: 5, state: "pending", notBefore: body["effectiveBy"] });
    expect(await states(path)).toEqual(["0 signing", "5 pending"]);
  });

  test("refuses a number that is held, and what is no key, by its field", async () => {
    const path = await domain("held");
    expect((await call("POST", `${path}/keys`, { number: 0, secret: SECRET })).status).toBe(409);
    for (const [body, pointer] of [
      [{ number: 5 }, "#/secret"],
      [{ secret: SECRET }, "#/number"],
      [{ number: 10, secret: SECRET }, "#/number"],
      [{ number: 5, secret: "" }, "#/secret"],
      [{ number: 5, secret: `${SECRET}\n` }, "#/secret"],
      [{ number: 5, secret: "x".repeat(65) }, "#/secret"],
      [{ number: 5, secret: SECRET, sign: "yes" }, "#/sign"],
      [{ rotate: true }, "#/rotate"],
      [[], "#"],
    ] as const) {
      const sent = await call("POST", `${path}/keys`, body);
      expect(sent.status).toBe(422);
      expect(sent.body["errors"]).toContainEqual({ pointer, detail: expect.any(String) });
    }
    expect(await states(path)).toEqual(["0 signing"]);
  });
});

describe("retiring", () => {
  test("ends a key at once: what it signed is unknown, and its number stays held", async () => {
    const path = await domain("retired");
    await call("PATCH", `${path}?force=true`, { mode: "enforce" });
    await call("PUT", `${path}/routes/alice`, { action: "forward", to: ["alice@inbox.example"] });
    const { reversePath } = await mint("alice@retired.example");
    await call("POST", `${path}/keys`, {});
    expect(await call("DELETE", `${path}/keys/0`)).toEqual({ status: 204, body: null });
    expect(await states(path)).toEqual(["0 retired", "1 pending"]);
    expect(await statusOf(reversePath)).toBe("unknown-key");
    const raw = "From: a@b.example\r\nMessage-ID: <x@b.example>\r\n\r\n";
    expect(await worker.deliver({ from: "<>", to: reversePath }, raw)).toMatchObject({ code: 555 });
    expect((await call("POST", `${path}/keys`, { number: 0, secret: SECRET })).status).toBe(409);
    // Until the new key's time comes, nothing signs.
    expect(await call("POST", "/v1/addresses", { address: "alice@retired.example" })).toMatchObject({
      status: 409,
      body: { type: "urn:countersign:problem:not-signing", detail: expect.stringMatching(/from \d{4}-/) },
    });
  });

  test("refuses the only key that signs, and numbers that no key has", async () => {
    const path = await domain("only");
    expect((await call("DELETE", `${path}/keys/0`)).status).toBe(409);
    expect(await states(path)).toEqual(["0 signing"]);
    for (const number of ["7", "10", "x", "00"]) {
      expect((await call("DELETE", `${path}/keys/${number}`)).status).toBe(404);
    }
  });
});

test("the list has pages, like every other", async () => {
  const path = await domain("paged");
  for (const number of [9, 4]) await call("POST", `${path}/keys`, { number, secret: SECRET });
  const first = (await call("GET", `${path}/keys?limit=2`)).body;
  expect(first).toMatchObject({ items: [{ number: 0 }, { number: 4 }], cursor: "4" });
  const next = (await call("GET", `${path}/keys?limit=2&cursor=${first["cursor"]}`)).body;
  expect(next).toMatchObject({ items: [{ number: 9 }], cursor: null });
  for (const limit of ["0", "x", "1001"]) {
    expect((await call("GET", `${path}/keys?limit=${limit}`)).status).toBe(422);
  }
});

test("a domain that is not configured has no keys to list, rotate or retire", async () => {
  for (const [method, path, body] of [
    ["GET", "/v1/domains/absent.example/keys", undefined],
    ["POST", "/v1/domains/absent.example/keys", {}],
    ["DELETE", "/v1/domains/absent.example/keys/0", undefined],
  ] as const) {
    expect((await call(method, path, body)).status).toBe(404);
  }
});
