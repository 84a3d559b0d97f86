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

  test.each([
    "/.//evil.example/x",
    "/a/..//evil.example",
    "//evil.example/",
    "https://evil.example/",
    "/\\evil.example/",
    "javascript:alert(1)",
  ])("leads to a page of this origin, not to %s", async (to) => {
    const { token } = await makeToken(["read"], ["pages.example"]);
    const response = await send("/sign-in", { token, to });
    expect(new URL(response.headers.get("location") ?? "", origin).origin).toBe(origin);
  });
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

  test("that is none, by its content type, changes nothing wherever it comes from", async () => {
    const cookie = await signIn((await makeToken(["admin"], ["pages.example"])).token);
    const keys = async () => (await worker.call("GET", "/v1/domains/pages.example/keys")).text();
    const before = await keys();
    for (const type of ["application/json", "text/plain", ""]) {
      const response = await fetch(`${origin}/domains/pages.example/keys`, {
        method: "POST",
        redirect: "manual",
        headers: { cookie, origin: "https://evil.example", ...(type && { "content-type": type }) },
        body: new Uint8Array([123, 125]),
      });
      expect([403, 415]).toContain(response.status);
    }
    expect(await keys()).toBe(before);
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

describe("a page", () => {
  let cookie: string;
  beforeAll(async () => {
    cookie = await signIn((await makeToken(["admin"], ["*"])).token);
  });

  test("is come back to after a session ended before its form was sent", async () => {
    for (const [form, page] of [
      ["/domains/pages.example/mode", "/domains/pages.example"],
      ["/tokens/revoke", "/tokens"],
      ["/domains", "/"],
    ] as const) {
      const to = page === "/" ? "/sign-in" : `/sign-in?to=${encodeURIComponent(page)}`;
      expect((await send(form, {})).headers.get("location")).toBe(to);
      expect((await get(form, cookie)).headers.get("location")).toBe(page);
    }
  });

  test("of a domain that is not there is not found, and no token is made for it", async () => {
    for (const page of ["", "/keys", "/routes", "/webhook", "/inspect", "/start", "/doctor", "/nothing"]) {
      expect([page, (await get(`/domains/nowhere.example${page}`, cookie)).status]).toEqual([page, 404]);
    }
    const response = await send("/domains/nowhere.example/start/token", { name: "lost" }, { cookie });
    expect(response.status).toBe(404);
    expect(await (await worker.call("GET", "/v1/tokens?limit=1000")).text()).not.toContain("lost");
  });

  test("says nothing was done by a word that is none of its own", async () => {
    for (const word of ["constructor", "__proto__", "<b>"]) {
      expect(await (await get(`/?done=${encodeURIComponent(word)}`, cookie)).text()).not.toContain(
        'class="done"',
      );
    }
  });

  test("takes a form that does not parse for one", async () => {
    const headers = { origin, cookie, "content-type": "multipart/form-data" };
    const response = await fetch(`${origin}/sign-in`, { method: "POST", headers, body: "x" });
    expect(response.status).toBe(400);
  });

  test("of routes changes one beyond its first fifty, with its mode", async () => {
    await worker.call("PUT", "/v1/domains/many.example", {});
    const route = { ...ALICE, mode: "off" };
    const names = Array.from({ length: 60 }, (_, at) => `u${String(at).padStart(2, "0")}`);
    const routes = Object.fromEntries([...names, "a/b", "50%"].map((name) => [name, route]));
    await worker.call("PUT", "/v1/domains/many.example/routes", { routes });
    for (const name of ["u59", "a/b", "50%"]) {
      const page = await (
        await get(`/domains/many.example/routes?edit=${encodeURIComponent(name)}`, cookie)
      ).text();
      expect(page).toContain(`Change the route of ${name}`);
      expect(page).toMatch(/<option value="off" selected/);
    }
    const fields = { "local-part": "a/b", action: "consume", mode: "off" };
    expect((await send("/domains/many.example/routes", fields, { cookie })).status).toBe(303);
    expect(await (await worker.call("GET", "/v1/domains/many.example/routes/a%2Fb")).json()).toEqual({
      action: "consume",
      mode: "off",
    });
  });

  test("of the keyring says of a key that was retired before its time that it signs nothing", async () => {
    await worker.call("PUT", "/v1/domains/keys.example", {});
    await worker.call("POST", "/v1/domains/keys.example/keys", {});
    await worker.call("DELETE", "/v1/domains/keys.example/keys/1");
    const page = await (await get("/domains/keys.example/keys", cookie)).text();
    const [retired = "", signing = ""] = page.split("<h3>Key ").slice(1);
    expect(retired).toMatch(/^1 /);
    expect(retired).not.toContain("signed from");
    expect(Number(/class="signs"[^>]* width="([0-9]+)"/.exec(signing)?.[1])).toBeGreaterThan(300);
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

  test("mail from someone is no bounce, and its page does not call it one", async () => {
    const page = await inspect({ text: "alice@pages.example", from: "carl@sender.example" });
    expect(page).toContain("so it is no bounce");
    expect(page).not.toContain("A bounce to it is");
  });

  test("an address with a reference names the cap that is not looked at", async () => {
    await worker.call("PATCH", "/v1/domains/pages.example", { maxBouncesPerRef: 3 });
    const body = { address: "alice@pages.example", ref: "order-7" };
    const minted = await worker.call("POST", "/v1/addresses", body);
    const { reversePath } = (await minted.json()) as { reversePath: string };
    expect(await inspect({ text: reversePath })).toContain("3 messages came back to its reference already");
    await worker.call("PATCH", "/v1/domains/pages.example", { maxBouncesPerRef: null });
  });

  test("a whole bounce says what it tells of its recipient", async () => {
    const bounce = readFileSync(new URL("../messages/postfix-failed.eml", import.meta.url), "utf8");
    const page = await inspect({ text: bounce, to: await mint() });
    expect(page).toContain("5.1.1");
    expect(page).toContain("as what it says below");
    const bounces = await (await worker.call("GET", "/v1/domains/pages.example/bounces")).json();
    expect(bounces).toEqual({ items: [], cursor: null });
  });

  test("a bounce from an inbox is judged for whom it came, not as mail that goes round in a circle", async () => {
    const text = [
      "Return-Path: <>",
      `Delivered-To: ${await mint()}`,
      "X-Countersign-Hop: whatever",
      "From: Mailer <mailer-daemon@mx.example.org>",
      "To: someone@elsewhere.example",
      "Subject: Undelivered",
      "",
      "It failed.",
    ].join("\n");
    const page = await inspect({ text });
    expect(page).toContain("It was signed here, and is in force.");
    expect(page).toContain("forwarded to alice@inbox.example");
    expect(await inspect({ text: text.replace(/Delivered-To: .*\n/, "") })).toContain("There is no address");
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
    const response = await get(path, cookie, {
      "x-probe-faults": path === "/" ? "directory-object" : "domain-object",
    });
    expect([path, response.status]).toEqual([path, 503]);
    expect(await response.text()).not.toMatch(/Network connection lost|at \w+ \(/);
  }
});

test("a domain out of reach hides none of the others from the overview", async () => {
  const cookie = await signIn((await makeToken(["admin"], ["*"])).token);
  const response = await get("/", cookie, { "x-probe-faults": "domain-object" });
  expect(response.status).toBe(200);
  expect(await response.text()).toMatch(/pages\.example<\/a> can(?:'|&#39;)t be reached just now/);
});
