// Answers of a DNS resolver over HTTPS: records read as they were written, in whatever pieces they come; and a domain examined by
// them in so many look-ups, told in printable ASCII.

import fc from "fast-check";
import { expect } from "vitest";
import { readTags } from "../../../src/doctor/check.ts";
import { examine } from "../../../src/doctor/doctor.ts";
import { createResolver } from "../../../src/doctor/resolver.ts";
import { isSpf, readSpf } from "../../../src/doctor/spf-record.ts";
import { cutAt, cuts, mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Answered {
  /** A TXT record's strings, and which of their characters are escaped. */
  readonly strings: readonly string[];
  readonly isEscaped: boolean;
  /** Texts that TXT look-ups are answered with, in turn; the third is the whole body. */
  readonly records: readonly string[];
  readonly body: string;
  readonly status: number;
  readonly cuts: readonly number[];
  readonly spf: readonly { readonly qualifier: string; readonly term: string }[];
  readonly tags: readonly { readonly name: string; readonly value: string }[];
}

/** The most that one examination asks for. */
const QUERIES = 40;

function respond(text: string, at: readonly number[], status = 200): Response {
  const octets = Buffer.from(text).toString("latin1");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of cutAt(octets, at)) controller.enqueue(Buffer.from(piece, "latin1"));
      controller.close();
    },
  });
  return new Response(body, { status });
}

/** As RFC 1035, 5.1 spells character-strings. */
function spell(text: string, isEscaped: boolean): string {
  const escaped = [...text].map((one) => {
    const code = one.charCodeAt(0);
    if (one === '"' || one === "\\") return `\\${one}`;
    return isEscaped && code < 256 && code % 3 === 0 ? `\\${String(code).padStart(3, "0")}` : one;
  });
  return `"${escaped.join("")}"`;
}

async function check({
  strings,
  isEscaped,
  records,
  body,
  status,
  cuts: at,
  spf,
  tags,
}: Answered): Promise<void> {
  const data = strings.map((text) => spell(text, isEscaped)).join(" ");
  const said = JSON.stringify({
    Status: 0,
    Answer: [{ type: 5, data: "x." }, { type: 16, data }, { type: 16, data: 7 }, null],
  });
  const resolve = createResolver("https://dns.example/?a=b", async () => respond(said, at));
  expect(await resolve("example.com", "TXT")).toEqual({ kind: "found", records: [strings.join("")] });

  const odd = await createResolver("https://dns.example", async () => respond(body, at, status))(
    "example.com",
    "MX",
  );
  expect(["found", "absent", "failed", "unreachable"]).toContain(odd.kind);
  if (odd.kind === "found") for (const record of odd.records) expect(typeof record).toBe("string");
  if (status !== 200) expect(odd.kind).toBe("unreachable");

  let asked = 0;
  const urls = new Set<string>();
  const answering = createResolver("https://dns.example", async (url) => {
    urls.add(url);
    expect(url).toMatch(/^https:\/\/dns\.example\?name=[\w.-]{1,253}&type=(?:MX|TXT)$/);
    const record = records[asked++ % Math.max(records.length, 1)] ?? "";
    const type = url.endsWith("MX") ? 15 : 16;
    return respond(JSON.stringify({ Status: 0, Answer: [{ type, data: record }] }), [], 200);
  });
  const checks = await examine("mail.example.com", ["s1", "s2"], answering);
  expect(asked).toBeLessThanOrEqual(QUERIES);
  expect(urls.size).toBe(asked);
  for (const { detail } of checks) expect(detail).toMatch(/^[ -~…]{1,900}$/);

  const written = spf.map(({ qualifier, term }) => (term.includes("=") ? term : qualifier + term));
  const record = ["v=spf1", ...written].join(" ");
  expect(isSpf(record)).toBe(true);
  const reading = readSpf(record);
  const isTwice = ["redirect=", "exp="].some(
    (name) => spf.filter(({ term }) => term.startsWith(name)).length > 1,
  );
  expect(reading.kind).toBe(isTwice ? "fault" : "terms");
  if (reading.kind === "terms") expect(reading.terms).toHaveLength(spf.length);
  for (const one of records) {
    const other = readSpf(one);
    if (other.kind === "terms") expect(readSpf(one.toUpperCase())).toEqual(other);
  }

  const list = tags.map(({ name, value }) => `${name}=${value}`).join("; ");
  const unique = new Map(tags.map(({ name, value }) => [name, value.trim()]));
  const isList = list !== "" && unique.size === tags.length;
  if (list !== "") {
    expect(readTags(list)).toEqual(isList ? unique : null);
    expect(readTags(`${list};`)).toEqual(readTags(list));
  }
}

const term = fc.constantFrom(
  "all",
  "a",
  "mx",
  "ptr",
  "a:example.net",
  "mx:example.net/24",
  "a/24//64",
  "ip4:192.0.2.1",
  "ip4:192.0.2.0/24",
  "ip6:2001:db8::1/32",
  "include:_spf.example.net",
  "exists:%{i}.sbl.example.net",
  "redirect=_spf.example.net",
  "exp=explain.example.net",
  "x-unknown=%{c}",
);
const spfRecord = fc.array(term, { maxLength: 6 }).map((terms) => ["v=spf1", ...terms].join(" "));
const record = fc.oneof(
  spfRecord,
  fc.constantFrom(
    "v=DMARC1; p=none; rua=mailto:a@example.com",
    "v=DMARC1; p=reject; psd=y",
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "v=DKIM1; p=",
    "10 route1.mx.cloudflare.net.",
    "0 .",
  ),
);
const spoiledRecord = mutated(record, [
  "include:example.com",
  "redirect=mail.example.com",
  "%{",
  "/33",
  "v=spf1 ",
  "p=",
  ";",
  '"',
  "\\",
  "é",
  "psd=n",
]);
const bodies = fc.oneof(
  fc.constantFrom(
    '{"Status":0,"Answer":[{"type":15,"data":"10 mx.example.net."}]}',
    '{"Status":3}',
    '{"Status":2}',
    "null",
    "[]",
    "7",
    '{"Status":0,"Answer":{}}',
    '{"Status":"0"}',
  ),
  fc.json(),
);

const inputs: fc.Arbitrary<Answered> = fc.record({
  strings: fc.array(
    fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.string({ unit: "binary", maxLength: 10 }).map((text) => text.toWellFormed()),
      fc.constantFrom('a"b', "\\", "\\065", "v=spf1 -all"),
    ),
    { minLength: 1, maxLength: 4 },
  ),
  isEscaped: fc.boolean(),
  records: fc.array(spoiledRecord, { maxLength: 6 }),
  body: mutated(bodies, ['"Answer":null', '"Status":0', "\ufeff", "1e999", "{", "x".repeat(70_000)]),
  status: fc.constantFrom(200, 200, 200, 400, 503),
  cuts,
  spf: fc.array(fc.record({ qualifier: fc.constantFrom("", "+", "-", "~", "?"), term }), { maxLength: 6 }),
  tags: fc.array(
    fc.record({
      name: fc.constantFrom("v", "p", "sp", "rua", "k", "h1"),
      value: fc.constantFrom("", "none", " reject ", "a=b", "mailto:a@example.com,mailto:b@example.com"),
    }),
    { maxLength: 5 },
  ),
});

export const dns = target<Answered>({ name: "dns", inputs: seeded("dns", inputs), check, runs: 250 });
