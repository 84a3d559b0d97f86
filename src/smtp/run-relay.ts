// `npm run relay`: the signing relay, set up from the environment. What can't be used ends it before it listens.

import { X509Certificate } from "node:crypto";
import { hostname } from "node:os";
import { createSecureContext } from "node:tls";
import { Countersign } from "../client/countersign.ts";
import { isDomain } from "../core/mailbox.ts";
import type { Server } from "./connection.ts";
import type { Listening } from "./listener.ts";
import { runProgram } from "./program.ts";
import { Minter } from "./relay/minter.ts";
import { startRelay } from "./relay/relay.ts";
import { createMatcher } from "./relay/sender.ts";
import {
  type Environment,
  isLoopback,
  readChoice,
  readFileOf,
  readHostPort,
  readList,
  readPort,
  readRequired,
  readText,
  SettingError,
} from "./settings.ts";

/** How long a client waits for one signature, in milliseconds, attempts and pauses together. */
const MINT_MS = 10_000;

await runProgram(async (env) => {
  const listening = readListening(env);
  const smarthost = readSmarthost(env);
  if (isLoopback(smarthost.host) && smarthost.port === listening.port) {
    throw new SettingError("SMARTHOST", "that is the relay itself.");
  }
  const { log } = console;
  const relay = await startRelay({
    listening,
    smarthost,
    minter: new Minter(readClient(env), createMatcher(readDomains(env, "RELAY_DOMAINS"))),
    messageId: readChoice(env, "RELAY_MESSAGE_ID", ["add", "replace", "keep"], "add"),
    isUntagged: createMatcher(readAddresses(env, "RELAY_UNTAGGED")),
    isBounceSigned: createMatcher(readDomains(env, "RELAY_SIGN_BOUNCES_TO")),
    name: readName(env),
    log: (line) => log(JSON.stringify(line)),
  });
  log(
    `The relay listens on ${listening.host}:${relay.port}; mail goes on to ${smarthost.host}:${smarthost.port}.`,
  );
  return relay;
});

function readClient(env: Environment): Countersign {
  const url = readText(env, "COUNTERSIGN_URL") ?? "http://127.0.0.1:8787";
  const token = readRequired(env, "COUNTERSIGN_TOKEN", "a token with the scope sign");
  const { protocol, hostname: host } = URL.canParse(url) ? new URL(url) : { protocol: "", hostname: "" };
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback(host.replace(/[[\]]/g, "")))) {
    throw new SettingError(
      "COUNTERSIGN_URL",
      "https: is expected, or http: on this machine, since it bears the token.",
    );
  }
  try {
    return new Countersign({ url, token, timeoutMs: MINT_MS });
  } catch (error) {
    throw new SettingError("COUNTERSIGN_URL, COUNTERSIGN_TOKEN", error instanceof Error ? error.message : "");
  }
}

/** Whoever may send through the relay can sign: elsewhere than on this machine it takes AUTH, and that in TLS. */
function readListening(env: Environment): Listening {
  const host = readText(env, "RELAY_HOST") ?? "127.0.0.1";
  const key = readFileOf(env, "RELAY_TLS_KEY");
  const cert = readFileOf(env, "RELAY_TLS_CERT");
  if ((key === undefined) !== (cert === undefined)) {
    throw new SettingError("RELAY_TLS_KEY, RELAY_TLS_CERT", "both are expected, or neither.");
  }
  const implicit = readChoice(env, "RELAY_TLS", ["starttls", "implicit"], "starttls") === "implicit";
  const tls = key === undefined || cert === undefined ? null : { key, cert, implicit };
  if (tls !== null) checkPem("RELAY_TLS_KEY, RELAY_TLS_CERT", () => createSecureContext({ key, cert }));
  if (implicit && tls === null)
    throw new SettingError("RELAY_TLS", "implicit needs RELAY_TLS_KEY and RELAY_TLS_CERT.");
  const credentials = readCredentials(env, "RELAY_USER", "RELAY_PASSWORD");
  if (!isLoopback(host) && (credentials === null || tls === null)) {
    throw new SettingError(
      "RELAY_HOST",
      "outside of this machine the relay needs RELAY_USER, RELAY_PASSWORD, RELAY_TLS_KEY and RELAY_TLS_CERT.",
    );
  }
  return { host, port: readPort(env, "RELAY_PORT", 2587), tls, credentials, octetsAtMost: null };
}

function readSmarthost(env: Environment): Server {
  const text = readRequired(env, "SMARTHOST", "the host:port that mail goes on to");
  const { host, port } = readHostPort("SMARTHOST", text, 25);
  const usual = port === 465 ? "implicit" : isLoopback(host) ? "none" : "starttls";
  const tls = readChoice(env, "SMARTHOST_TLS", ["starttls", "implicit", "none"], usual);
  const credentials = readCredentials(env, "SMARTHOST_USER", "SMARTHOST_PASSWORD");
  if (credentials !== null && tls === "none" && !isLoopback(host)) {
    throw new SettingError("SMARTHOST_TLS", "none would send SMARTHOST_PASSWORD in the clear.");
  }
  const ca = readFileOf(env, "SMARTHOST_CA");
  if (ca !== undefined) checkPem("SMARTHOST_CA", () => new X509Certificate(ca));
  return { host, port, tls, credentials, ca };
}

/** A name that no server takes would have every message put off. */
function readName(env: Environment): string {
  const name = readText(env, "RELAY_NAME") ?? hostname();
  if (!isDomain(name) && !/^\[[0-9A-Za-z:.]+\]$/.test(name)) {
    throw new SettingError(
      "RELAY_NAME",
      `a host's name is expected, or an address like [192.0.2.1]; ${name} is neither.`,
    );
  }
  return name;
}

/** What is no PEM would fail only when it is first needed. */
function checkPem(names: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SettingError(names, `PEM is expected: ${reason}`);
  }
}

/** Domains, or `*.` before one for all below it. A name that can't match would leave unsigned what must be signed. */
function readDomains(env: Environment, name: string): string[] {
  const list = readList(env, name);
  const odd = list.find((entry) => !isDomain(entry.replace(/^\*\./, "")));
  if (odd !== undefined)
    throw new SettingError(name, `domains are expected, and *.example.org; ${odd} is none.`);
  return list;
}

/** Addresses too. */
function readAddresses(env: Environment, name: string): string[] {
  const list = readList(env, name);
  const odd = list.find((entry) => !isDomain(entry.replace(/^(?:[^@]+@|\*\.)/, "")));
  if (odd !== undefined)
    throw new SettingError(name, `addresses and domains are expected; ${odd} is neither.`);
  return list;
}

function readCredentials(env: Environment, userName: string, passwordName: string) {
  const user = readText(env, userName);
  const password = env[passwordName];
  if (user === undefined && !password) return null;
  if (user === undefined || !password)
    throw new SettingError(`${userName}, ${passwordName}`, "both are expected.");
  return { user, password };
}
