// Where a webhook may point. What matters is what gets through: a name in public DNS, and nothing of the inside.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readWebhookUrl } from "../../src/core/webhook.ts";

const detailOf = (text: string, allowLocal = false) => {
  const reading = readWebhookUrl(text, allowLocal);
  return reading.kind === "fault" ? reading.detail : `accepted as ${reading.url}`;
};

describe("a webhook's URL is taken", () => {
  test.each([
    ["https://hooks.example.com/in", "https://hooks.example.com/in"],
    ["HTTPS://Hooks.Example.COM", "https://hooks.example.com/"],
    ["https://example.com:443/", "https://example.com/"],
    ["https://example.com:8443/a?token=b%20c", "https://example.com:8443/a?token=b%20c"],
    ["https://example.com/a/../b", "https://example.com/b"],
    ["https://example.com/what@that:80", "https://example.com/what@that:80"],
    ["https://bücher.example.com/ä", "https://xn--bcher-kva.example.com/%C3%A4"],
    ["https://例え.jp", "https://xn--r8jz45g.jp/"],
    ["https://1.example.com", "https://1.example.com/"],
    ["https://127.0.0.1.example.com/", "https://127.0.0.1.example.com/"],
    ["https://internal.example.com/", "https://internal.example.com/"],
  ])("%s", (text, url) => {
    for (const allowLocal of [false, true]) {
      expect(readWebhookUrl(text, allowLocal)).toEqual({ kind: "url", url });
    }
  });
});

describe("it is refused with what is wrong with it:", () => {
  test.each([
    ["", "It does not begin with https:// and a name."],
    ["example.com", "It does not begin with https:// and a name."],
    ["http://example.com/", "It does not begin with https:// and a name."],
    ["ftp://example.com/", "It does not begin with https:// and a name."],
    ["https:example.com", "It does not begin with https:// and a name."],
    ["https:///example.com", "It does not begin with https:// and a name."],
    ["https:\\\\example.com", "It has a space, a control character or a backslash."],
    ["https://example.com\\@evil.com/", "It has a space, a control character or a backslash."],
    [" https://example.com/", "It has a space, a control character or a backslash."],
    ["https://exam\tple.com/", "It has a space, a control character or a backslash."],
    ["https://example.com/#", "It has a fragment, which is never sent: leave out # and what follows."],
    ["https://example.com/#a", "It has a fragment, which is never sent: leave out # and what follows."],
    ["https://me:pass@example.com/", "It has user information: leave out @ and what is before it."],
    ["https://@example.com/", "It has user information: leave out @ and what is before it."],
    ["https://example.com:99999/", "It is no valid URL."],
    ["https://256.1.1.1/", "It is no valid URL."],
    ["https://exa mple.com/", "It has a space, a control character or a backslash."],
    ["https://a.xn--ä/", "It is no valid URL."],
    ["https://example.com./", "Its host ends with a dot: leave that out."],
    ["https://_dmarc.example.com/", "Its host is no DNS name."],
    ["https://-.example.com/", "Its host is no DNS name."],
    ["https://a..example.com/", "Its host is no DNS name."],
    [`https://${"a".repeat(64)}.com/`, "Its host is no DNS name."],
    ["https://intern/", "Its host is no public name: it has no dot."],
    ["https://localhost/", "Its host is no public name: localhost is not in public DNS."],
    ["https://ⓛocalhost:8787/", "Its host is no public name: localhost is not in public DNS."],
    ["https://a.localhost/", "Its host is no public name: localhost is not in public DNS."],
    ["https://metadata.google.internal/", "Its host is no public name: internal is not in public DNS."],
    ["https://printer.local/", "Its host is no public name: local is not in public DNS."],
    ["https://1.0.0.127.in-addr.arpa/", "Its host is no public name: arpa is not in public DNS."],
    ["https://a.test/", "Its host is no public name: test is not in public DNS."],
    ["https://a.ONION/", "Its host is no public name: onion is not in public DNS."],
    [`https://example.com/${"a".repeat(2_029)}`, "It has 2049 octets; 2048 are the limit."],
    [`https://example.com/${"ä".repeat(600)}`, "It has 3620 octets; 2048 are the limit."],
  ])("%s", (text, detail) => {
    expect(detailOf(text)).toBe(detail);
  });

  test("2048 octets are not too many", () => {
    expect(detailOf(`https://example.com/${"a".repeat(2_028)}`)).toMatch(/^accepted/);
  });
});

const IP_LITERALS = [
  "127.0.0.1",
  "127.0.0.1.",
  "127.1",
  "2130706433",
  "0x7f000001",
  "0x7F.1",
  "0177.0.0.1",
  "017700000001",
  "0x",
  "0",
  "１２７.０.０.１",
  "127。0。0。1",
  "%31%32%37.0.0.1",
  "10.0.0.1",
  "169.254.169.254",
  "8.8.8.8",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[fd00::1]",
  "[2001:4860:4860::8888]",
];

describe("an IP address is no DNS name:", () => {
  test.each(IP_LITERALS)("%s", (host) => {
    for (const allowLocal of [false, true]) {
      expect(detailOf(`https://${host}/`, allowLocal)).toBe(
        "Its host is an IP address: a DNS name is expected.",
      );
      expect(detailOf(`https://${host}:8443`, allowLocal)).toBe(
        "Its host is an IP address: a DNS name is expected.",
      );
    }
  });
});

describe("where the deployment allows what is local,", () => {
  test.each([
    ["http://127.0.0.1", "http://127.0.0.1/"],
    ["http://127.0.0.1:8788/hook?x", "http://127.0.0.1:8788/hook?x"],
  ])("%s is taken, and otherwise not", (text, url) => {
    expect(readWebhookUrl(text, true)).toEqual({ kind: "url", url });
    expect(detailOf(text, false)).toBe("It does not begin with https:// and a name.");
  });

  test.each([
    "http://localhost:8788/",
    "http://127.0.0.2/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://0x7f.0.0.1/",
    "http://127.0.0.1.example.com/",
    "http://127.0.0.1@example.com/",
    "http://me@127.0.0.1/",
    "http://[::1]/",
    "http://example.com/",
  ])("%s is not", (text) => {
    expect(detailOf(text, true)).toBe(
      "It does not begin with https:// and a name, nor is it at http://127.0.0.1.",
    );
  });

  test.each([
    ["http://127.0.0.1/#a", "It has a fragment, which is never sent: leave out # and what follows."],
    ["http://127.0.0.1:99999/", "It is no valid URL."],
  ])("%s has the faults of any URL", (text, detail) => {
    expect(detailOf(text, true)).toBe(detail);
  });
});

/** An IPv4 address as inet_aton reads it: one to four parts, each in decimal, octal or hex. */
const ipv4Literal = fc
  .tuple(fc.nat({ max: 0xff_ff_ff_ff }), fc.integer({ min: 1, max: 4 }), fc.array(fc.nat({ max: 4 })))
  .map(([address, count, spellings]) => {
    const octets = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
    const rest = octets.slice(count - 1).reduce((sum, octet) => sum * 256 + octet, 0);
    const spell = [
      (part: number) => String(part),
      (part: number) => `0x${part.toString(16)}`,
      (part: number) => `0X${part.toString(16).toUpperCase()}`,
      (part: number) => `0${part.toString(8)}`,
      (part: number) => `%3${String(part)[0]}${String(part).slice(1)}`,
    ];
    return [...octets.slice(0, count - 1), rest]
      .map((part, at) => spell[spellings[at] ?? 0]?.(part))
      .join(".");
  });

const LABEL = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?$/);
const AUTHORITY = fc.oneof(
  ipv4Literal,
  fc.ipV6().map((address) => `[${address}]`),
  fc.array(LABEL, { minLength: 1, maxLength: 4 }).map((labels) => labels.join(".")),
  fc.webAuthority({ withIPv4Extended: true, withIPv6: true, withUserInfo: true, withPort: true }),
  fc.constantFrom("localhost", "127.0.0.1", "a.local", "x.internal.", "例え.jp", "ⓛocalhost"),
);
const URLS = fc.oneof(
  fc
    .tuple(fc.array(LABEL, { minLength: 2, maxLength: 4 }), fc.webPath(), fc.constantFrom("", "?a=b", "#c"))
    .map(([labels, ...rest]) => `https://${labels.join(".")}${rest.join("")}`),
  fc
    .tuple(fc.constantFrom("https://", "http://", "HTTPS://", "https:"), AUTHORITY, fc.webPath())
    .map((parts) => parts.join("")),
  fc.webUrl({ validSchemes: ["https", "http"], withQueryParameters: true, withFragments: true }),
  fc.string({ unit: "binary" }),
);

test("no IPv4 address gets through, however it is spelt", () => {
  fc.assert(
    fc.property(
      ipv4Literal,
      fc.constantFrom("", "."),
      fc.constantFrom("", ":8443"),
      fc.boolean(),
      (host, dot, port, local) => {
        expect(readWebhookUrl(`https://${host}${dot}${port}/`, local).kind).toBe("fault");
      },
    ),
    { numRuns: 2_000 },
  );
});

test("what is taken is https with a public DNS name, and stays what it is when it is read again", () => {
  let taken = 0;
  fc.assert(
    fc.property(URLS, (text) => {
      const reading = readWebhookUrl(text, false);
      if (reading.kind === "fault") return;
      taken += 1;
      const { protocol, hostname, username, password, hash, href } = new URL(reading.url);
      expect({ protocol, username, password, hash }).toEqual({
        protocol: "https:",
        username: "",
        password: "",
        hash: "",
      });
      expect(hostname).toMatch(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?!\d+$)[a-z0-9-]{1,63}$/);
      expect(hostname).not.toMatch(/\.(?:local|localhost|internal|arpa|test)$/);
      expect(href).toBe(reading.url);
      expect(readWebhookUrl(reading.url, false)).toEqual(reading);
    }),
    { numRuns: 5_000 },
  );
  expect(taken).toBeGreaterThan(500);
});

test("what is taken only where local is allowed is at 127.0.0.1", () => {
  fc.assert(
    fc.property(URLS, (text) => {
      const reading = readWebhookUrl(text, true);
      if (reading.kind === "fault" || readWebhookUrl(text, false).kind === "url") return;
      expect(reading.url).toMatch(/^http:\/\/127\.0\.0\.1(?::\d+)?\//);
    }),
    { numRuns: 5_000 },
  );
});

describe("a last label that public DNS does not have is refused:", () => {
  test.each(
    "alt arpa corp home internal intranet invalid lan local localdomain localhost mail onion private svc test".split(
      " ",
    ),
  )("%s", (label) => {
    const detail = `Its host is no public name: ${label} is not in public DNS.`;
    expect(detailOf(`https://a.${label}/`)).toBe(detail);
    expect(detailOf(`https://${label}/`)).toBe(detail);
    expect(detailOf(`https://${label}.example/`)).toMatch(/^accepted/);
  });
});

describe("at the edges", () => {
  test.each([
    ["https://1a.com1/", "accepted as https://1a.com1/"],
    ["https://a.1b/", "accepted as https://a.1b/"],
    ["https://a.b1/", "accepted as https://a.b1/"],
    ["https://example.com?x@y", "accepted as https://example.com/?x@y"],
    ["xhttps://example.com/", "It does not begin with https:// and a name."],
    ["x".repeat(2_049), "It has 2049 octets; 2048 are the limit."],
    ["https://?x", "It does not begin with https:// and a name."],
    ["https://example.com/~", "accepted as https://example.com/~"],
    ["https://example.com/\u007f", "It has a space, a control character or a backslash."],
    ["https://example.com/\u0000", "It has a space, a control character or a backslash."],
    ["https://example.com/!", "accepted as https://example.com/!"],
  ])("%j: %s", (text, detail) => {
    expect(detailOf(text)).toBe(detail);
  });

  test.each([
    ["http://127.0.0.1?x", "accepted as http://127.0.0.1/?x"],
    ["HTTP://127.0.0.1:80/", "accepted as http://127.0.0.1/"],
    ["http://127.0.0.1/@", "accepted as http://127.0.0.1/@"],
    ["http://127.0.0.1:8788", "accepted as http://127.0.0.1:8788/"],
    ["https://127.0.0.1/", "Its host is an IP address: a DNS name is expected."],
    ["xhttp://127.0.0.1/", "It does not begin with https:// and a name, nor is it at http://127.0.0.1."],
    ["http://127.0.0.1:/", "It does not begin with https:// and a name, nor is it at http://127.0.0.1."],
    ["http://127.0.0.1:x/", "It does not begin with https:// and a name, nor is it at http://127.0.0.1."],
    [
      "http://example.com/?http://127.0.0.1/",
      "It does not begin with https:// and a name, nor is it at http://127.0.0.1.",
    ],
    ["http://127x0.0.1/", "It does not begin with https:// and a name, nor is it at http://127.0.0.1."],
    ["http://127.0.0.12/", "It does not begin with https:// and a name, nor is it at http://127.0.0.1."],
  ])("where local is allowed, %s: %s", (text, detail) => {
    expect(detailOf(text, true)).toBe(detail);
  });

  test("what grows beyond 2048 octets as it is requested is refused too", () => {
    expect(detailOf(`https://example.com/${"ä".repeat(1_000)}`)).toBe(
      "It has 6020 octets; 2048 are the limit.",
    );
  });
});
