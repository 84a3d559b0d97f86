// Tokens and sessions: whoever has one is known by exactly its text, and nobody by any other.

import fc from "fast-check";
import { HonoBase as Hono } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { expect } from "vitest";
import { findCaller } from "../../../src/api/caller.ts";
import { deriveDeploymentKey } from "../../../src/core/signature.ts";
import {
  decodeToken,
  digestToken,
  encodeToken,
  formatToken,
  readToken,
  type Token,
  tokenId,
} from "../../../src/core/token.ts";
import type { Desk, PagePorts } from "../../../src/pages/desk.ts";
import { begin, findVisitor, SESSION_HOURS } from "../../../src/pages/session.ts";
import { NOW } from "../../core/fixtures.ts";
import { type Edit, edits, spoil } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Shown {
  readonly chance: string;
  readonly changes: readonly Edit[];
  /** In a cookie `{session}` stands for the session's text, `{changed}` for the same, changed. */
  readonly cookie: string;
  readonly isSecure: boolean;
  readonly hoursLater: number;
  readonly isRevoked: boolean;
}

const ADMIN_TOKEN = "a".repeat(40);
const ADMIN_DIGEST = await digestToken(ADMIN_TOKEN);
const [KEY, FORMER, STRANGE] = (await Promise.all(
  ["one", "two", "three"].map((secret) => deriveDeploymentKey(secret.repeat(12), "token")),
)) as [CryptoKey, CryptoKey, CryptoKey];
const SESSION_KEY = await deriveDeploymentKey("s".repeat(32), "session");

const pages = new Hono<Desk>({ router: new TrieRouter() });
pages.get("/in/:id", async (visit) => {
  const id = visit.req.param("id");
  await begin(visit, { id: id === "admin" ? null : id, name: "", scopes: ["read"], domains: ["*"] });
  return visit.body(null, 204);
});
pages.get("/", async (visit) => visit.json(await findVisitor(visit)));

async function check({ chance, changes, cookie, isSecure, hoursLater, isRevoked }: Shown): Promise<void> {
  const octets = Buffer.from(chance.padEnd(48, "0").slice(0, 48), "latin1");
  const id = tokenId(NOW, octets.subarray(0, 4));
  const text = await formatToken(id, octets.subarray(4, 24), KEY);
  const token: Token = {
    id,
    name: chance,
    scopes: ["read"],
    domains: ["example.com"],
    created: NOW,
    digest: await digestToken(text),
    macKey: "x",
  };
  expect(decodeToken(encodeToken(token))).toEqual({ ...token, revision: NOW });

  const changed = spoil(text, changes);
  expect(await readToken(text, [FORMER, KEY])).toBe(id);
  expect(await readToken(text, [STRANGE])).toBeNull();
  expect(await readToken(changed, [KEY, FORMER])).toBe(changed === text ? id : null);
  let asked = 0;
  const tokens = {
    read: async (name: string) => {
      asked++;
      return name === id && !isRevoked ? token : null;
    },
  };
  const credentials = { adminDigest: ADMIN_DIGEST, tokenMacKeys: [KEY], tokens };
  expect((await findCaller(text, credentials))?.id ?? null).toBe(isRevoked ? null : id);
  asked = 0;
  if (changed !== text) {
    expect(await findCaller(changed, credentials)).toBeNull();
    // A stranger costs no storage.
    expect(asked).toBe(0);
  }
  const changedAdmin = spoil(ADMIN_TOKEN, changes);
  expect((await findCaller(changedAdmin, credentials))?.name ?? null).toBe(
    changedAdmin === ADMIN_TOKEN ? "admin" : null,
  );

  await checkSession();

  async function checkSession(): Promise<void> {
    const origin = isSecure ? "https://countersign.example" : "http://localhost";
    const ports = (now: number) => ({ sessionKey: SESSION_KEY, now, tokens }) as unknown as PagePorts;
    const response = await pages.fetch(
      new Request(`${origin}/in/${chance === "" ? "admin" : id}`),
      ports(NOW),
    );
    const [, name = "", session = ""] =
      /^([^=]+)=([^;]*); Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict(?:; Secure)?$/.exec(
        response.headers.get("set-cookie") ?? "",
      ) ?? [];
    expect(session).toMatch(/^[a-z0-9.]+$/);
    // A header takes only octets, and none that ends it.
    const changedSession = spoil(session, changes);
    const sent = cookie
      .replaceAll("{session}", () => `${name}=${session}`)
      .replaceAll("{changed}", () => `${name}=${changedSession}`)
      .replace(/[^\t\x20-\x7e\x80-\xff]/g, "?");
    const now = NOW + hoursLater * 3_600_000;
    const found = await pages.fetch(new Request(origin, { headers: { cookie: sent } }), ports(now));
    expect(found.status).toBe(200);
    const visitor = (await found.json()) as { id: string | null } | null;
    const first = sent
      .split(";")
      .map((pair) => pair.trim())
      .find((pair) => pair.startsWith(`${name}=`));
    const isKnown =
      first === `${name}=${session}` && hoursLater < SESSION_HOURS && !(isRevoked && chance !== "");
    expect(visitor === null).toBe(!isKnown);
    if (visitor !== null) expect(visitor.id).toBe(chance === "" ? null : id);
  }
}

const inputs: fc.Arbitrary<Shown> = fc.record({
  chance: fc.oneof(fc.string({ unit: "binary-ascii", maxLength: 48 }), fc.constant("")),
  changes: edits(["cs_", "_", "admin", ".", "0", "A", "a", "=", "9999999999999"]),
  cookie: fc.oneof(
    fc.constantFrom(
      "{session}",
      "{changed}",
      "a=b; {session}",
      "{changed}; {session}",
      "{session}; {changed}",
      "x{session}",
      '"{session}"',
      "{session},",
      " {session} ",
      ";;{session};",
      "countersign=; {session}",
      "__Host-countersign={session}",
    ),
    fc
      .array(fc.constantFrom("{session}", "{changed}", ";", "; ", "=", "a=b", "countersign", "\t"), {
        maxLength: 6,
      })
      .map((parts) => parts.join("")),
  ),
  isSecure: fc.boolean(),
  hoursLater: fc.constantFrom(0, 0, 0, 7.99, 8, 9, -1),
  isRevoked: fc.constantFrom(false, false, false, true),
});

export const token = target<Shown>({ name: "token", inputs: seeded("token", inputs), check, runs: 300 });
