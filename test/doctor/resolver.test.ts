// The resolver against a real HTTP server, with the real fetch.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { examine } from "../../src/doctor/doctor.ts";
import { createResolver } from "../../src/doctor/resolver.ts";
import { type DohFailure, type DohServer, startDohServer } from "../doh-server.ts";
import { freePort } from "../free-port.ts";
import { SELECTORS, ZONE } from "./zone.ts";

const LONG = `v=spf1 ${"ip4:192.0.2.1 ".repeat(40)}-all`;

let server: DohServer;
beforeAll(async () => {
  server = await startDohServer({
    ...ZONE,
    "long.example": { TXT: [LONG] },
    "odd.example": { TXT: ['say "so" \\ \u0007é', '"', " led by a space"] },
    "mx.example": { MX: ["10 MX.Example.NET."] },
  });
});
afterEach(() => {
  server.fail(null);
  server.delay(0);
});
afterAll(() => server.close());

const resolver = (deadlineMs?: number, url = server.url) => createResolver(url, fetch, deadlineMs);

const asked = async (ask: () => Promise<unknown>) => {
  const before = server.queries.length;
  await ask();
  return server.queries.slice(before);
};

describe("finds", () => {
  test("records of the type, as they stand", async () => {
    expect(await resolver()("mx.example", "MX")).toEqual({ kind: "found", records: ["10 MX.Example.NET."] });
  });

  test("a TXT of several strings joined with nothing between them", async () => {
    expect(LONG.length).toBeGreaterThan(510);
    expect(await resolver()("long.example", "TXT")).toEqual({ kind: "found", records: [LONG] });
  });

  test("quotes, backslashes and octets that were escaped", async () => {
    expect(await resolver()("odd.example", "TXT")).toEqual({
      kind: "found",
      records: ['say "so" \\ \u0007é', '"', " led by a space"],
    });
  });

  test("a TXT that the resolver did not quote, as it is", async () => {
    server.fail("unquoted");
    expect(await resolver()("long.example", "TXT")).toEqual({ kind: "found", records: [LONG] });
  });

  test("what a CNAME leads to, without the CNAME", async () => {
    const target = ZONE["s1.domainkey.u1234567.wl042.sendgrid.net"]?.["TXT"];
    expect(await resolver()("s1._domainkey.example.com", "TXT")).toEqual({ kind: "found", records: target });
  });

  test("no records where the name has none of the type", async () => {
    expect(await resolver()("mx.example", "TXT")).toEqual({ kind: "found", records: [] });
  });
});

test.each<[string, string[]]>([
  ['"a"  "b"', ["ab"]],
  ['"a""b"', ["ab"]],
  ['"" "a" ""', ["a"]],
  ['"a "\t" b"', ["a  b"]],
  ['" "', [" "]],
  ['"\\"', ['"']],
  ['"\\065\\\\"', ["A\\"]],
  ["a\\065", ["a\\065"]],
])("the TXT data %s are read as %j", async (data, records) => {
  const body = JSON.stringify({ Status: 0, Answer: [{ type: 16, data }] });
  const lookUp = createResolver("https://doh.example", async () => new Response(body));
  expect(await lookUp("a.example", "TXT")).toEqual({ kind: "found", records });
});

describe("a name", () => {
  test("that does not exist is absent", async () => {
    expect(await resolver()("nowhere.example", "TXT")).toEqual({ kind: "absent" });
  });

  test.each<DohFailure>(["servfail", "refused"])("whose servers answer %s has failed", async (failure) => {
    server.fail(failure);
    expect(await resolver()("example.com", "TXT")).toEqual({ kind: "failed" });
  });

  test("is asked for in lower case, without its last dot", async () => {
    const [query] = await asked(() => resolver()("_DMARC.Example.COM.", "TXT"));
    expect(query).toMatchObject({ name: "_dmarc.example.com", type: "TXT", accept: "application/dns-json" });
  });

  test("is asked for once in one examination, however it is written, and again for another type", async () => {
    const lookUp = resolver();
    const queries = await asked(async () => {
      const [one, other] = await Promise.all([lookUp("example.com", "TXT"), lookUp("EXAMPLE.com.", "TXT")]);
      expect(one).toEqual(other);
      await lookUp("example.com", "TXT");
      await lookUp("example.com", "MX");
    });
    expect(queries.map(({ type }) => type)).toEqual(["TXT", "MX"]);
  });

  test.each<[string, string]>([
    ["nothing", ""],
    ["the root", "."],
    ["an empty label", "a..example"],
    ["two last dots", "a.example.."],
    ["a space", "a b.example"],
    ["another query", "a.example&type=MX"],
    ["a fragment", "a.example#"],
    ["letters beyond ASCII", "exämple.com"],
    ["a line break", "a.example\n"],
    ["a label of 64 octets", `${"a".repeat(64)}.example`],
    ["254 octets", `${"a.".repeat(121)}example.comm`],
    ["a million octets", "a.".repeat(500_000)],
  ])("with %s is never asked for", async (_, name) => {
    const queries = await asked(async () => {
      expect(await resolver()(name, "TXT")).toEqual({ kind: "absent" });
    });
    expect(queries).toEqual([]);
  });

  test("of 253 octets in labels of 63 is asked for", async () => {
    const label = "a".repeat(63);
    const name = `${label}.${label}.${label}.${"a".repeat(61)}`;
    expect(await asked(() => resolver()(name, "TXT"))).toHaveLength(1);
  });
});

test("a query that the resolver's URL has is kept", async () => {
  const [query] = await asked(() =>
    resolver(undefined, `${server.url}?ct=application/dns-json`)("a.example", "MX"),
  );
  expect(query?.url).toBe("/dns-query?ct=application/dns-json&name=a.example&type=MX");
});

describe("the resolver is unreachable where it", () => {
  test.each<DohFailure>(["close", "error", "redirect", "garbage", "other-json", "huge"])(
    "answers %s",
    async (failure) => {
      server.fail(failure);
      const queries = await asked(async () => {
        expect(await resolver()("example.com", "TXT")).toEqual({ kind: "unreachable" });
      });
      expect(queries).toHaveLength(1);
    },
  );

  test.each<DohFailure>(["hang", "stall"])("does not answer in time: %s", async (failure) => {
    server.fail(failure);
    const start = Date.now();
    expect(await resolver(100)("example.com", "TXT")).toEqual({ kind: "unreachable" });
    expect(Date.now() - start).toBeLessThan(2_000);
  });

  test("does not listen", async () => {
    const url = `http://127.0.0.1:${await freePort()}/dns-query`;
    expect(await resolver(undefined, url)("example.com", "TXT")).toEqual({ kind: "unreachable" });
  });

  test("has no URL", async () => {
    expect(await resolver(undefined, "no URL")("example.com", "TXT")).toEqual({ kind: "unreachable" });
  });

  test.each(["null", "[]", '"x"', '{"Status":"0"}', '{"Status":0,"Answer":{}}', "{"])(
    "says %s",
    async (body) => {
      const lookUp = createResolver("https://doh.example", async () => new Response(body));
      expect(await lookUp("example.com", "TXT")).toEqual({ kind: "unreachable" });
    },
  );

  test("has no body", async () => {
    const lookUp = createResolver("https://doh.example", async () => new Response(null));
    expect(await lookUp("example.com", "TXT")).toEqual({ kind: "unreachable" });
  });
});

test("answers that are no records are left out", async () => {
  const body = JSON.stringify({
    Status: 0,
    Answer: [null, 7, {}, { type: 16 }, { type: 16, data: 7 }, { type: 16, data: "a" }],
  });
  const lookUp = createResolver("https://doh.example", async () => new Response(body));
  expect(await lookUp("example.com", "TXT")).toEqual({ kind: "found", records: ["a"] });
});

describe("one examination", () => {
  test("asks no more than 40 times, and says so", async () => {
    const lookUp = resolver();
    const names = Array.from({ length: 45 }, (_, index) => `a${index}.example`);
    const queries = await asked(async () => {
      const answers = await Promise.all(names.map((name) => lookUp(name, "TXT")));
      expect(answers.map(({ kind }) => kind)).toEqual([
        ...Array(40).fill("absent"),
        ...Array(5).fill("too-many"),
      ]);
    });
    expect(queries).toHaveLength(40);
  });

  test("asks for six names at once", async () => {
    const lone = await startDohServer({});
    lone.delay(20);
    const lookUp = resolver(undefined, lone.url);
    await Promise.all(Array.from({ length: 20 }, (_, index) => lookUp(`a${index}.example`, "TXT")));
    expect(lone.queries).toHaveLength(20);
    expect(lone.atOnce).toBe(6);
    await lone.close();
  });

  test("has one time limit for all it asks, one after the other or waiting for its turn", async () => {
    const lookUp = resolver(300);
    server.delay(200);
    const start = Date.now();
    expect(await lookUp("a.example", "TXT")).toEqual({ kind: "absent" });
    const names = Array.from({ length: 20 }, (_, index) => `b${index}.example`);
    const queries = await asked(async () => {
      const answers = await Promise.all(names.map((name) => lookUp(name, "TXT")));
      expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(["unreachable"]));
    });
    expect(Date.now() - start).toBeLessThan(1_500);
    expect(queries).toHaveLength(6);
    expect(await asked(() => lookUp("c.example", "TXT"))).toEqual([]);
  });

  test("ends in time even where fetch heeds no signal", async () => {
    let asked = 0;
    const never = () => new Promise<Response>(() => (asked += 1));
    const lookUp = createResolver("https://doh.example", never, 50);
    const names = Array.from({ length: 10 }, (_, index) => `a${index}.example`);
    const answers = await Promise.all(names.map((name) => lookUp(name, "TXT")));
    expect(answers).toEqual(Array(10).fill({ kind: "unreachable" }));
    expect(asked).toBe(6);
  });

  test("leaves no timer running", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    const lookUp = createResolver("https://doh.example", async () => new Response('{"Status":3}'), 60_000);
    await Promise.all(Array.from({ length: 10 }, (_, index) => lookUp(`a${index}.example`, "TXT")));
    expect(timers()).toBe(before);
  });

  test("of a domain in order passes, over the network as well", async () => {
    const checks = await examine("example.com", SELECTORS, resolver());
    expect(checks.map(({ id, status }) => `${id} ${status}`)).toEqual([
      "mx pass",
      "spf pass",
      "dkim pass",
      "dmarc pass",
    ]);
  });

  test.each<[DohFailure, RegExp]>([
    ["error", /^(?:\w+: )?The resolver did not answer for \S+: try again/],
    ["servfail", /^(?:\w+: )?The name servers of \S+ fail, or its DNSSEC does: mend them\./],
  ])("of a domain where all is answered by %s warns of it four times", async (failure, detail) => {
    server.fail(failure);
    for (const check of await examine("example.com", SELECTORS, resolver())) {
      expect(check).toMatchObject({ status: "warn", detail: expect.stringMatching(detail) });
    }
  });
});
