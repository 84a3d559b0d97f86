// What operators set, in the deployment's vars and secrets and in the environment of the programs: taken within its bounds, or
// refused in a sentence that names the variable and never shows a secret.

import fc from "fast-check";
import { expect } from "vitest";
import { Misconfigured, readSecrets } from "../../../src/deployment/secrets.ts";
import { readVars } from "../../../src/deployment/vars.ts";
import {
  type Environment,
  isLoopback,
  readChoice,
  readHostPort,
  readList,
  readPort,
  SettingError,
} from "../../../src/smtp/settings.ts";
import { mutated } from "../mutation.ts";
import { seeded, target } from "../target.ts";

interface Given {
  readonly value: string;
  readonly secret: string;
}

/** What it reads, or null where it refuses in such a sentence. */
function readOrRefuse<Read>(name: string, read: () => Read): Read | null {
  try {
    return read();
  } catch (error) {
    expect(error instanceof Misconfigured || error instanceof SettingError).toBe(true);
    expect((error as Error).message).toContain(name);
    return null;
  }
}

function checkVars(value: string): void {
  for (const [name, least, most, read] of [
    ["MAX_BATCH", 1, 100_000, () => readVars({ MAX_BATCH: value }).maxBatch],
    ["RECORD_DAYS", 1, 3_650, () => readVars({ RECORD_DAYS: value }).recordDays],
  ] as const) {
    const isWhole =
      value.length >= 1 && value.length <= 6 && [...value].every((one) => "0123456789".includes(one));
    expect(readOrRefuse(name, read)).toBe(
      isWhole && Number(value) >= least && Number(value) <= most ? Number(value) : null,
    );
  }
  expect(
    readOrRefuse("WEBHOOK_ALLOW_LOCAL", () => readVars({ WEBHOOK_ALLOW_LOCAL: value }).webhookAllowLocal),
  ).toBe(value === "true" ? true : value === "false" ? false : null);
  const dohUrl = readOrRefuse("DOH_URL", () => ({ url: readVars({ DOH_URL: value }).dohUrl }));
  if (dohUrl !== null && dohUrl.url !== null) {
    const { protocol, hostname, username, password } = new URL(dohUrl.url);
    expect([username, password]).toEqual(["", ""]);
    expect(protocol === "https:" || hostname === "127.0.0.1").toBe(true);
  }
  for (const origin of readOrRefuse("CORS_ORIGINS", () => readVars({ CORS_ORIGINS: value }).corsOrigins) ??
    []) {
    // As a browser sends it; what is set otherwise would never match.
    expect(new URL(origin).origin).toBe(origin);
    expect(origin).toMatch(/^(?:https:\/\/|http:\/\/(?:localhost|127\.0\.0\.1)(?::|$))/);
  }
}

function checkSettings(value: string): void {
  const env: Environment = { X: value };
  const trimmed = value.trim();
  const port = readOrRefuse("X", () => readPort(env, "X", 25));
  if (trimmed === "") expect(port).toBe(25);
  else if (port !== null) expect([port, port <= 65_535]).toEqual([Number(trimmed), true]);
  expect(readOrRefuse("X", () => readChoice(env, "X", ["add", "keep"], "add"))).toBe(
    trimmed === "" ? "add" : ["add", "keep"].includes(trimmed) ? trimmed : null,
  );
  const server = readOrRefuse("X", () => readHostPort("X", value, 25));
  if (server !== null) {
    expect(server.host).toMatch(/^[\w.:-]+$/);
    expect(server.port).toBeLessThanOrEqual(65_535);
    const [host, written] = [
      server.host.includes(":") || value.startsWith("[") ? `[${server.host}]` : server.host,
      `:${server.port}`,
    ];
    expect([host, `${host}${written}`, `${host}:${value.split(":").at(-1)}`]).toContain(value);
    if (isLoopback(server.host)) expect(server.host).toMatch(/^(?:localhost|::1|127\.)/);
  }
  for (const word of readList(env, "X")) expect(word).toMatch(/^[^\s,]+$/);
}

function checkSecrets(secret: string): void {
  const right = "r".repeat(32);
  for (const [name, env] of [
    ["ADMIN_TOKEN", { ADMIN_TOKEN: secret, KEYRING_SECRET: right }],
    ["KEYRING_SECRET", { ADMIN_TOKEN: right, KEYRING_SECRET: secret }],
    [
      "KEYRING_SECRET_PREVIOUS",
      { ADMIN_TOKEN: right, KEYRING_SECRET: right, KEYRING_SECRET_PREVIOUS: secret },
    ],
  ] as const) {
    try {
      readSecrets(env);
      if (secret !== "") expect(secret.length).toBeGreaterThanOrEqual(32);
      // It has to get through a header, and be read there.
      if (name === "ADMIN_TOKEN")
        expect(new Headers({ authorization: `Bearer ${secret}` }).get("authorization")).toMatch(
          /^Bearer [A-Za-z0-9._~+/-]+=*$/,
        );
    } catch (error) {
      expect(error).toBeInstanceOf(Misconfigured);
      const { message } = error as Error;
      expect(message).toContain(name);
      if (secret.length > 8) expect(message).not.toContain(secret);
    }
  }
}

function check({ value, secret }: Given): void {
  checkVars(value);
  checkSettings(value);
  checkSecrets(secret);
}

const values = fc.oneof(
  fc.constantFrom(
    "",
    "true",
    "false",
    "10000",
    "100001",
    "0",
    "3650",
    "007",
    "1e3",
    "-1",
    " 25 ",
    "add",
    "keep",
    "[::1]:25",
    "127.0.0.1:2525",
    "smtp.example.net:587",
    "localhost",
  ),
  fc.constantFrom(
    "https://app.example.com",
    "http://localhost:3000",
    "https://a.example, https://b.example",
    "https://cloudflare-dns.com/dns-query",
    "http://127.0.0.1:53/dns-query",
    "http://user:secret@127.0.0.1/",
  ),
  fc.nat(200_000).map(String),
  fc.webUrl({ validSchemes: ["http", "https"], withQueryParameters: true }),
);
const secrets = fc.oneof(fc.stringMatching(/^[A-Za-z0-9._~+/-]{20,48}={0,2}$/), fc.string({ maxLength: 48 }));

const inputs: fc.Arbitrary<Given> = fc.record({
  value: mutated(values, [
    "https://",
    "http://127.0.0.1",
    "*",
    ":25",
    ":65536",
    "@",
    ", ",
    "[",
    "]",
    "0x1f",
    "null",
  ]),
  secret: mutated(secrets, ["=", "Bearer ", "\n"]),
});

export const configuration = target<Given>({
  name: "configuration",
  inputs: seeded("configuration", inputs),
  check,
  runs: 1_500,
});
