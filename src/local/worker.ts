// The built Worker on this machine, in workerd with its real KV and Durable Objects: no account, no network. Storage
// is empty at the start and gone at the end.

import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createTestHarness } from "wrangler";
import { Countersign } from "../client/countersign.ts";

// Wrangler's own lines would stand between those of whoever uses this; and no call home for a sample `Request.cf`.
process.env["WRANGLER_LOG"] ??= "none";
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What a sending server would have been told, and what the Worker logged of it. */
export interface Delivery {
  readonly code: 250 | 555 | 451;
  readonly text: string;
  /** Destinations that it was forwarded to, with the header fields added. */
  readonly forwards: readonly { readonly to: string; readonly headers: Readonly<Record<string, string>> }[];
  /** The Worker's own line about the message. */
  readonly logged: Readonly<Record<string, unknown>>;
}

export interface LocalWorker {
  /** The API, as the operator. */
  readonly client: Countersign;
  /** The API, as the bearer of a token. */
  clientFor(token: string): Countersign;
  /** Where other programs on this machine reach it: `http://127.0.0.1:…`. */
  url(): Promise<string>;
  /** Calls the API as the operator; `body` is sent as JSON, a string as it is. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Delivers a raw message to the Worker's email handler. */
  deliver(envelope: { from: string; to: string }, raw: string): Promise<Delivery>;
  /** Reloads the Worker with other secrets; its storage stays. */
  changeSecrets(secrets: Record<string, string>): Promise<void>;
  /** Asks the storage of the directory, in SQL. */
  queryDirectory(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Asks the storage of a domain's object, in SQL. */
  query(domain: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Puts a domain's object out of memory; its storage stays. */
  evict(domain: string): Promise<void>;
  /** All lines of the Worker's log since the last delivery, parsed. */
  lines(): readonly Readonly<Record<string, unknown>>[];
  /** The bindings, as the Worker has them. */
  bindings(): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Starts a Worker of its own with secrets of its own. */
export async function startWorker(
  options: { configPath?: string; secrets?: Record<string, string>; vars?: Record<string, string> } = {},
): Promise<LocalWorker> {
  const adminToken = randomBytes(24).toString("hex");
  const own = {
    ADMIN_TOKEN: adminToken,
    KEYRING_SECRET: randomBytes(24).toString("hex"),
    ...options.secrets,
  };
  const configPath = options.configPath ?? "./wrangler.toml";
  const vars = options.vars ?? {};
  const harness = (secrets: Record<string, string>) => ({
    root: ROOT,
    workers: [{ configPath, secrets, vars }],
  });
  const server = createTestHarness(harness(own));
  await server.listen();
  const worker = server.getWorker();
  const clientFor = (token: string) =>
    new Countersign({ url: "http://localhost", token, fetch: (url, init) => server.fetch(url, init) });
  return {
    get client() {
      return clientFor(own.ADMIN_TOKEN);
    },
    clientFor,
    url: async () => (await server.listen()).url.origin,
    async call(method, path, body, headers = {}) {
      const response = await server.fetch(path, {
        method,
        headers: {
          authorization: `Bearer ${adminToken}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return response as unknown as Response;
    },
    async deliver(envelope, raw) {
      server.clearLogs();
      const result = await worker.email({ ...envelope, raw });
      return { ...readAnswer(result), forwards: readForwards(result), logged: readLog(server.getLogs()) };
    },
    changeSecrets: (secrets) => server.update(harness({ ...own, ...secrets })),
    async queryDirectory(sql) {
      const storage = await worker.getDurableObjectStorage("DIRECTORY", { name: "directory" });
      return (await storage.exec(sql)) as readonly Readonly<Record<string, unknown>>[];
    },
    async query(domain, sql) {
      const storage = await worker.getDurableObjectStorage("DOMAINS", { name: domain });
      return (await storage.exec(sql)) as readonly Readonly<Record<string, unknown>>[];
    },
    evict: (domain) => worker.evictDurableObject("DOMAINS", { name: domain }),
    lines: () => parseLines(server.getLogs()),
    bindings: () => worker.getEnv(),
    stop: () => server.close(),
  };
}

type Result = Awaited<ReturnType<ReturnType<ReturnType<typeof createTestHarness>["getWorker"]>["email"]>>;

/** As Cloudflare answers: 555 5.7.1 for `setReject`, a temporary failure for a throw, 250 for the rest. */
function readAnswer(result: Result): Pick<Delivery, "code" | "text"> {
  if (result.outcome === "exception") return { code: 451, text: "4.3.0 Try again later" };
  return result.rejectReason === undefined
    ? { code: 250, text: "2.0.0 Ok" }
    : { code: 555, text: `5.7.1 ${result.rejectReason}` };
}

function readForwards(result: Result): Delivery["forwards"] {
  return result.forwards.map(({ recipient, headers }) => ({
    to: recipient,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
  }));
}

function readLog(logs: readonly { message: string }[]): Record<string, unknown> {
  return parseLines(logs).findLast((line) => "disposition" in line) ?? {};
}

function parseLines(logs: readonly { message: string }[]): Record<string, unknown>[] {
  return logs
    .filter(({ message }) => message.startsWith('{"event"'))
    .map(({ message }) => JSON.parse(message) as Record<string, unknown>);
}
