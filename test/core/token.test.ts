import { describe, expect, test } from "vitest";
import { deriveDeploymentKey } from "../../src/core/signature.ts";
import {
  decodeToken,
  digestToken,
  encodeToken,
  formatToken,
  type Grant,
  isWithin,
  nameMacKey,
  permits,
  reaches,
  reachOf,
  readToken,
  SCOPES,
  TOKEN_SECRET_OCTETS,
  type Token,
  tokenId,
} from "../../src/core/token.ts";
import { NOW } from "./fixtures.ts";

const KEY = await deriveDeploymentKey("k".repeat(32), "token");
const OTHER = await deriveDeploymentKey("o".repeat(32), "token");
const ID = tokenId(NOW, new Uint8Array([1, 2, 3, 4]));
const TEXT = await formatToken(ID, new Uint8Array(20).fill(7), KEY);

describe("the text of a token", () => {
  test("is what a bearer token may be", () => {
    expect(TEXT).toMatch(/^cs_[0-9a-f]{20}_[a-z2-7]{48}$/);
  });

  test("names the token to whoever has the key, current or previous", async () => {
    expect(await readToken(TEXT, [KEY])).toBe(ID);
    expect(await readToken(TEXT, [OTHER, KEY])).toBe(ID);
    expect(await readToken(TEXT, [OTHER])).toBeNull();
  });

  test("with any one character changed names none", async () => {
    for (let at = 0; at < TEXT.length; at++) {
      const changed = TEXT.slice(0, at) + (TEXT[at] === "a" ? "b" : "a") + TEXT.slice(at + 1);
      expect([at, await readToken(changed, [KEY])]).toEqual([at, null]);
    }
  });

  test.each(["", "cs_", "cs_x", `${TEXT}a`, `x${TEXT}`, TEXT.toUpperCase(), `${TEXT}\n`])(
    "is not %j",
    async (text) => {
      expect(await readToken(text, [KEY])).toBeNull();
    },
  );

  test("has another digest with another secret, and its MAC another with another key", async () => {
    const other = await formatToken(ID, new Uint8Array(20).fill(8), KEY);
    expect(await digestToken(other)).not.toBe(await digestToken(TEXT));
    expect(await digestToken(TEXT)).toBe(await digestToken(TEXT));
    expect(await formatToken(ID, new Uint8Array(20).fill(7), OTHER)).not.toBe(TEXT);
    expect(await nameMacKey(KEY)).not.toBe(await nameMacKey(OTHER));
  });
});

test("ids sort by the instant of their making", () => {
  const ids = [NOW, NOW + 1, NOW + 1_000_000, NOW * 2].map((now) => tokenId(now, new Uint8Array(4)));
  expect(ids.toSorted()).toEqual(ids);
});

const grant = (scopes: Grant["scopes"], domains: readonly string[]): Grant => ({ scopes, domains });

describe("a grant", () => {
  test("of admin includes every scope; any other only itself", () => {
    for (const scope of SCOPES) {
      expect(permits(grant(["admin"], []), scope)).toBe(true);
      for (const other of SCOPES) {
        if (scope !== "admin") expect(permits(grant([scope], []), other)).toBe(scope === other);
      }
    }
  });

  test("reaches the domains that it names, not those above or below, and with * all", () => {
    const named = grant(["sign"], ["example.com"]);
    const asked = ["example.com", "a.example.com", "com", "notexample.com", "*", ""];
    expect(asked.filter((domain) => reaches(named, domain))).toEqual(["example.com"]);
    expect(asked.every((domain) => reaches(grant(["sign"], ["*"]), domain))).toBe(true);
  });

  test.each<[Grant, Grant, boolean]>([
    [grant(["sign"], ["a.example"]), grant(["admin"], ["a.example", "b.example"]), true],
    [grant(["admin"], ["a.example"]), grant(["admin"], ["a.example"]), true],
    [grant(["admin"], ["a.example", "c.example"]), grant(["admin"], ["a.example", "b.example"]), false],
    [grant(["read"], ["*"]), grant(["admin"], ["a.example"]), false],
    [grant(["read"], ["*"]), grant(["admin"], ["*"]), true],
    [grant(["read"], ["a.example"]), grant(["sign"], ["*"]), false],
    [grant(["admin"], ["a.example"]), grant(["sign", "validate", "read"], ["*"]), false],
  ])("%j is within %j: %s", (inner, outer, expected) => {
    expect(isWithin(inner, outer)).toBe(expected);
  });
});

test("what is published is read again, and of another form refused", () => {
  const token: Token = {
    id: ID,
    name: "news",
    scopes: ["sign"],
    domains: ["example.com"],
    created: NOW,
    digest: "d",
    macKey: "m",
  };
  expect(decodeToken(encodeToken(token))).toEqual({ ...token, revision: NOW });
  expect(() => decodeToken(encodeToken(token).replace('"format":1', '"format":2'))).toThrow("format 2");
});

test("id, text, digest and the key's name are the known ones", async () => {
  // Computed with OpenSSL's HKDF, HMAC and SHA-256.
  const id = tokenId(NOW, Uint8Array.from([1, 2, 3, 255, 9]));
  expect(id).toBe("01a20d6d5a00010203ff");
  expect(await formatToken(id, new Uint8Array(20).fill(7), KEY)).toBe(
    "cs_01a20d6d5a00010203ff_a4dqobyha4dqobyha4dqobyha4dqobyhseo2e5ehtry63yqi",
  );
  expect(await digestToken("cs_text")).toBe("mujzejdbdx3j5fdcrbbkbl7g4jqmlua5k7ffvbq2y532xbcc");
  expect(await nameMacKey(KEY)).toBe("lksmgld6kkgvqx3q");
  expect(TOKEN_SECRET_OCTETS).toBe(20);
});

test("a grant names its domains, or reaches all", () => {
  expect(reachOf(grant(["read"], ["a.example", "b.example"]))).toEqual(["a.example", "b.example"]);
  expect(reachOf(grant(["read"], []))).toEqual([]);
  expect(reachOf(grant(["read"], ["*"]))).toBeNull();
});

test("scopes are these, and a grant of none permits nothing", () => {
  expect(SCOPES).toEqual(["sign", "validate", "read", "admin"]);
  expect(SCOPES.some((scope) => permits(grant([], ["*"]), scope))).toBe(false);
});

test("what is published of a token has its format in front, and another is refused by name", () => {
  const token: Token = { id: ID, name: "n", scopes: [], domains: [], created: NOW, digest: "d", macKey: "m" };
  const text = encodeToken(token);
  expect(JSON.parse(text)).toEqual({ format: 1, ...token });
  expect(() => decodeToken(text.replace('"format":1', '"format":7'))).toThrow(
    new Error("This token has format 7; 1 is what is read here."),
  );
});
