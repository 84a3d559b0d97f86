import { describe, expect, test } from "vitest";
import { checkSpf } from "../../src/doctor/spf.ts";
import { lookUpIn, ZONE } from "./zone.ts";

/** The domain's one SPF record, and those of other names. */
const check = (record: string, others: Record<string, string> = {}) => {
  const names = Object.entries({ "example.com": record, ...others });
  return checkSpf(
    "example.com",
    lookUpIn(Object.fromEntries(names.map(([name, text]) => [name, { TXT: [text] }]))),
  );
};
const warns = (detail: RegExp) => ({ id: "spf", status: "warn", detail: expect.stringMatching(detail) });
const passes = (ending: string, lookUps: number) => ({
  id: "spf",
  status: "pass",
  detail: `It ends with ${ending}, and takes ${lookUps} of 10 look-ups.`,
});

test("a domain with three services passes, the look-ups of what they include counted", async () => {
  expect(await checkSpf("example.com", lookUpIn(ZONE))).toEqual(passes("~all", 6));
});

describe("a domain is warned of", () => {
  const records = (...texts: string[]) =>
    checkSpf("example.com", lookUpIn({ "example.com": { TXT: texts } }));

  test.each<[string, string[]]>([
    ["no record", []],
    ["records of other kinds", ["google-site-verification=abc", "v=DMARC1; p=none"]],
    ["another version", ["v=spf10 -all"]],
    ["a version after a space", [" v=spf1 -all"]],
    ["a version before a tab", ["v=spf1\t-all"]],
    ["the version of Sender ID", ["spf2.0/mfrom -all"]],
  ])("that has %s", async (_, texts) => {
    expect(await records(...texts)).toEqual(warns(/^There is no SPF record at example\.com: set one\.$/));
  });

  test("that does not exist", async () => {
    expect(await checkSpf("example.org", lookUpIn(ZONE))).toEqual(
      warns(/^There is no SPF record at example\.org/),
    );
  });

  test("that has two records, even the same", async () => {
    expect(await records("v=spf1 -all", "V=SPF1 -all")).toEqual(
      warns(/^example\.com has several SPF records/),
    );
  });
});

test.each(["V=SPF1 -ALL", "v=spf1  a   -all ", "v=spf1 -all trailing=%{c}"])(
  "the record %j passes",
  async (record) => {
    expect(await check(record)).toMatchObject({ status: "pass" });
  },
);

describe("the term is one:", () => {
  test.each([
    "a",
    "A:Mail.Example.NET",
    "a/24",
    "a//64",
    "a/0//0",
    "a/32//128",
    "a:mail.example.net/24//64",
    "a:mail.example.net.",
    "a:1.example.museum2",
    "mx",
    "mx/24",
    "mx:example.net//128",
    "ptr",
    "ptr:example.net",
    "ip4:192.0.2.1",
    "ip4:0.0.0.0/0",
    "ip4:255.255.255.255/32",
    "ip6:::",
    "ip6:2001:DB8::1",
    "ip6:2001:db8::/0",
    "ip6:2001:db8::/128",
    "ip6:::ffff:192.0.2.1/99",
    "exists:%{ir}.%{v}._spf.%{d2}",
    "exists:%{l1r+-}._spf.example.net",
    "exists:%{L}.%{o}.%{h}.%{p}.%{s}.%%.%_.%-.example.net",
    "exists:_spf.%{d}",
    "exists:%{d/}",
    "?exists:a_b.example.xn--p1ai",
    "-ip4:192.0.2.1",
    "~mx",
    "+a",
    "exp=%{d}",
    "exp=explain._spf.example.net",
    "unknown=",
    "ra=postmaster",
    "ip4=192.0.2",
    "all.x=1",
    "x.y-z_1=%{c}%{r}%{t}%{d}/:=",
  ])("%s", async (term) => {
    expect(await check(`v=spf1 ${term} -all`)).toMatchObject({ status: "pass" });
  });
});

describe("the term is none, and voids the record:", () => {
  test.each([
    "all:example.net",
    "all/24",
    "all.",
    "al",
    "include",
    "include:",
    "include:localhost",
    "include:example.net/24",
    "include:example.123",
    "include:example.-net",
    "include:example.net-",
    "include:exam\u00e4ple.net",
    "include=example.net:%",
    "exists",
    "exists:%{d",
    "exists:%{x}.example.net",
    "exists:%{c}.example.net",
    "exists:%{d0}.example.net",
    "exists:%{dr2}.example.net",
    "exists:%d.example.net",
    "exists:example.net%",
    "a:",
    "a:localhost",
    "a:example.net:8080",
    "a:example.123/24",
    "a/33",
    "a/024",
    "a/",
    "a//129",
    "a///64",
    "a/24/64",
    "a//64/24",
    "a24",
    "mx:/24",
    "mx/24//064",
    "ptr/24",
    "ptr:",
    "ip4",
    "ip4:",
    "ip4:192.0.2",
    "ip4:192.0.2.1.1",
    "ip4:192.0.2.256",
    "ip4:192.0.2.01",
    "ip4:192.0.2.1.",
    "ip4:192.0.2.0/33",
    "ip4:192.0.2.0/",
    "ip4:192.0.2.0//24",
    "ip4:2001:db8::1",
    "ip4:example.net",
    "ip6",
    "ip6:2001:db8",
    "ip6:2001:db8::1::",
    "ip6:12345::",
    "ip6:2001:db8::/129",
    "ip6:2001:db8:://64",
    "ip6:192.0.2.1",
    "ip6:[::1]",
    "ip6:fe80::1%25eth0",
    "ip5:192.0.2.1",
    "-exp=example.net",
    "redirect=",
    "redirect=localhost",
    "exp=",
    "exp=%{t}.example.net%",
    "exp=%{c}.example.net",
    "1x=y",
    "=y",
    "x=%",
    "--a",
    "+",
    "mx,a",
    "\ta",
    "192.0.2.1",
  ])("%s", async (term) => {
    // Even behind all, where it is never reached.
    for (const record of [`v=spf1 ${term} -all`, `v=spf1 -all ${term}`]) {
      expect(await check(record)).toEqual(warns(/^The SPF record of example\.com is void, by this: /));
    }
  });

  test.each(["redirect=a.example.net redirect=a.example.net", "exp=a.example.net exp=b.example.net"])(
    "the second of %s",
    async (terms) => {
      expect(await check(`v=spf1 -all ${terms}`)).toEqual(warns(/is void, by this: (?:redirect|exp)=/));
    },
  );

  test("a modifier that nobody knows may come twice", async () => {
    expect(await check("v=spf1 x=1 x=1 -all")).toMatchObject({ status: "pass" });
  });
});

describe("look-ups are counted:", () => {
  test.each<[string, number]>([
    ["a mx ptr exists:example.net include:none.example.net", 5],
    ["a:a.example.net a:a.example.net -mx ~mx", 4],
    ["ip4:192.0.2.1 ip6:::1 x=1 exp=example.net", 0],
    ["a=1 mx=2 all=3 include=4 exists=5", 0],
    ["include:%{d}.example.net", 1],
    ["include:two.example.net include:two.example.net", 6],
  ])("%s", async (terms, lookUps) => {
    const others = { "none.example.net": "v=spf1 -all", "two.example.net": "v=spf1 a mx -all" };
    expect(await check(`v=spf1 ${terms} -all`, others)).toEqual(passes("-all", lookUps));
  });

  test("those behind all never", async () => {
    expect(await check("v=spf1 mx -all a include:none.example.net redirect=none.example.net")).toEqual(
      passes("-all", 1),
    );
  });

  test("those of a redirect, which comes last wherever it stands", async () => {
    const others = {
      "other.example.net": "v=spf1 a ?include:third.example.net ~all",
      "third.example.net": "v=spf1 -all",
    };
    expect(await check("v=spf1 redirect=other.example.net mx", others)).toEqual(passes("~all", 4));
  });

  test("ten pass, eleven void the record", async () => {
    const ten = "a ".repeat(10);
    expect(await check(`v=spf1 ${ten}-all`)).toEqual(passes("-all", 10));
    expect(await check(`v=spf1 ${ten}mx -all`)).toEqual(warns(/^It takes more than 10 look-ups/));
    expect(await check(`v=spf1 ${ten}redirect=a.example.net`)).toEqual(
      warns(/^It takes more than 10 look-ups/),
    );
  });

  test("ten over three records pass, eleven do not", async () => {
    const others = (more: string) => ({
      "b.example.net": "v=spf1 a mx include:c.example.net -all",
      "c.example.net": `v=spf1 a mx ptr exists:example.net ${more} -all`,
    });
    expect(await check("v=spf1 mx include:b.example.net ~all", others("ip4:192.0.2.1"))).toEqual(
      passes("~all", 9),
    );
    expect(await check("v=spf1 mx include:b.example.net ~all", others("a"))).toEqual(passes("~all", 10));
    expect(await check("v=spf1 mx include:b.example.net ~all", others("a mx"))).toEqual(
      warns(/^It takes more than 10/),
    );
  });
});

describe("what is included or redirected to", () => {
  const two = ["include:b.example.net -all", "redirect=b.example.net"];

  test.each(two)("must have a record: %s", async (terms) => {
    expect(await check(`v=spf1 ${terms}`)).toEqual(warns(/^There is no SPF record at b\.example\.net/));
    expect(await check(`v=spf1 ${terms}`, { "b.example.net": "hello" })).toEqual(
      warns(/^There is no SPF record at b/),
    );
  });

  test.each(two)("must have a record in order: %s", async (terms) => {
    expect(await check(`v=spf1 ${terms}`, { "b.example.net": "v=spf1 ip4:nowhere -all" })).toEqual(
      warns(/^The SPF record of b\.example\.net is void, by this: ip4:nowhere$/),
    );
  });

  test.each(two)("must not lead back: %s", async (terms) => {
    expect(await check(`v=spf1 ${terms}`, { "b.example.net": "v=spf1 include:Example.com -all" })).toEqual(
      warns(/^The SPF record of example\.com refers to itself\.$/),
    );
  });

  test("must not be the domain itself", async () => {
    expect(await check("v=spf1 include:example.com -all")).toEqual(warns(/refers to itself/));
  });

  test.each(["failed", "unreachable", "too-many"] as const)("must be known: %s", async (kind) => {
    const lookUp = lookUpIn(ZONE, { "_netblocks2.google.com": { kind } });
    expect(await checkSpf("example.com", lookUp)).toEqual(warns(/_netblocks2\.google\.com/));
  });

  test("is not followed where macros make its name", async () => {
    const lookUp = lookUpIn({
      "example.com": { TXT: ["v=spf1 include:%{l}.example.net redirect=%{d}.example.net"] },
    });
    expect(await checkSpf("example.com", lookUp)).toEqual(passes("~all", 2));
    expect(lookUp.asked).toEqual(["example.com TXT"]);
  });
});

describe("a record that lets every host send is warned of:", () => {
  const others = {
    "open.example.net": "v=spf1 a +all",
    "redirecting.example.net": "v=spf1 redirect=open.example.net",
    "including.example.net": "v=spf1 include:open.example.net -all",
    "closed.example.net": "v=spf1 -all",
  };
  test.each([
    "+all",
    "all",
    "redirect=open.example.net",
    "include:open.example.net -all",
    "include:closed.example.net include:redirecting.example.net -all",
    "include:including.example.net -all",
  ])("%s", async (terms) => {
    expect(await check(`v=spf1 ${terms}`, others)).toEqual(warns(/^It lets every host send/));
  });

  test.each(["-all all", "-include:open.example.net ?all", "~include:including.example.net"])(
    "but not %s",
    async (terms) => {
      expect(await check(`v=spf1 ${terms}`, others)).toMatchObject({ status: "pass" });
    },
  );
});

describe("a record that says nothing of other hosts is warned of:", () => {
  const others = { "neutral.example.net": "v=spf1 a", "closed.example.net": "v=spf1 -all" };
  test.each(["?all", "mx", "", "redirect=neutral.example.net", "include:closed.example.net"])(
    "%j",
    async (terms) => {
      expect(await check(`v=spf1 ${terms}`, others)).toEqual(warns(/^It says nothing of other hosts/));
    },
  );
});
