// A deployment in memory for the API: the same rules make its writes as make the Worker's, and its ports take no argument that the
// real ones could not: a domain name that is none, a page without bounds, a route that no address matches.

import { isConfigurable } from "../../src/api/operation.ts";
import type { Ports } from "../../src/api/ports.ts";
import { readRouteName } from "../../src/api/schemas.ts";
import type { Outcome, SettingsChange } from "../../src/core/change.ts";
import { changeRoute, changeSettings, replaceRoutes } from "../../src/core/change.ts";
import { isDomain } from "../../src/core/mailbox.ts";
import { takePage } from "../../src/core/page.ts";
import type { KeysChange, KeysRefusal } from "../../src/core/rotation.ts";
import { retire } from "../../src/core/rotation.ts";
import type { Route } from "../../src/core/route.ts";
import { deriveDeploymentKey } from "../../src/core/signature.ts";
import {
  createSnapshot,
  decodeSnapshot,
  encodeSnapshot,
  revise,
  type Snapshot,
} from "../../src/core/snapshot.ts";
import {
  digestToken,
  formatToken,
  type Grant,
  type Scope,
  type Token,
  tokenId,
} from "../../src/core/token.ts";
import { openKeys } from "../../src/store/opened-keys.ts";
import { addImportedKey, addOwnKey, makeFirstKeys } from "../../src/store/wrapped-keys.ts";
import { NOW } from "../core/fixtures.ts";

export const ADMIN_TOKEN = "admin-token-of-the-fuzzed-deployment";
export const KEYRING_SECRET = "keyring-secret-of-the-fuzzed-deployment";
const SECRETS = { adminToken: ADMIN_TOKEN, keyring: KEYRING_SECRET, keyringPrevious: null };
const WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ADMIN_DIGEST = await digestToken(ADMIN_TOKEN);
const MAC_KEY = await deriveDeploymentKey(KEYRING_SECRET, "token");

/** Who calls, by the names that inputs have for them. */
export const GRANTS: Readonly<Record<string, Grant>> = {
  sign: { scopes: ["sign"], domains: ["example.com"] },
  validate: { scopes: ["validate"], domains: ["example.com"] },
  read: { scopes: ["read"], domains: ["example.com"] },
  own: { scopes: ["admin"], domains: ["example.com"] },
  all: { scopes: ["admin"], domains: ["*"] },
};

const made = await Promise.all(
  Object.entries(GRANTS).map(async ([name, grant], at) => {
    const id = tokenId(NOW, Uint8Array.of(at, 0, 0, 0));
    const text = await formatToken(id, new Uint8Array(20).fill(at + 1), MAC_KEY);
    return {
      name,
      text,
      token: { id, name, ...grant, created: NOW, digest: await digestToken(text), macKey: "" },
    };
  }),
);

/** Their tokens. */
export const TOKENS: Readonly<Record<string, string>> = {
  operator: ADMIN_TOKEN,
  ...Object.fromEntries(made.map(({ name, text }) => [name, text])),
};

/** Only the second is beyond those who have a domain of their own. */
const FIRST = await Promise.all(
  ["example.com", "other.example"].map(async (domain) => {
    const settings = settingsOf({ kind: "put", settings: {}, keys: null, force: false });
    const snapshot = createSnapshot(
      domain,
      settings,
      await makeFirstKeys(SECRETS, domain, null, NOW),
      NOW,
      0,
    );
    return revise(snapshot, { routes: new Map([["user", { action: "consume" }]]) }, NOW);
  }),
);

function settingsOf(change: SettingsChange) {
  const made = changeSettings(null, change, () => []);
  if (made.kind !== "settings") throw new Error("The defaults can be used.");
  return made.settings;
}

export interface ApiDeployment {
  readonly ports: Ports;
  /** All that is kept, as a text. */
  state(): string;
  snapshots(): readonly Snapshot[];
}

export function createDeployment(): ApiDeployment {
  const domains = new Map<string, Snapshot>(FIRST.map((snapshot) => [snapshot.domain, snapshot]));
  const tokens = new Map<string, Token>(made.map(({ token }) => [token.id, token]));
  const webhooks = new Map<string, string>();
  const named = (domain: string, isName = isConfigurable): string => {
    if (!isName(domain) || domain !== domain.toLowerCase())
      throw new Error("Storage is asked for domain names only.");
    return domain;
  };
  const page = <Item>(items: readonly Item[], limit: number) => {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new Error("A page has bounds.");
    return takePage(items, limit);
  };
  const find = (domain: string) => domains.get(named(domain)) ?? null;
  const numbered = async (domain: string, before: number | null, limit: number) => {
    if (before !== null && Number.isNaN(before)) throw new Error("A number is one.");
    return find(domain) === null ? null : page([], limit);
  };
  const put = (kind: "created" | "written", snapshot: Snapshot): Outcome => {
    domains.set(snapshot.domain, decodeSnapshot(encodeSnapshot(snapshot)));
    return { kind, snapshot, effectiveBy: NOW };
  };
  const writeKeys = async (
    domain: string,
    change: (former: Snapshot) => Promise<KeysChange | KeysRefusal> | KeysChange | KeysRefusal,
  ): Promise<Outcome> => {
    const former = find(domain);
    if (former === null) return { kind: "unconfigured" };
    const keys = await change(former);
    return keys.kind === "keys"
      ? put(keys.isNew ? "created" : "written", revise(former, { keys: keys.keys }, NOW))
      : keys;
  };
  const within =
    ({ domains: reach }: Grant) =>
    (token: Token) =>
      reach.includes("*") || token.domains.every((domain) => reach.includes(domain));
  const ports: Ports = {
    now: NOW,
    open: openKeys(new Map(), SECRETS),
    random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
    maxBatch: 20,
    corsOrigins: [],
    webhookAllowLocal: false,
    adminDigest: ADMIN_DIGEST,
    tokenMacKeys: [MAC_KEY],
    isWithinRate: async () => true,
    isUnreachable: () => false,
    // Addresses may be of any name, with a dot or without.
    snapshots: {
      read: async (domain) => domains.get(named(domain, isDomain)) ?? null,
      confirm: async (domain) => domains.get(named(domain, isDomain)) ?? null,
    },
    examineDns: async () => [],
    note: () => undefined,
    log: (line) => void JSON.stringify(line),
    domains: {
      read: async (domain) => find(domain),
      list: async (after, limit, { domains: reach }) =>
        page(
          [...domains.keys()]
            .filter((name) => name > after && (reach.includes("*") || reach.includes(name)))
            .sort(),
          limit,
        ),
      async configure(domain, change) {
        const former = find(domain);
        const outcome = changeSettings(former, change, () => ["It has not been signing."]);
        if (outcome.kind !== "settings") return outcome;
        if (former !== null) return put("written", revise(former, { settings: outcome.settings }, NOW));
        return put(
          "created",
          createSnapshot(
            domain,
            outcome.settings,
            await makeFirstKeys(SECRETS, domain, change.keys, NOW),
            NOW,
            0,
          ),
        );
      },
      readiness: async (domain) => (find(domain) === null ? null : { ready: false, checks: [] }),
      summary: async () => null,
      forget: async (domain) => domains.delete(named(domain)),
      audit: numbered,
      async replaceRoutes(domain, routes) {
        const former = find(domain);
        for (const [name] of routes)
          if (readRouteName(name) !== name) throw new Error("No address matches such a route.");
        if (former === null) return { kind: "unconfigured" };
        const outcome = replaceRoutes(routes);
        return outcome.kind === "routes"
          ? put("written", revise(former, { routes: outcome.routes }, NOW))
          : outcome;
      },
      rotateKeys: (domain) => writeKeys(domain, (former) => addOwnKey(SECRETS, former, NOW)),
      bringKey: (domain, key, sign) =>
        writeKeys(domain, (former) => addImportedKey(SECRETS, former, key, sign, NOW)),
      retireKey: (domain, number) =>
        writeKeys(domain, ({ keys, lifetimes, messageIdLifetimes }) =>
          retire(keys, number, [...lifetimes, ...messageIdLifetimes], NOW),
        ),
      async changeRoute(domain: string, localPart: string, route: Route | null) {
        const former = find(domain);
        if (readRouteName(localPart) !== localPart) throw new Error("No address matches such a route.");
        if (former === null) return { kind: "unconfigured" };
        const outcome = changeRoute(former.routes, localPart, route);
        if (outcome.kind !== "routes") return outcome;
        return put(outcome.isNew ? "created" : "written", revise(former, { routes: outcome.routes }, NOW));
      },
      async stats(domain, days) {
        if (!Number.isInteger(days) || days < 1 || days > 90) throw new Error("Counts have bounds.");
        return find(domain) === null ? null : [];
      },
      bounces: numbered,
      rejections: numbered,
      async webhook(domain) {
        const url = webhooks.get(named(domain));
        return url === undefined
          ? null
          : { url, lastSuccess: null, lastFailure: null, lastError: null, pending: 0, disabled: false };
      },
      async setWebhook(domain, url) {
        if (find(domain) === null) return { kind: "unconfigured" };
        const kind = webhooks.has(domain) ? "written" : "created";
        webhooks.set(domain, url);
        return { kind, secret: WEBHOOK_SECRET };
      },
      removeWebhook: async (domain) => webhooks.delete(named(domain)),
      redeliver: async (domain, id) =>
        !webhooks.has(named(domain)) ? "no-webhook" : id.length > 40 ? "no-event" : "queued",
    },
    tokens: {
      read: async (id) => tokens.get(id) ?? null,
      async list(after, limit, caller) {
        const { items, more } = page(
          [...tokens.values()].filter((token) => token.id > after && within(caller)(token)),
          limit,
        );
        return { items: items.map((token) => ({ ...token, madeUnder: "current" as const })), more };
      },
      async create(name, { scopes, domains: reach }) {
        const id = tokenId(NOW, crypto.getRandomValues(new Uint8Array(4)));
        const text = await formatToken(id, crypto.getRandomValues(new Uint8Array(20)), MAC_KEY);
        const token: Token = {
          id,
          name,
          scopes: [...scopes] as Scope[],
          domains: [...reach],
          created: NOW,
          digest: await digestToken(text),
          macKey: "",
        };
        tokens.set(id, token);
        return { ...token, text, effectiveBy: NOW };
      },
      async revoke(id, caller) {
        const token = tokens.get(id);
        return token !== undefined && within(caller)(token) && tokens.delete(id);
      },
    },
  };
  return {
    ports,
    state: () =>
      JSON.stringify([[...domains.values()].map(encodeSnapshot), [...tokens.keys()], [...webhooks]]),
    snapshots: () => [...domains.values()],
  };
}
