// What answers in the API's place: the relay goes on under what is a tag of that very address, or not at all.

import fc from "fast-check";
import { expect } from "vitest";
import { Countersign, CountersignError, type Fetch } from "../../../src/client/countersign.ts";
import { Minter } from "../../../src/smtp/relay/minter.ts";
import { address, tagType, tagValue } from "../addresses.ts";
import { mutated } from "../mutation.ts";
import { type Json, seeded, target } from "../target.ts";

interface Answered {
  readonly address: string;
  readonly ref: string | null;
  /** `{address}` stands for the address in lower case, `{local}` and `{host}` for its parts. */
  readonly answers: readonly {
    readonly status: number;
    readonly body: string;
    readonly retryAfter: string | null;
  }[];
}

const TOKEN = `cs_${"0".repeat(20)}_${"t".repeat(48)}`;

async function check({ address: given, ref, answers }: Answered): Promise<void> {
  const at = given.lastIndexOf("@");
  const lower = given.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  let asked = 0;
  const answer: Fetch = async (url) => {
    expect(url).toMatch(/^https:\/\/api\.example\/v1\/addresses(?:\/batch)?$/);
    const { status, body, retryAfter } = answers[asked++ % answers.length] ?? {
      status: 500,
      body: "",
      retryAfter: null,
    };
    const text = body
      .replaceAll("{address}", () => lower)
      .replaceAll("{local}", () => lower.slice(0, at))
      .replaceAll("{host}", () => lower.slice(at + 1));
    return { status, headers: { get: () => retryAfter }, text: async () => text };
  };
  // One attempt, since each further one waits.
  const client = new Countersign({ url: "https://api.example", token: TOKEN, fetch: answer, attempts: 1 });
  const minting = await new Minter(client, (path) => path.startsWith("must")).mint(
    given,
    ref === null ? {} : { ref },
  );
  expect(asked).toBeLessThanOrEqual(3);
  switch (minting.kind) {
    case "minted": {
      const { reversePath, messageId, ref: named } = minting.minted;
      expect(reversePath).toMatch(/^[^\s<>\0]{1,254}$/);
      expect(reversePath).not.toBe(lower);
      expect(reversePath.endsWith(lower.slice(at))).toBe(true);
      expect(reversePath).toContain(lower.slice(0, at));
      if (ref !== null) expect(named).toBe(ref);
      if (messageId !== null) expect(messageId).toMatch(/^<[!-~]+>$/);
      break;
    }
    case "foreign":
      expect(given.startsWith("must")).toBe(false);
      break;
    default:
      expect(minting.detail).toEqual(expect.any(String));
      expect(minting.detail).not.toContain(TOKEN);
  }
  const failure = await client.validate(given).catch((error: unknown) => error);
  if (failure instanceof Error) {
    expect(failure).toBeInstanceOf(CountersignError);
    expect(failure.message).not.toContain(TOKEN);
  }
}

const problem = fc
  .record({
    type: fc
      .constantFrom("not-found", "forbidden", "unusable-values", "unauthorized", "x")
      .map((name) => `urn:countersign:problem:${name}`),
    title: fc.constant("T"),
    status: fc.constantFrom(404, 403, 422),
    detail: fc.oneof(fc.string({ maxLength: 10 }), fc.constant(null)),
    errors: fc.oneof(
      fc.constant([{ pointer: "#/address", detail: "No\r\n250 Ok" }]),
      fc.constant([null]),
      fc.constant("x"),
      fc.constant([]),
    ) as fc.Arbitrary<Json>,
  })
  .map((body) => ({ status: body.status as number, body: JSON.stringify(body) }));
const path = fc.oneof(
  fc.tuple(tagType, tagValue).map(([type, value]) => `${type.toLowerCase()}=${value}={address}`),
  fc.tuple(tagType, tagValue).map(([type, value]) => `{local}+${type.toLowerCase()}=${value}@{host}`),
  fc.constantFrom("{address}", "prvs=3788b9ac3e=eve@example.net", "prvs=3788b9ac3e={address}>\r\nDATA"),
);
const minted = fc
  .record({
    reversePath: path,
    messageId: fc.constantFrom(null, "<a@b>", "<a@b>\r\nBcc: x", "a", 7, "<>"),
    ref: fc.constantFrom(null, "order-7"),
    key: fc.constant(0),
  })
  .map((body) => ({ status: 200, body: JSON.stringify(body) }));
const answer = fc.oneof(
  minted,
  minted,
  problem,
  fc.record({
    status: fc.constantFrom(200, 204, 301, 401, 404, 429, 500),
    body: fc.constantFrom("", "null", "[]", "<html>", '{"results":[]}'),
  }),
);

const inputs: fc.Arbitrary<Answered> = fc.record({
  address: fc.oneof(
    address,
    address.map((text) => `must${text}`),
    fc.constantFrom("alice@example.com", "bob@[192.0.2.1]", "Alice@Example.COM"),
  ),
  ref: fc.option(fc.constant("order-7")),
  answers: fc.array(
    fc.tuple(answer, fc.constantFrom(null, "1", "x")).chain(([{ status, body }, retryAfter]) =>
      mutated(fc.constant(body), ['"', "null", "\\r\\n", "{address}", "=", "@"]).map((spoiled) => ({
        status,
        body: spoiled,
        retryAfter,
      })),
    ),
    { minLength: 1, maxLength: 4 },
  ),
});

export const minter = target<Answered>({
  name: "minter",
  inputs: seeded("minter", inputs),
  check,
  runs: 500,
});
