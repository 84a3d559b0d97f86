// Minting over the API of the built Worker, in workerd: many at once, from a form, into text.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalWorker } from "../../src/local/worker.ts";
import { startDescribedWorker } from "../api/described.ts";

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startDescribedWorker();
  await worker.call("PUT", "/v1/domains/example.com", {});
  await worker.call("PUT", "/v1/domains/example.org", { scheme: "cs1", placement: "subaddress" });
});
afterAll(() => worker.stop());

interface Result {
  readonly address: string | null;
  readonly reversePath: string;
  readonly messageId: string | null;
  readonly error?: { readonly type: string; readonly status: number; readonly errors?: readonly unknown[] };
}

async function batch(addresses: unknown): Promise<readonly Result[]> {
  const response = await worker.call("POST", "/v1/addresses/batch", { addresses });
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: Result[] }).results;
}

const statusOf = async (address: string) => {
  const response = await worker.call("POST", "/v1/addresses/validate", { address });
  return ((await response.json()) as { status: string }).status;
};

describe("a batch", () => {
  test("is answered in order, each as it would be alone", async () => {
    const addresses = [
      "alice@example.com",
      { address: "Bob@Example.ORG", ref: "order-7" },
      { address: "carol@example.com", scheme: "cs1", messageId: false },
      { address: "dave@example.com", from: "alice@example.org" },
    ];
    const results = await batch(addresses);
    expect(results.map(({ address }) => address)).toEqual([
      "alice@example.com",
      "bob@example.org",
      "carol@example.com",
      "dave@example.com",
    ]);
    for (const [at, item] of addresses.entries()) {
      const alone = await worker.call(
        "POST",
        "/v1/addresses",
        typeof item === "string" ? { address: item } : item,
      );
      const { messageId, ...rest } = (await alone.json()) as Result;
      const { messageId: inBatch, ...restInBatch } = results[at] as Result;
      expect(restInBatch).toEqual(rest);
      expect(inBatch === null).toBe(messageId === null);
      expect(await statusOf(rest.reversePath)).toBe("valid");
    }
    expect(results[3]?.messageId).toMatch(/@example\.org>$/);
  });

  test("fails item by item, each with the problem that it would have alone and where it stands", async () => {
    const results = await batch([
      "alice@example.com",
      "nobody",
      { address: "alice@nowhere.example" },
      7,
      null,
      [],
      { address: "alice@example.com", unknown: 1 },
      { address: "alice@example.com", ref: "-" },
      { address: "alice@example.com", scheme: "prvs", ref: "r" },
      { address: `${"a".repeat(40)}@example.com`, ref: "r" },
      { address: "alice@example.com", from: "prvs=0788000000=bob@example.com" },
      { ref: "r" },
      JSON.parse('{"address":"alice@example.com","__proto__":{"ref":"r"}}'),
      JSON.parse('{"address":"alice@example.com","\\ud800":1}'),
      "zoe@example.com",
    ]);
    expect(results.map(({ address, error }) => [address, error?.status])).toEqual([
      ["alice@example.com", undefined],
      ["nobody", 422],
      ["alice@nowhere.example", 404],
      [null, 422],
      [null, 422],
      [null, 422],
      ["alice@example.com", 422],
      ["alice@example.com", 422],
      ["alice@example.com", 422],
      [`${"a".repeat(40)}@example.com`, 422],
      ["alice@example.com", 422],
      [null, 422],
      ["alice@example.com", 422],
      ["alice@example.com", 422],
      ["zoe@example.com", undefined],
    ]);
    expect(results.flatMap(({ error }) => error?.errors ?? [])).toMatchObject([
      { pointer: "#/addresses/1" },
      { pointer: "#/addresses/3" },
      { pointer: "#/addresses/4" },
      { pointer: "#/addresses/5" },
      { pointer: "#/addresses/6/unknown" },
      { pointer: "#/addresses/7/ref" },
      { pointer: "#/addresses/8/ref" },
      { pointer: "#/addresses/9/address" },
      { pointer: "#/addresses/10/from" },
      { pointer: "#/addresses/11/address" },
      { pointer: "#/addresses/12/__proto__" },
      { pointer: "#/addresses/13/%EF%BF%BD" },
    ]);
  });

  test("reads an item of an address, and whether it wants a Message-ID, as one with more in it", async () => {
    const odd = [
      { messageId: 0 },
      { messageId: null },
      { messageId: "false" },
      { address: 7 },
      { address: null },
    ];
    for (const fields of [{}, { messageId: true }, { messageId: false }, ...odd]) {
      const item = { address: "alice@example.com", ...fields };
      const [plain, more] = await batch([item, { ...item, scheme: "prvs" }]);
      expect(plain?.reversePath).toBe(more?.reversePath);
      expect(typeof plain?.messageId).toBe(typeof more?.messageId);
      expect(JSON.stringify(plain?.error)).toBe(JSON.stringify(more?.error)?.replaceAll("/1/", "/0/"));
    }
  });

  test("of more than are looked up together has each in its place, the failed and other domains among them", async () => {
    const addresses = Array.from({ length: 1_201 }, (_, at) =>
      at % 400 === 399 ? `nobody${at}` : `user${at}@example.${at < 600 ? "com" : "org"}`,
    );
    const results = await batch(addresses);
    expect(results.map(({ address }) => address)).toEqual(addresses);
    const failed = results.flatMap(({ error }, at) => (error === undefined ? [] : [[at, error.errors]]));
    expect(failed.map(([at]) => at)).toEqual([399, 799, 1_199]);
    expect(JSON.stringify(failed)).toContain(`"#/addresses/1199"`);
  });

  test("of none has no results", async () => {
    expect(await batch([])).toEqual([]);
  });

  test("of 10,000 is whole, each Message-ID its own, and logged as one line a domain", async () => {
    const addresses = Array.from(
      { length: 10_000 },
      (_, n) => `user-${n}@example.${n % 4 === 0 ? "org" : "com"}`,
    );
    const results = await batch(addresses);
    expect(results.map(({ address }) => address)).toEqual(addresses);
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(new Set(results.map(({ messageId }) => messageId)).size).toBe(10_000);
    expect(await statusOf(results[9_999]?.reversePath ?? "")).toBe("valid");
    const lines = worker.lines().filter((line) => "count" in line);
    expect(lines.slice(-2)).toEqual([
      { event: "minted", domain: "example.org", count: 2_500 },
      { event: "minted", domain: "example.com", count: 7_500 },
    ]);
  });

  test.each<[unknown, string]>([
    [{}, "#/addresses"],
    [{ addresses: "alice@example.com" }, "#/addresses"],
    [{ addresses: { 0: "alice@example.com", length: 1 } }, "#/addresses"],
    [{ addresses: [], messageId: false }, "#/messageId"],
    [{ addresses: Array.from({ length: 10_001 }, () => "a@example.com") }, "#/addresses"],
  ])("that can't be read is refused as a whole: %.50j", async (body, pointer) => {
    const response = await worker.call("POST", "/v1/addresses/batch", body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer }] });
  });

  test("has 4 MiB where other bodies have 64 KiB", async () => {
    const padded = (octets: number) => `{"addresses":[${" ".repeat(octets)}]}`;
    expect((await worker.call("POST", "/v1/addresses/batch", padded(4_000_000))).status).toBe(200);
    const refused = await worker.call("POST", "/v1/addresses/batch", padded(4 * 1024 * 1024));
    expect(refused.status).toBe(413);
    const alone = `{"address":"alice@example.com"${" ".repeat(65_536)}}`;
    expect((await worker.call("POST", "/v1/addresses", alone)).status).toBe(413);
  });
});

describe("a form", () => {
  const FORM = { "content-type": "application/x-www-form-urlencoded" };
  const send = (body: string, headers: Record<string, string> = {}) =>
    worker.call("POST", "/v1/addresses", body, { ...FORM, ...headers });

  test("mints as JSON does", async () => {
    const response = await send("address=alice%40example.com&ref=order-7&messageId=false");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      address: "alice@example.com",
      scheme: "cs1",
      ref: "order-7",
      messageId: null,
    });
    expect(await (await send("address=a@example.com&messageId=true")).json()).toMatchObject({
      messageId: expect.any(String),
    });
  });

  test("of several parts is read too", async () => {
    const body =
      '--b\r\ncontent-disposition: form-data; name="address"\r\n\r\nalice@example.com\r\n--b--\r\n';
    const type = { "content-type": "multipart/form-data; boundary=b" };
    expect((await worker.call("POST", "/v1/addresses", body, type)).status).toBe(200);
  });

  test.each([
    ["", "#/address"],
    ["address=alice@example.com&address=bob@example.com", "#/address"],
    ["address=alice@example.com&to=bob@example.org", "#/to"],
    ["address=alice@example.com&messageId=no", "#/messageId"],
    ["address=alice@example.com&__proto__=x", "#/__proto__"],
    ["address=alice@example.com&constructor=x", "#/constructor"],
    ["address[]=alice@example.com", "#/address%5B%5D"],
    ["address=alice+news@example.com", "#/address"],
  ])("%j is refused by its field", async (body, pointer) => {
    const response = await send(body);
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { pointer: string }[] };
    expect(errors.map((error) => error.pointer)).toContain(pointer);
  });

  test("that is none of its type does not parse", async () => {
    const type = { "content-type": "multipart/form-data" };
    expect((await worker.call("POST", "/v1/addresses", "x", type)).status).toBe(400);
  });

  test("is taken for minting one address only", async () => {
    for (const path of ["/v1/addresses/batch", "/v1/addresses/validate"]) {
      expect((await worker.call("POST", path, "address=alice@example.com", FORM)).status).toBe(415);
    }
  });
});

describe("text", () => {
  const mint = (accept: string) =>
    worker.call("POST", "/v1/addresses", { address: "alice@example.com" }, { accept });

  test.each([
    "text/plain",
    "text/plain;charset=utf-8",
    "text/*",
    "application/json;q=0.5, text/plain",
    "TEXT/PLAIN",
  ])("for %s is the reverse-path alone", async (accept) => {
    const response = await mint(accept);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/i);
    expect(await response.text()).toMatch(/^prvs=\d{4}[0-9a-f]{6}=alice@example\.com$/);
  });

  test.each([
    "*/*",
    "",
    "application/json, text/plain, */*",
    "text/plain, application/json",
    "text/plain;q=0.1, */*",
    "text/html",
    "text/plain;q=0",
    "nonsense",
  ])("is not what %j gets", async (accept) => {
    expect((await (await mint(accept)).json()) as object).toHaveProperty("reversePath");
  });

  test("is never a failure's form", async () => {
    const response = await worker.call("POST", "/v1/addresses", { address: "x" }, { accept: "text/plain" });
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });
});
