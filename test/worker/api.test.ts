// The HTTP API of the built Worker, in workerd: each resource, each way to fail.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalWorker } from "../../src/local/worker.ts";
import { startDescribedWorker } from "../api/described.ts";

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startDescribedWorker();
});
afterAll(() => worker.stop());

const DEFAULTS = {
  mode: "observe",
  scheme: "prvs",
  placement: "prefix",
  lifetimeDays: 7,
  messageIdLifetimeDays: 30,
  rotateDays: 30,
  exempt: [],
  bounceSenders: "null-only",
  autoReplies: "evidence",
  maxBouncesPerRef: null,
  dkimSelectors: [],
};
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const DAY_MS = 86_400_000;

async function call(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  const response = await worker.call(method, path, body, headers);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === "" ? null : JSON.parse(text)) as Record<string, unknown>,
  };
}

/** A fresh domain for one test. */
async function domain(name: string, settings: object = {}): Promise<string> {
  const path = `/v1/domains/${name}.example`;
  expect((await call("PUT", path, settings)).status).toBe(201);
  return path;
}

describe("every response", () => {
  test("is not stored, not sniffed, and shared with no other origin", async () => {
    const { headers } = await call("GET", "/v1/domains", undefined, { origin: "https://example.net" });
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });

  test("to a failure is problem+json with a stable type", async () => {
    const { status, headers, body } = await call("GET", "/v1/nothing");
    expect(status).toBe(404);
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body).toEqual({
      type: "urn:countersign:problem:not-found",
      title: expect.any(String),
      status: 404,
      detail: expect.any(String),
    });
  });
});

test("health needs no token", async () => {
  expect(await call("GET", "/health", undefined, { authorization: "" })).toMatchObject({
    status: 200,
    body: { status: "ok" },
  });
});

test.each([
  "",
  "Basic YTpi",
  "Bearer",
  "Bearer wrong",
  `Bearer ${"x".repeat(48)}`,
  "bearer \u00e9",
  "Bearer a b",
])("the authorization %j is refused, the same way each time", async (authorization) => {
  for (const path of ["/v1/domains", "/v1/domains/nowhere.example", "/v1/nothing"]) {
    const { status, headers, body } = await call("GET", path, undefined, { authorization });
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toBe("Bearer");
    expect(body).toMatchObject({ type: "urn:countersign:problem:unauthorized", status: 401 });
    expect(body["detail"]).toBe("Send Authorization: Bearer with a valid token.");
  }
});

test("a domain that is deleted and made anew at once is listed", async () => {
  const names = async () => {
    const { items } = (await call("GET", "/v1/domains?limit=1000")).body as { items: { domain: string }[] };
    return items.map((item) => item.domain);
  };
  const path = await domain("anew");
  expect((await call("DELETE", path)).status).toBe(204);
  expect(await names()).not.toContain("anew.example");
  await domain("anew");
  expect(await names()).toContain("anew.example");
});

describe("bodies", () => {
  test.each(["", "{", "[", "nul", "\u0000"])("%j does not parse: 400", async (body) => {
    expect((await call("PUT", "/v1/domains/bodies.example", body)).status).toBe(400);
  });

  test.each(["text/plain", "application/xml", ""])("of type %j are not read: 415", async (type) => {
    const sent = await call("PUT", "/v1/domains/bodies.example", "{}", { "content-type": type });
    expect(sent).toMatchObject({
      status: 415,
      body: { type: "urn:countersign:problem:unsupported-media-type" },
    });
  });

  test("of JSON with a charset are", async () => {
    const type = { "content-type": "Application/JSON; charset=utf-8" };
    expect((await call("PUT", "/v1/domains/charset.example", "{}", type)).status).toBe(201);
  });

  test("over 64 KiB: 413, before they are parsed", async () => {
    const sent = await call("PUT", "/v1/domains/bodies.example", `{"x":"${"a".repeat(65_536)}"}`);
    expect(sent).toMatchObject({ status: 413, body: { type: "urn:countersign:problem:too-large" } });
  });

  test.each(["[]", "null", '"{}"', "1"])("%s is no object: 422", async (body) => {
    const sent = await call("PUT", "/v1/domains/bodies.example", body);
    expect(sent).toMatchObject({ status: 422, body: { errors: [{ pointer: "#" }] } });
  });

  test.each([
    ['{"unknown":1}', "#/unknown"],
    ['{"__proto__":{"mode":"off"}}', "#/__proto__"],
    ['{"constructor":1}', "#/constructor"],
    ['{"\\ud800":1}', "#/%EF%BF%BD"],
    ['{"mode":"strict"}', "#/mode"],
    ['{"lifetimeDays":0}', "#/lifetimeDays"],
    ['{"lifetimeDays":91}', "#/lifetimeDays"],
    ['{"lifetimeDays":1.5}', "#/lifetimeDays"],
    ['{"lifetimeDays":"7"}', "#/lifetimeDays"],
    ['{"lifetimeDays":1e999}', "#/lifetimeDays"],
    ['{"rotateDays":1}', "#/rotateDays"],
    ['{"exempt":["a b"]}', "#/exempt/0"],
    ['{"exempt":["dmarc","dmarc@example.org"]}', "#/exempt/1"],
    ['{"keys":[]}', "#/keys"],
    ['{"keys":[{"number":10,"secret":"s"}]}', "#/keys/0/number"],
    ['{"keys":[{"number":1,"secret":""}]}', "#/keys/0/secret"],
    ['{"keys":[{"number":1}]}', "#/keys/0/secret"],
    ['{"keys":[{"number":1,"secret":"a"},{"number":1,"secret":"b"}]}', "#/keys"],
    [`{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, "#/a"],
  ])("%.60s is refused by its field", async (body, pointer) => {
    const sent = await call("PUT", "/v1/domains/bodies.example", body);
    expect(sent.status).toBe(422);
    // toEqual: one fault is one problem.
    expect(sent.body["errors"]).toEqual([{ pointer, detail: expect.any(String) }]);
    expect((await call("GET", "/v1/domains/bodies.example")).status).toBe(404);
  });

  test("that are refused never come back with a secret in them", async () => {
    const secret = "caf\u00e9-hunter2";
    for (const keys of [[{ number: 1, secret }], [{ number: 1, secret: [secret] }], secret]) {
      const sent = await call("PUT", "/v1/domains/bodies.example", { keys });
      expect(sent.status).toBe(422);
      expect(JSON.stringify(sent.body)).not.toContain("hunter2");
    }
  });
});

describe("methods", () => {
  test.each([
    ["POST", "/v1/domains", "GET, HEAD"],
    ["POST", "/v1/domains/methods.example", "GET, HEAD, PUT, PATCH, DELETE"],
    ["GET", "/v1/addresses", "POST"],
    ["PATCH", "/v1/domains/methods.example/routes/alice", "GET, HEAD, PUT, DELETE"],
    ["DELETE", "/health", "GET, HEAD"],
  ])("%s %s is not known there: 405, and what is", async (method, path, allow) => {
    const { status, headers, body } = await call(method, path);
    expect(status).toBe(405);
    expect(headers.get("allow")).toBe(allow);
    expect(body).toMatchObject({ type: "urn:countersign:problem:method-not-allowed" });
  });
});

describe("domains", () => {
  test("are created with the contract's defaults, and every location has them by a time", async () => {
    const { status, body } = await call("PUT", "/v1/domains/Created.Example", {});
    expect(status).toBe(201);
    expect(body).toEqual({
      domain: "created.example",
      ...DEFAULTS,
      effectiveBy: expect.stringMatching(TIME),
    });
    expect(await call("GET", "/v1/domains/CREATED.example")).toMatchObject({
      status: 200,
      body: { domain: "created.example", ...DEFAULTS },
    });
  });

  test("PUT replaces settings, PATCH what it names", async () => {
    const path = await domain("settings", { lifetimeDays: 14, exempt: ["DMARC"] });
    expect((await call("PATCH", path, { placement: "subaddress" })).body).toMatchObject({
      lifetimeDays: 14,
      exempt: ["dmarc"],
      placement: "subaddress",
    });
    const { status, body } = await call("PUT", path, { autoReplies: "accept" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...DEFAULTS, autoReplies: "accept" });
  });

  test("PUT leaves keys and routes alone", async () => {
    const path = await domain("kept");
    await call("PUT", `${path}/routes/alice`, { action: "consume" });
    const { body: minted } = await call("POST", "/v1/addresses", { address: "alice@kept.example" });
    await call("PUT", path, { lifetimeDays: 9 });
    expect((await call("GET", `${path}/routes/alice`)).body).toEqual({ action: "consume" });
    const { body } = await call("POST", "/v1/addresses/validate", { address: minted["reversePath"] });
    expect(body["status"]).toBe("valid");
  });

  test("are not enforced without force; enforcing ones are not asked again", async () => {
    const path = await domain("enforced");
    for (const method of ["PUT", "PATCH"]) {
      expect(await call(method, path, { mode: "enforce" })).toMatchObject({
        status: 409,
        body: { type: "urn:countersign:problem:not-ready" },
      });
    }
    expect((await call("GET", path)).body["mode"]).toBe("observe");
    expect((await call("PATCH", `${path}?force=true`, { mode: "enforce" })).status).toBe(200);
    expect((await call("PATCH", path, { mode: "enforce", lifetimeDays: 8 })).status).toBe(200);
  });

  test("take keys along at creation only, and never give a secret back", async () => {
    const keys = [
      { number: 4, secret: "the-former-secret" },
      { number: 3, secret: "the-secret-of-exim" },
    ];
    const created = await call("PUT", "/v1/domains/moved.example", { keys });
    expect(created).toMatchObject({ status: 201, body: { rotateDays: 0 } });
    expect(JSON.stringify([created.body, await call("GET", "/v1/domains/moved.example")])).not.toContain(
      "secret-of",
    );
    const { body } = await call("POST", "/v1/addresses", { address: "alice@moved.example" });
    expect(body["key"]).toBe(3);
    expect(await call("PUT", "/v1/domains/moved.example", { keys })).toMatchObject({
      status: 409,
      body: { type: "urn:countersign:problem:conflict" },
    });
    expect((await call("PATCH", "/v1/domains/moved.example", { keys, lifetimeDays: 0 })).status).toBe(422);
  });

  test("that are not there: 404", async () => {
    for (const [method, body] of [["GET"], ["PATCH", {}], ["DELETE"]] as const) {
      expect((await call(method, "/v1/domains/absent.example", body)).status).toBe(404);
    }
  });

  test.each(["localhost", "exam_ple.com", "-a.example", "a..example", "a%20b.example"])(
    "%s is no domain to create: 422",
    async (name) => {
      expect((await call("PUT", `/v1/domains/${name}`, {})).status).toBe(422);
    },
  );

  test("are listed by name, a page at a time", async () => {
    for (const name of ["list-b", "list-a", "list-c"]) await domain(name);
    const first = await call("GET", "/v1/domains?limit=1&cursor=list-");
    expect(first.body).toEqual({ items: [{ domain: "list-a.example" }], cursor: "list-a.example" });
    const rest = await call("GET", `/v1/domains?limit=2&cursor=${first.body["cursor"]}`);
    expect(rest.body["items"]).toEqual([{ domain: "list-b.example" }, { domain: "list-c.example" }]);
    for (const limit of ["0", "1001", "x", "1.5", "-1"]) {
      expect((await call("GET", `/v1/domains?limit=${limit}`)).status).toBe(422);
    }
  });

  test("deleted are forgotten: from the list, from minting, from mail; and can be made anew", async () => {
    const path = await domain("deleted");
    await call("PUT", `${path}/routes/*`, { action: "consume" });
    const { body: minted } = await call("POST", "/v1/addresses", { address: "a@deleted.example" });
    expect((await call("DELETE", path)).status).toBe(204);
    expect((await call("DELETE", path)).status).toBe(404);
    expect((await call("GET", path)).status).toBe(404);
    expect((await call("POST", "/v1/addresses", { address: "a@deleted.example" })).status).toBe(404);
    const listed = await call("GET", "/v1/domains?cursor=deleted&limit=1");
    expect(listed.body["items"]).not.toContainEqual({ domain: "deleted.example" });
    const mail = await worker.deliver(
      { from: "<>", to: `${minted["reversePath"]}` },
      "From: a@b.c\r\nMessage-ID: <x@y>\r\n\r\n",
    );
    expect(mail).toMatchObject({ code: 555, text: "5.7.1 Address does not exist." });
    expect((await call("PUT", path, {})).status).toBe(201);
    expect((await call("GET", `${path}/routes`)).body).toEqual({ routes: {} });
    const { body } = await call("POST", "/v1/addresses/validate", { address: minted["reversePath"] });
    expect(body["status"]).toBe("bad-signature");
  });
});

describe("routes", () => {
  const FORWARD = { action: "forward", to: ["inbox@example.net"] };

  test("are set, read, and removed one by one, in lower case", async () => {
    const path = `${await domain("routes")}/routes`;
    const set = await call("PUT", `${path}/Alice`, { ...FORWARD, mode: "off" });
    expect(set).toMatchObject({ status: 201, body: { ...FORWARD, mode: "off" } });
    expect((await call("PUT", `${path}/alice`, { ...FORWARD, mode: "off" })).status).toBe(200);
    expect(set.body["effectiveBy"]).toMatch(TIME);
    expect((await call("GET", `${path}/alice`)).body).toEqual({ ...FORWARD, mode: "off" });
    await call("PUT", `${path}/${encodeURIComponent("*")}`, { action: "reject", reason: "Closed." });
    expect((await call("GET", path)).body).toEqual({
      routes: { alice: { ...FORWARD, mode: "off" }, "*": { action: "reject", reason: "Closed." } },
    });
    expect((await call("DELETE", `${path}/alice`)).status).toBe(204);
    expect((await call("DELETE", `${path}/alice`)).status).toBe(404);
    expect((await call("GET", `${path}/alice`)).status).toBe(404);
  });

  test("are replaced as a whole", async () => {
    const path = `${await domain("replaced")}/routes`;
    await call("PUT", `${path}/alice`, FORWARD);
    const routes = JSON.parse(
      '{"bob":{"action":"consume"},"__proto__":{"action":"consume"},"constructor":{"action":"consume"}}',
    );
    expect((await call("PUT", path, { routes })).status).toBe(200);
    const { body } = await call("GET", path);
    expect(Object.keys(body["routes"] as object).sort()).toEqual(["__proto__", "bob", "constructor"]);
  });

  test.each<[unknown, string]>([
    [{ action: "drop" }, "#/action"],
    [{ action: "forward" }, "#/to"],
    [{ action: "forward", to: [] }, "#/to"],
    [{ action: "forward", to: ["nowhere"] }, "#/to/0"],
    [{ action: "forward", to: ["a@b.example", "A@B.example"] }, "#/to"],
    [{ action: "consume", to: ["a@b.example"] }, "#/to"],
    [{ action: "consume", mode: "maybe" }, "#/mode"],
    [{ action: "reject" }, "#/reason"],
    [{ action: "reject", reason: "two\r\nlines" }, "#/reason"],
    [{ action: "reject", reason: "x".repeat(200) }, "#/reason"],
  ])("%j is refused by its field", async (route, pointer) => {
    const one = await call("PUT", "/v1/domains/created.example/routes/alice", route);
    expect(one).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
    const whole = await call("PUT", "/v1/domains/created.example/routes", { routes: { alice: route } });
    const within = pointer.replace("#", "#/routes/alice");
    expect(whole).toMatchObject({ status: 422, body: { errors: [{ pointer: within }] } });
    expect((await call("GET", "/v1/domains/created.example/routes")).body).toEqual({ routes: {} });
  });

  test.each(["prvs=3788b9ac3e=alice", "a b", `${"a".repeat(65)}`])(
    "%s is no route's name: 422",
    async (name) => {
      const path = `/v1/domains/created.example/routes/${encodeURIComponent(name)}`;
      expect((await call("PUT", path, FORWARD)).status).toBe(422);
    },
  );

  test("of a domain that is not there: 404", async () => {
    const path = "/v1/domains/absent.example/routes";
    expect((await call("GET", path)).status).toBe(404);
    expect((await call("PUT", path, { routes: {} })).status).toBe(404);
    expect((await call("PUT", `${path}/alice`, FORWARD)).status).toBe(404);
    expect((await call("DELETE", `${path}/alice`)).status).toBe(404);
  });
});

describe("minting", () => {
  beforeAll(async () => {
    await domain("mint");
    await domain("other");
  });

  test("answers with all of the contract's fields", async () => {
    const { status, body } = await call("POST", "/v1/addresses", { address: "Alice@Mint.Example" });
    expect(status).toBe(200);
    expect(body).toEqual({
      address: "alice@mint.example",
      reversePath: expect.stringMatching(/^prvs=0\d{3}[0-9a-f]{6}=alice@mint\.example$/),
      messageId: expect.stringMatching(/^<[^@\s]+@mint\.example>$/),
      scheme: "prvs",
      key: 0,
      expires: expect.stringMatching(TIME),
      ref: null,
    });
    const today = Math.floor(Date.now() / DAY_MS);
    expect(Date.parse(`${body["expires"]}`) / DAY_MS - today).toBe(8);
  });

  test("gives the same reverse-path all day, and a new Message-ID each time", async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(() => call("POST", "/v1/addresses", { address: "alice@mint.example" })),
    );
    expect(one?.body["reversePath"]).toBe(other?.body["reversePath"]);
    expect(one?.body["messageId"]).not.toBe(other?.body["messageId"]);
  });

  test("binds the Message-ID to where replies go, in that address's domain", async () => {
    const { body } = await call("POST", "/v1/addresses", {
      address: "alice@mint.example",
      from: "Team@Other.example",
    });
    expect(body["messageId"]).toMatch(/@other\.example>$/);
  });

  test("makes none where it is not wanted", async () => {
    const { body } = await call("POST", "/v1/addresses", { address: "alice@mint.example", messageId: false });
    expect(body["messageId"]).toBeNull();
  });

  test("follows the domain's placement and lifetime", async () => {
    await domain("placed", { placement: "subaddress", lifetimeDays: 30 });
    const { body } = await call("POST", "/v1/addresses", { address: "alice@placed.example" });
    expect(body["reversePath"]).toMatch(/^alice\+prvs=0\d{3}[0-9a-f]{6}@placed\.example$/);
    const validated = await call("POST", "/v1/addresses/validate", { address: body["reversePath"] });
    expect(validated.body).toMatchObject({ status: "valid", expires: body["expires"] });
  });

  test("puts a ref in a cs1 address and its Message-ID, and validating gives it back", async () => {
    const { status, body } = await call("POST", "/v1/addresses", {
      address: "Alice@mint.example",
      ref: "order-7",
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      address: "alice@mint.example",
      reversePath: expect.stringMatching(/^cs1=0[a-z2-7]{20}-order-7=alice@mint\.example$/),
      messageId: expect.stringMatching(/\.order-7@mint\.example>$/),
      scheme: "cs1",
      ref: "order-7",
    });
    for (const address of [`${body["reversePath"]}`, `${body["reversePath"]}`.toUpperCase()]) {
      expect((await call("POST", "/v1/addresses/validate", { address })).body).toEqual({
        status: "valid",
        original: "alice@mint.example",
        scheme: "cs1",
        key: 0,
        expires: body["expires"],
        ref: "order-7",
      });
    }
  });

  test("follows the domain's scheme, unless the body names one", async () => {
    await domain("eighty", { scheme: "cs1", placement: "subaddress" });
    const address = "alice@eighty.example";
    expect((await call("POST", "/v1/addresses", { address })).body["reversePath"]).toMatch(
      /^alice\+cs1=0[a-z2-7]{20}@eighty\.example$/,
    );
    expect((await call("POST", "/v1/addresses", { address, scheme: "prvs" })).body["scheme"]).toBe("prvs");
  });

  test("so many that the answer would outgrow the request by far are told of the first twenty, by the beginnings of their names", async () => {
    const scopes = Array.from({ length: 20_000 }, () => 1);
    const many = await call("POST", "/v1/tokens", { name: "n", scopes, domains: ["example.com"] });
    expect(many.status).toBe(422);
    expect(many.body["errors"]).toHaveLength(20);
    const long = await call("POST", "/v1/addresses", { address: "a@example.com", ["é".repeat(5_000)]: 1 });
    expect(long.status).toBe(422);
    expect(JSON.stringify(long.body).length).toBeLessThan(2_000);
  });

  test("says how many octets a ref may have where it is too long for the address", async () => {
    const address = `${"a".repeat(30)}@mint.example`;
    const { status, body } = await call("POST", "/v1/addresses", { address, ref: "order-2026" });
    expect(status).toBe(422);
    expect(body["errors"]).toEqual([
      { pointer: "#/ref", detail: expect.stringContaining("may have 7 octets") },
    ]);
  });

  test.each<[object, string]>([
    [{}, "#/address"],
    [{ address: 1 }, "#/address"],
    [{ address: "nowhere" }, "#/address"],
    [{ address: '"a b"@mint.example' }, "#/address"],
    [{ address: "\u00fcser@mint.example" }, "#/address"],
    [{ address: "a@[192.0.2.1]" }, "#/address"],
    [{ address: `${"a".repeat(49)}@mint.example` }, "#/address"],
    [{ address: "prvs=3788b9ac3e=alice@mint.example" }, "#/address"],
    [{ address: "a\r\nBcc: b@c.example@mint.example" }, "#/address"],
    [{ address: "alice@mint.example", from: "nowhere" }, "#/from"],
    [{ address: "alice@mint.example", from: "prvs=3788b9ac3e=alice@mint.example" }, "#/from"],
    [{ address: "alice@mint.example", messageId: "no" }, "#/messageId"],
    [{ address: "alice@mint.example", scheme: "md5" }, "#/scheme"],
    [{ address: "alice@mint.example", scheme: "prvs", ref: "order-7" }, "#/ref"],
    [{ address: "alice@mint.example", ref: "" }, "#/ref"],
    [{ address: "alice@mint.example", ref: "Order-7" }, "#/ref"],
    [{ address: "alice@mint.example", ref: "order-" }, "#/ref"],
    [{ address: "alice@mint.example", ref: "r".repeat(25) }, "#/ref"],
    [{ address: `${"a".repeat(39)}@mint.example`, scheme: "cs1" }, "#/address"],
    [{ address: "alice@mint.example", extra: true }, "#/extra"],
  ])("%j is refused by its field", async (body, pointer) => {
    const sent = await call("POST", "/v1/addresses", body);
    expect(sent).toMatchObject({ status: 422, body: { errors: [{ pointer, detail: expect.any(String) }] } });
  });

  test("in a domain that is not there: 404", async () => {
    expect((await call("POST", "/v1/addresses", { address: "a@absent.example" })).status).toBe(404);
    const from = { address: "alice@mint.example", from: "a@absent.example" };
    expect((await call("POST", "/v1/addresses", from)).status).toBe(404);
  });
});

describe("validating", () => {
  test.each([
    ["alice@validate.example", "missing", "alice@validate.example", null, null],
    ["prvs=x=Alice@validate.example", "malformed", "alice@validate.example", "prvs", null],
    ["prvs=7788b9ac3e=alice@validate.example", "unknown-key", "alice@validate.example", "prvs", 7],
    ["prvs=0788b9ac3e=alice@validate.example", "bad-signature", "alice@validate.example", "prvs", 0],
  ])("finds of %s that it is %s", async (address, status, original, scheme, key) => {
    await call("PUT", "/v1/domains/validate.example", {});
    const { body } = await call("POST", "/v1/addresses/validate", { address });
    expect(body).toEqual({ status, original, scheme, key, expires: null, ref: null });
  });

  test("finds its own valid, in any case, until it expires", async () => {
    const { body: minted } = await call("POST", "/v1/addresses", { address: "alice@validate.example" });
    const { body } = await call("POST", "/v1/addresses/validate", {
      address: `${minted["reversePath"]}`.toUpperCase(),
    });
    expect(body).toEqual({
      status: "valid",
      original: "alice@validate.example",
      scheme: "prvs",
      key: 0,
      expires: minted["expires"],
      ref: null,
    });
  });

  test("needs a domain that is there, and an address", async () => {
    expect((await call("POST", "/v1/addresses/validate", { address: "a@absent.example" })).status).toBe(404);
    for (const address of ["nowhere", "a@", "a@example.com.", "a@b c.example", `a@${"d".repeat(60_000)}`]) {
      const sent = await call("POST", "/v1/addresses/validate", { address });
      expect(sent).toMatchObject({ status: 422, body: { errors: [{ pointer: "#/address" }] } });
    }
  });
});
