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
  readToken,
  SCOPES,
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
