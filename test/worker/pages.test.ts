// The operator's pages over HTTP: who gets in, what a session is worth, what a form from elsewhere does. The Worker in
// workerd under the probe, whose clock is set by hand.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startDohServer } from "../doh-server.ts";
import { type ProbedWorker, startProbedWorker } from "./probed-worker.ts";

let worker: ProbedWorker;
let doh: Awaited<ReturnType<typeof startDohServer>>;
let origin: string;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const ALICE = { action: "forward", to: ["alice@inbox.example"] };

beforeAll(async () => {
  doh = await startDohServer({
    "pages.example": { MX: ["10 mx.elsewhere.example."], TXT: ["v=spf1 +all"] },
  });
  worker = await startProbedWorker({ DOH_URL: doh.url });
  origin = await worker.url();
  await worker.call("PUT", "/v1/domains/pages.example", {});
  await worker.call("PUT", "/v1/domains/pages.example/routes/alice", ALICE);
});
beforeEach(() => worker.setClock(0));
afterAll(async () => {
  await worker.stop();
  await doh.close();
});

async function makeToken(scopes: string[], domains: string[]) {
  const response = await worker.call("POST", "/v1/tokens", { name: "someone", scopes, domains });
  return (await response.json()) as { id: string; token: string };
}

const send = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(origin + path, {
    method: "POST",
    redirect: "manual",
    headers: { origin, ...headers },
    body: new URLSearchParams(fields),
  });

const get = (path: string, cookie = "", headers: Record<string, string> = {}) =>
  fetch(origin + path, { redirect: "manual", headers: { cookie, ...headers } });

/** The session's cookie, as a browser sends it back. */
async function signIn(token: string): Promise<string> {
  const response = await send("/sign-in", { token, to: "/" });
  expect(response.status).toBe(303);
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

describe("a session", () => {
  test("is a signed cookie that no script reads, no other site sends and eight hours end", async () => {
    const { token } = await makeToken(["read"], ["pages.example"]);
    const response = await send("/sign-in", { token, to: "/" });
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^countersign=.+; Path=\/; Max-Age=28800; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token);
    const [name = ""] = cookie.split(";");
    expect((await get("/", name)).status).toBe(200);
    await worker.setClock(8 * HOUR_MS + 1);
    expect((await get("/", name)).headers.get("location")).toBe("/sign-in");
  });

  test("that was changed is none", async () => {
    const cookie = await signIn((await makeToken(["read"], ["pages.example"])).token);
    const [id = "", expires, mac] = cookie.slice("countersign=".length).split(".");
    for (const forged of [
      `admin.${expires}.${mac}`,
      `${id}.9${expires}.${mac}`,
      `${id}.${expires}.${mac?.slice(1)}a`,
    ]) {
      expect((await get("/", `countersign=${forged}`)).status).toBe(303);
    }
  });

  test("ends with its token", async () => {
    const { id, token } = await makeToken(["read"], ["pages.example"]);
    const cookie = await signIn(token);
    await worker.call("DELETE", `/v1/tokens/${id}`);
    expect((await get("/", cookie)).status).toBe(303);
  });

  test("is no credential for the API", async () => {
    const cookie = await signIn((await makeToken(["admin"], ["*"])).token);
    expect((await get("/v1/domains", cookie)).status).toBe(401);
  });

  test("is not begun by a stranger's token, nor by one that may not read", async () => {
    const stranger = await send("/sign-in", { token: "cs_invented", to: "/" });
    expect(stranger.status).toBe(401);
    expect(stranger.headers.get("set-cookie")).toBeNull();
    expect(await stranger.text()).not.toContain("cs_invented");
    const { token } = await makeToken(["sign"], ["pages.example"]);
    expect((await send("/sign-in", { token, to: "/" })).status).toBe(403);
  });

  test.each(["//evil.example/", "https://evil.example/", "/\\evil.example/", "javascript:alert(1)"])(
    "leads to a page of this origin, not to %s",
    async (to) => {
      const { token } = await makeToken(["read"], ["pages.example"]);
      const response = await send("/sign-in", { token, to });
      expect(new URL(response.headers.get("location") ?? "", origin).origin).toBe(origin);
    },
  );
});

describe("a form", () => {
  test("from another site changes nothing", async () => {
    const cookie = await signIn((await makeToken(["admin"], ["pages.example"])).token);
    const evil = { origin: "https://evil.example", cookie };
    expect((await send("/domains/pages.example/mode", { mode: "off" }, evil)).status).toBe(403);
    expect(await (await worker.call("GET", "/v1/domains/pages.example")).json()).toMatchObject({
      mode: "observe",
    });
  });

  test("of what the token's scope forbids changes nothing, and is not shown", async () => {
    const cookie = await signIn((await makeToken(["read"], ["pages.example"])).token);
    const forms: [string, Record<string, string>][] = [
      ["/domains/pages.example/mode", { mode: "off" }],
      ["/domains/pages.example/keys", {}],
      ["/domains/pages.example/keys/retire", { number: "0" }],
      ["/domains/pages.example/routes", { "local-part": "eve", action: "consume" }],
      ["/domains/pages.example/routes/remove", { "local-part": "alice" }],
      ["/domains/pages.example/webhook", { url: "https://eve.example/" }],
      ["/domains/pages.example/settings", { lifetimeDays: "9" }],
      ["/domains/pages.example/delete", { name: "pages.example" }],
      ["/domains/pages.example/inspect", { text: "alice@pages.example" }],
      ["/domains/pages.example/start/mint", { address: "alice@pages.example" }],
      ["/domains", { domain: "eve.example" }],
      ["/tokens", { name: "eve", "scope-admin": "on", domains: "*" }],
    ];
    for (const [path, fields] of forms) {
      expect([path, (await send(path, fields, { cookie })).status]).toEqual([path, 403]);
    }
    const page = await (await get("/domains/pages.example", cookie)).text();
    expect(page).not.toMatch(/\/mode"|\/keys"|\/webhook"|\/inspect"|\/start"/);
    const { routes } = (await (await worker.call("GET", "/v1/domains/pages.example/routes")).json()) as {
      routes: object;
    };
    expect(Object.keys(routes)).toEqual(["alice"]);
  });

  test("of a domain that is none of the token's is answered alike, whether it exists or not", async () => {
    const cookie = await signIn((await makeToken(["admin"], ["other.example"])).token);
    for (const page of [
      "",
      "/keys",
      "/routes",
      "/bounces",
      "/webhook",
      "/audit",
      "/doctor",
      "/inspect",
      "/start",
    ]) {
      const there = await get(`/domains/pages.example${page}`, cookie);
      const nowhere = await get(`/domains/nowhere.example${page}`, cookie);
      expect([page, there.status, nowhere.status]).toEqual([page, 403, 403]);
    }
  });

  test("that is too large is told so", async () => {
    const cookie = await signIn((await makeToken(["admin"], ["*"])).token);
    const response = await send(
      "/domains/pages.example/settings",
      { exempt: "a".repeat(70_000) },
      { cookie },
    );
    expect(response.status).toBe(413);
  });
});

describe("inspecting", () => {
  const inspect = async (fields: Record<string, string>) => {
    const cookie = await signIn((await makeToken(["admin"], ["pages.example"])).token);
    return (await send("/domains/pages.example/inspect", fields, { cookie })).text();
  };
  const mint = async () => {
    const response = await worker.call("POST", "/v1/addresses", { address: "alice@pages.example" });
    return ((await response.json()) as { reversePath: string }).reversePath;
  };

  test("a minted reverse-path finds it valid, and its bounce forwarded", async () => {
    const page = await inspect({ text: `<${await mint()}>` });
    expect(page).toContain("It was signed here, and is in force.");
    expect(page).toContain("forwarded to alice@inbox.example");
  });

  test("one that is out of date, or wrong, says what becomes of its bounce", async () => {
    const text = await mint();
    await worker.setClock(9 * DAY_MS);
    expect(await inspect({ text })).toContain("out of date");
    await worker.setClock(0);
    const page = await inspect({ text: text.replace(/......=alice/, "000000=alice") });
    expect(page).toContain("Its MAC is wrong");
    expect(page).toContain("while the domain enforces it is refused for good");
  });

  test("a whole bounce says what it tells of its recipient", async () => {
    const bounce = readFileSync(new URL("../messages/postfix-failed.eml", import.meta.url), "utf8");
    const page = await inspect({ text: bounce, to: await mint() });
    expect(page).toContain("5.1.1");
    expect(page).toContain("as what it says below");
    const bounces = await (await worker.call("GET", "/v1/domains/pages.example/bounces")).json();
    expect(bounces).toEqual({ items: [], cursor: null });
  });

  test("what is no address shows the problem, and text is text", async () => {
    const page = await inspect({ text: '<script>alert("x")</script>' });
    expect(page).toContain("There is no address of pages.example in it.");
    expect(page).not.toContain("<script>");
  });
});

describe("the doctor", () => {
  test("warns of what is amiss in the DNS, here and in readiness, and keeps nothing from being ready", async () => {
    const cookie = await signIn((await makeToken(["read"], ["pages.example"])).token);
    const page = await (await get("/domains/pages.example/doctor", cookie)).text();
    expect(page).toContain("mx.elsewhere.example");
    const { checks } = (await (await worker.call("GET", "/v1/domains/pages.example/readiness")).json()) as {
      checks: { id: string; status: string }[];
    };
    const dns = checks.slice(-4).map(({ id, status }) => `${id} ${status}`);
    expect(dns).toEqual(["mx warn", "spf warn", "dkim warn", "dmarc warn"]);
  });

  test("warns where the resolver does not answer", async () => {
    doh.fail("error");
    const response = await worker.call("GET", "/v1/domains/pages.example/readiness");
    doh.fail(null);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("The resolver did not answer");
  });
});

test("where storage is out of reach, a page says so and nothing else", async () => {
  const cookie = await signIn((await makeToken(["admin"], ["*"])).token);
  for (const path of [
    "/domains/pages.example",
    "/domains/pages.example/keys",
    "/domains/pages.example/bounces",
    "/",
  ]) {
    const response = await get(path, cookie, { "x-probe-faults": "domain-object,directory-object" });
    expect([path, response.status]).toEqual([path, 503]);
    expect(await response.text()).not.toMatch(/Network connection lost|at \w+ \(/);
  }
});
