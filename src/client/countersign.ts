// The client for apps: one file without imports, to be copied. It runs on Node 20 and later, Workers, Bun, Deno and in
// browsers. Every failure is a `CountersignError`; a call is tried again only where that can't do a thing twice; the token
// is in no message, and printing the client does not show it. Times are RFC 3339, UTC.

export type Mode = "off" | "observe" | "enforce";

export type Scheme = "prvs" | "cs1";

/** What goes into one message. */
export interface Minted<MessageId extends string | null = string> {
  readonly address: string;
  /** For MAIL FROM. */
  readonly reversePath: string;
  /** For the header, with its angle brackets; null where none was asked for. */
  readonly messageId: MessageId;
  readonly scheme: Scheme;
  /** The number of the key that signed. */
  readonly key: number;
  /** The first instant at which the tag is no longer valid. */
  readonly expires: string;
  readonly ref: string | null;
}

export interface MintOptions {
  /** Names your message: 1 to 24 of a-z, 0-9 and -. It comes back with the bounce, and selects cs1. */
  readonly ref?: string;
  /** The domain's own where none is given. */
  readonly scheme?: Scheme;
  /** The address that replies go to, where it is another. */
  readonly from?: string;
  /** `false` where the message keeps a Message-ID of its own. */
  readonly messageId?: boolean;
}

export interface BatchItem extends MintOptions {
  readonly address: string;
}

/** An item of a batch that could not be minted for. */
export interface BatchFailure {
  /** As it was sent; null where the item had none. */
  readonly address: string | null;
  readonly error: Problem;
}

export type BatchResult = Minted<string | null> | BatchFailure;

/** What an address's tag is worth. */
export interface Validation {
  readonly status:
    | "missing"
    | "malformed"
    | "not-signing"
    | "unknown-key"
    | "bad-signature"
    | "expired"
    | "valid";
  /** The address without its tag. */
  readonly original: string;
  readonly scheme: Scheme | null;
  readonly key: number | null;
  /** The first instant at which the tag is no longer valid. */
  readonly expires: string | null;
  readonly ref: string | null;
}

export interface Settings {
  readonly mode: Mode;
  readonly scheme: Scheme;
  readonly placement: "prefix" | "subaddress";
  /** Days that a tag is valid. */
  readonly lifetimeDays: number;
  /** Days that a Message-ID is. */
  readonly messageIdLifetimeDays: number;
  /** Days between rotations; 0 for none. */
  readonly rotateDays: number;
  /** Local-parts, or addresses of the domain, that take any bounce. */
  readonly exempt: readonly string[];
  readonly bounceSenders: "null-only" | "mailer-daemon";
  readonly autoReplies: "evidence" | "accept";
  /** How many messages may come back to one address with a ref; null for any number. */
  readonly maxBouncesPerRef: number | null;
  readonly dkimSelectors: readonly string[];
}

/** Settings to set; `keys` are brought along when a domain is created, and never later. */
export interface SettingsChange extends Partial<Settings> {
  readonly keys?: readonly SharedKey[];
}

export interface Domain extends Settings {
  readonly domain: string;
}

/** What is there after a write. */
export type Written<Shown> = Shown & {
  /** The time by which every location has it; null while that can't be said. */
  readonly effectiveBy: string | null;
};

export interface Readiness {
  /** Whether the domain may enforce: no check failed. */
  readonly ready: boolean;
  readonly checks: readonly {
    readonly id: string;
    readonly status: "pass" | "warn" | "fail";
    readonly detail: string;
  }[];
}

/** Where an address's mail goes; `mode` beats the domain's. */
export type Route =
  | { readonly action: "forward"; readonly to: readonly string[]; readonly mode?: Mode }
  | { readonly action: "consume"; readonly mode?: Mode }
  | { readonly action: "reject"; readonly reason: string; readonly mode?: Mode };

/** By local-part; `*` is the domain's default. */
export type Routes = Readonly<Record<string, Route>>;

/** What a key does. Its secret is never shown. */
export interface Key {
  /** 0 to 9. */
  readonly number: number;
  readonly state: "pending" | "signing" | "validating" | "retired";
  readonly created: string | null;
  /** When it begins to sign; null where it never does. */
  readonly notBefore: string | null;
  /** When it is retired; null where that is not known yet. */
  readonly expires: string | null;
  readonly imported: boolean;
}

/** A key that another program has too. */
export interface SharedKey {
  /** 0 to 9. */
  readonly number: number;
  /** 1 to 64 printable ASCII octets, used as they are. */
  readonly secret: string;
}

/** One write to a domain. A value that was not there, or is not any more, is null. */
export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  /** The id and name of a token that reaches beyond the reader's domains are null. */
  readonly by: {
    readonly kind: "admin" | "token" | "schedule";
    readonly id: string | null;
    readonly name: string | null;
  };
  readonly action:
    | "domain.created"
    | "settings.changed"
    | "routes.replaced"
    | "route.changed"
    | "key.rotated"
    | "key.imported"
    | "key.retired"
    | "keys.tended"
    | "webhook.set"
    | "webhook.removed";
  /** In spite of what enforcing was forced; empty where it was not. */
  readonly forced: readonly string[];
  readonly changes: {
    readonly settings: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
    readonly routes: readonly {
      readonly localPart: string;
      readonly from: Route | null;
      readonly to: Route | null;
    }[];
    /** Routes changed beside those listed. */
    readonly moreRoutes: number;
    readonly keys: readonly {
      readonly number: number;
      readonly from: Key["state"] | null;
      readonly to: Key["state"] | null;
    }[];
    /** The origin of the webhook's receiver; null where the webhook is not concerned. */
    readonly webhook: { readonly from: string | null; readonly to: string | null } | null;
  };
}

export type TagStatus =
  | "missing"
  | "malformed"
  | "not-signing"
  | "unknown-key"
  | "bad-signature"
  | "expired"
  | "valid";

export type Disposition =
  | "forwarded"
  | "consumed"
  | "rejected"
  | "would-reject"
  | "no-such-address"
  | "route-rejected"
  | "deferred";

/** The messages of a UTC day: each under its tag status, and under what became of it. */
export interface DayCounts {
  readonly day: string;
  readonly status: Readonly<Record<TagStatus, number>>;
  readonly disposition: Readonly<Record<Disposition, number>>;
}

/** What came back of a message of yours, for one of its recipients. */
export interface Bounce {
  readonly id: string;
  readonly kind: "failed" | "delayed" | "delivered" | "autoreply" | "receipt" | "complaint" | "unparsed";
  /** What vouches for it. A Message-ID of yours may be known to others. */
  readonly evidence: "tag" | "message-id";
  readonly scheme: Scheme | null;
  readonly receivedAt: string;
  /** The address that it came back to. */
  readonly original: string;
  readonly ref: string | null;
  readonly recipient: string | null;
  /** RFC 3464. */
  readonly action: string | null;
  /** RFC 3463. */
  readonly status: string | null;
  /** `hard`: the recipient is bad. `block`: refused for content, policy or reputation. `soft`: may pass. */
  readonly class: "hard" | "soft" | "block" | "undetermined";
  readonly diagnostic: string | null;
  readonly reportingMta: string | null;
  /** Of the message that came back. */
  readonly messageId: string | null;
  /** Where it was read. */
  readonly source: "dsn" | "inline" | "header" | "text" | null;
}

/** A message that was refused, or would have been. */
export interface Rejection {
  readonly id: string;
  readonly receivedAt: string;
  /** As it came; a valid tag is not shown. */
  readonly recipient: string;
  readonly original: string;
  readonly status: TagStatus;
  readonly disposition: Disposition;
  /** The `From:` field. */
  readonly from: string | null;
  readonly messageId: string | null;
}

/** A webhook, and how its deliveries fare. */
export interface Webhook {
  readonly url: string;
  readonly lastSuccess: string | null;
  readonly lastFailure: string | null;
  /** How the last failure came about. */
  readonly lastError: string | null;
  /** Events that have not been delivered yet. */
  readonly pending: number;
  /** The receiver answered 410; set it anew. */
  readonly disabled: boolean;
}

export interface NewWebhook {
  readonly url: string;
  /** `whsec_` and base64, for any library of Standard Webhooks. Shown this once. */
  readonly secret: string;
}

export type Scope = "sign" | "validate" | "read" | "admin";

export interface Grant {
  /** For whoever reads the list. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Domain names, or `*` alone. */
  readonly domains: readonly string[];
}

export interface Token extends Grant {
  readonly id: string;
  readonly created: string;
  /** Under which KEYRING_SECRET it was made; one that is gone has ended the token. */
  readonly keyringSecret: "current" | "previous" | "gone";
}

export interface NewToken extends Token {
  /** The token's text, shown this once. */
  readonly token: string;
}

/** A failure as the API says it (RFC 9457). */
export interface Problem {
  /** `urn:countersign:problem:…`, and stable. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
}

/** A field that can't be used. */
export interface FieldProblem {
  /** A JSON pointer as a URI fragment: `#/address`. */
  readonly pointer: string;
  readonly detail: string;
}

export interface Listing {
  /** Items that each call asks for, 1 to 1000. */
  readonly limit?: number;
}

export interface Forcing {
  /** Enforces although the domain is not ready. */
  readonly force?: boolean;
}

/** The part of `fetch` that is used. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    signal: AbortSignal;
    redirect: "manual";
  },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}>;

export interface ClientOptions {
  /** The deployment's origin: `https://countersign.example.com`. */
  readonly url: string;
  readonly token: string;
  /** In a Worker with a service binding: `(url, init) => env.COUNTERSIGN.fetch(url, init)`. */
  readonly fetch?: Fetch;
  /** How often a call is tried at most; 3 where nothing is said. */
  readonly attempts?: number;
  /** How long a call may take, its attempts and the waits between them together; 30 000 where nothing is said. */
  readonly timeoutMs?: number;
}

/** What a call failed with. */
export class CountersignError extends Error {
  override readonly name = "CountersignError";
  /** `urn:countersign:problem:…`; `about:blank` where no answer of the API's came. */
  readonly type: string;
  readonly title: string;
  /** 0 where no answer came. */
  readonly status: number;
  readonly detail: string;
  /** The fields that can't be used; empty for other failures. */
  readonly errors: readonly FieldProblem[];
  /** Seconds after which it may be tried again; null where nothing was said. */
  readonly retryAfterS: number | null;

  constructor(problem: Problem, retryAfterS: number | null = null, options?: { cause?: unknown }) {
    super(`${problem.status} ${problem.title} ${problem.detail}`, options);
    this.type = problem.type;
    this.title = problem.title;
    this.status = problem.status;
    this.detail = problem.detail;
    this.errors = problem.errors ?? [];
    this.retryAfterS = retryAfterS;
  }
}

/** Whether the item of a batch was minted for. */
export function isMinted(result: BatchResult): result is Minted<string | null> {
  return "reversePath" in result;
}

/** The API of one deployment, as the bearer of one token. */
export class Countersign {
  readonly domains: Domains;
  readonly routes: DomainRoutes;
  readonly keys: Keys;
  readonly webhook: DomainWebhook;
  readonly tokens: Tokens;
  readonly #send: Send;

  constructor(options: ClientOptions) {
    const send = createSend(options);
    this.#send = send;
    this.domains = new Domains(send);
    this.routes = new DomainRoutes(send);
    this.keys = new Keys(send);
    this.webhook = new DomainWebhook(send);
    this.tokens = new Tokens(send);
  }

  /** The reverse-path and the Message-ID of one message. Mint once for each message, when it is handed over. */
  mint(address: string, options?: MintOptions & { readonly messageId?: true }): Promise<Minted>;
  mint(address: string, options: MintOptions & { readonly messageId: false }): Promise<Minted<null>>;
  mint(address: string, options: MintOptions): Promise<Minted<string | null>>;
  mint(address: string, options: MintOptions = {}): Promise<Minted<string | null>> {
    return this.#send("POST", ["addresses"], { body: { ...options, address }, repeatable: true });
  }

  /** Mints for many messages with one call. The results are in the order of the items; each fails by itself. */
  async mintBatch(items: readonly (string | BatchItem)[]): Promise<readonly BatchResult[]> {
    const { results } = await this.#send<{ results: readonly BatchResult[] }>(
      "POST",
      ["addresses", "batch"],
      {
        body: { addresses: items },
        repeatable: true,
      },
    );
    return results;
  }

  /** What the address's tag is worth. */
  validate(address: string): Promise<Validation> {
    return this.#send("POST", ["addresses", "validate"], { body: { address }, repeatable: true });
  }
}

class Domains {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** The names of the domains that the token reaches. */
  async *list({ limit }: Listing = {}): AsyncGenerator<string, void, undefined> {
    for await (const { domain } of listItems<{ domain: string }>(this.#send, ["domains"], limit))
      yield domain;
  }

  read(domain: string): Promise<Domain> {
    return this.#send("GET", ["domains", domain]);
  }

  /**
   * Creates the domain, or replaces its settings: what is left out gets its default. With `keys` it is tried once, since
   * a repetition would find the domain there and be refused.
   */
  put(domain: string, settings: SettingsChange = {}, { force }: Forcing = {}): Promise<Written<Domain>> {
    const repeatable = settings.keys === undefined;
    return this.#send("PUT", ["domains", domain], { body: settings, query: { force }, repeatable });
  }

  /** Changes the settings that are named. */
  patch(domain: string, settings: Partial<Settings>, { force }: Forcing = {}): Promise<Written<Domain>> {
    return this.#send("PATCH", ["domains", domain], { body: settings, query: { force }, repeatable: true });
  }

  /** Forgets everything of the domain. */
  delete(domain: string): Promise<void> {
    return this.#send("DELETE", ["domains", domain], GONE);
  }

  /** Who changed what, the newest first. */
  audit(domain: string, { limit }: Listing = {}): AsyncGenerator<AuditEntry, void, undefined> {
    return listItems(this.#send, ["domains", domain, "audit"], limit);
  }

  /** Its mail by day, the oldest day first. @param days today among them; 30 where nothing is said */
  async stats(domain: string, { days }: { readonly days?: number } = {}): Promise<readonly DayCounts[]> {
    const path = ["domains", domain, "stats"];
    const counted = await this.#send<{ days: readonly DayCounts[] }>("GET", path, { query: { days } });
    return counted.days;
  }

  /** What came back, the newest first. */
  bounces(domain: string, { limit }: Listing = {}): AsyncGenerator<Bounce, void, undefined> {
    return listItems(this.#send, ["domains", domain, "bounces"], limit);
  }

  /** What was refused, or would have been, the newest first. */
  rejections(domain: string, { limit }: Listing = {}): AsyncGenerator<Rejection, void, undefined> {
    return listItems(this.#send, ["domains", domain, "rejections"], limit);
  }

  /** Whether the domain may enforce, and what stands against it. */
  readiness(domain: string): Promise<Readiness> {
    return this.#send("GET", ["domains", domain, "readiness"]);
  }
}

class DomainRoutes {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** All routes of the domain at once. */
  async read(domain: string): Promise<Routes> {
    const { routes } = await this.#send<{ routes: Routes }>("GET", ["domains", domain, "routes"]);
    return routes;
  }

  /** Each name with its route, page by page. */
  async *list(
    domain: string,
    { limit = PAGE }: Listing = {},
  ): AsyncGenerator<[name: string, route: Route], void, undefined> {
    const path = ["domains", domain, "routes"];
    const pages = listPages<{ routes: Routes; cursor: string | null }>(this.#send, path, limit);
    for await (const { routes } of pages) yield* Object.entries(routes);
  }

  /** Puts these routes in place of all others. */
  replace(domain: string, routes: Routes): Promise<Written<{ readonly routes: Routes }>> {
    return this.#send("PUT", ["domains", domain, "routes"], { body: { routes }, repeatable: true });
  }

  get(domain: string, name: string): Promise<Route> {
    return this.#send("GET", ["domains", domain, "routes", name]);
  }

  put(domain: string, name: string, route: Route): Promise<Written<Route>> {
    return this.#send("PUT", ["domains", domain, "routes", name], { body: route, repeatable: true });
  }

  delete(domain: string, name: string): Promise<void> {
    return this.#send("DELETE", ["domains", domain, "routes", name], GONE);
  }
}

class Keys {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  list(domain: string, { limit }: Listing = {}): AsyncGenerator<Key, void, undefined> {
    return listItems(this.#send, ["domains", domain, "keys"], limit);
  }

  /** Makes a new key, which signs from its `notBefore`. Tried once: a repetition would make a second. */
  rotate(domain: string): Promise<Written<Key>> {
    return this.#send("POST", ["domains", domain, "keys"], { body: {} });
  }

  /** Brings a key along, which validates, and signs only with `sign`. Tried once: a repetition would be refused. */
  bring(domain: string, key: SharedKey & { readonly sign?: boolean }): Promise<Written<Key>> {
    return this.#send("POST", ["domains", domain, "keys"], { body: key });
  }

  /** Retires the key at once: bounces of mail that was sent under it are refused from now on. */
  retire(domain: string, number: number): Promise<void> {
    return this.#send("DELETE", ["domains", domain, "keys", String(number)], GONE);
  }
}

class DomainWebhook {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  read(domain: string): Promise<Webhook> {
    return this.#send("GET", ["domains", domain, "webhook"]);
  }

  /** Sets it, with a new secret. Tried once: a repetition would make another secret. */
  put(domain: string, url: string): Promise<NewWebhook> {
    return this.#send("PUT", ["domains", domain, "webhook"], { body: { url } });
  }

  /** Removes it, with all that it has yet to be told. */
  delete(domain: string): Promise<void> {
    return this.#send("DELETE", ["domains", domain, "webhook"], GONE);
  }

  /** Has it told once more of an event, by a bounce's id or a `webhook-id`. */
  async redeliver(domain: string, id: string): Promise<void> {
    await this.#send("POST", ["domains", domain, "webhook", "redeliver"], { body: { id }, repeatable: true });
  }
}

class Tokens {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** The tokens within the caller's own domains, the oldest first. */
  list({ limit }: Listing = {}): AsyncGenerator<Token, void, undefined> {
    return listItems(this.#send, ["tokens"], limit);
  }

  /** Makes a token; its text is shown this once. Tried once: a repetition would make a second. */
  create(grant: Grant): Promise<Written<NewToken>> {
    return this.#send("POST", ["tokens"], { body: grant });
  }

  revoke(id: string): Promise<void> {
    // To a token for some domains, one that is gone is outside of them; one that revoked itself is a stranger.
    return this.#send("DELETE", ["tokens", id], { doneBy: [401, 403, 404] });
  }
}

/** Items that a call asks for where nothing else is said: the most that one may. */
const PAGE = 1000;

/** The wait before the second attempt where the server names none; each further one is twice as long. */
const FIRST_WAIT_MS = 250;

/** The longest that a timer can wait. */
const TIMEOUT_MS_AT_MOST = 2 ** 31 - 1;

/** What was deleted is not there. */
const GONE = { doneBy: [404] };

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Call {
  readonly query?: Query;
  readonly body?: object;
  /** Whether a POST, PUT or PATCH may be carried out twice. GET and DELETE always may. */
  readonly repeatable?: boolean;
  /** Statuses that say, of a call which an earlier attempt may have carried out, that it did. */
  readonly doneBy?: readonly number[];
}

/** Calls the API and reads its answer; the types of both are the caller's word. */
type Send = <Answer>(method: string, path: readonly string[], call?: Call) => Promise<Answer>;

/** What came of one attempt. */
type Attempt =
  | { readonly kind: "answered"; readonly status: number; readonly body: unknown }
  | { readonly kind: "refused" | "unanswered"; readonly error: CountersignError };

function createSend(options: ClientOptions): Send {
  const { token, attempts = 3, timeoutMs = 30_000, fetch = globalThis.fetch as Fetch } = options;
  const origin = readOrigin(options.url);
  // A header takes no other characters, and what complains of one may quote the token.
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error("The token is empty, or has a space or line end in it.");
  if (!Number.isInteger(attempts) || attempts < 1)
    throw new Error("attempts: a whole number from 1 is expected.");
  if (!(timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_AT_MOST))
    throw new Error(`timeoutMs: milliseconds above 0 and up to ${TIMEOUT_MS_AT_MOST} are expected.`);

  return async function send<Answer>(
    method: string,
    path: readonly string[],
    call: Call = {},
  ): Promise<Answer> {
    const { query = {}, body, doneBy = [] } = call;
    const { repeatable = method === "GET" || method === "DELETE" } = call;
    const url = `${origin}/v1/${path.map(encodeSegment).join("/")}${formatQuery(query)}`;
    const headers = {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const endsAt = performance.now() + timeoutMs;
    let mayBeDone = false;
    for (let attempt = 1; ; attempt++) {
      const outcome = await tryOnce(fetch, url, init, endsAt - performance.now());
      if (outcome.kind === "answered") return outcome.body as Answer;
      const { error } = outcome;
      // What an earlier attempt may have deleted is not there.
      const isOurs = error.type.startsWith("urn:countersign:");
      if (mayBeDone && isOurs && doneBy.includes(error.status)) return undefined as Answer;
      const waitMs =
        error.retryAfterS === null ? FIRST_WAIT_MS * 2 ** (attempt - 1) : error.retryAfterS * 1000;
      const mayPass = outcome.kind === "unanswered" || error.status === 429 || error.status === 503;
      // A call that was one too many was not carried out.
      const mayRepeat = repeatable || error.status === 429;
      if (!mayPass || !mayRepeat || attempt >= attempts) throw error;
      // A wait that leaves no time for the call would only delay the failure.
      if (performance.now() + waitMs >= endsAt) throw error;
      mayBeDone ||= error.status !== 429;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  };
}

async function tryOnce(
  fetch: Fetch,
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string },
  leftMs: number,
): Promise<Attempt> {
  let answer: Awaited<ReturnType<Fetch>>;
  let text: string;
  try {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)));
    // A redirection is not followed: the token is for this origin alone.
    const late = aborted(signal);
    answer = await Promise.race([fetch(url, { ...init, signal, redirect: "manual" }), late]);
    text = await Promise.race([answer.text(), late]);
  } catch (cause) {
    return { kind: "unanswered", error: describeUnanswered(cause) };
  }
  const { status, headers } = answer;
  const value = parse(text);
  if (status === 204 || (status >= 200 && status < 300 && isObject(value))) {
    return { kind: "answered", status, body: status === 204 ? undefined : value };
  }
  const contentType = headers.get("content-type") ?? "";
  const problem = contentType.startsWith("application/problem+json") ? readProblem(value) : null;
  const error = new CountersignError(
    problem ?? describeForeign(status, contentType),
    readRetryAfterS(headers.get("retry-after")),
  );
  return { kind: "refused", error };
}

/** Fails when the signal says so, for a `fetch` that does not heed it. */
function aborted(signal: AbortSignal): Promise<never> {
  const failing = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  // It may come when nobody waits for it any more.
  failing.catch(() => undefined);
  return failing;
}

function readOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new Error("url: an origin like https://countersign.example.com is expected.");
  }
  if (url.href !== `${url.origin}/`) throw new Error("url: only scheme, host and port are expected.");
  return url.origin;
}

/** Refuses what a URL would take for a place in the path. */
function encodeSegment(text: string): string {
  if (["", ".", ".."].includes(text)) throw new Error(`"${text}" names nothing.`);
  return encodeURIComponent(text);
}

function formatQuery(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) given.set(name, String(value));
  }
  const text = given.toString();
  return text === "" ? "" : `?${text}`;
}

async function* listItems<Item>(
  send: Send,
  path: readonly string[],
  limit = PAGE,
): AsyncGenerator<Item, void, undefined> {
  const pages = listPages<{ items: readonly Item[]; cursor: string | null }>(send, path, limit);
  for await (const { items } of pages) yield* items;
}

async function* listPages<Page extends { readonly cursor: string | null }>(
  send: Send,
  path: readonly string[],
  limit: number,
): AsyncGenerator<Page, void, undefined> {
  let cursor: string | undefined;
  do {
    const page: Page = await send("GET", path, { query: { limit, cursor } });
    yield page;
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined);
}

function describeUnanswered(cause: unknown): CountersignError {
  const problem = { type: "about:blank", title: "No answer came.", status: 0, detail: describeCause(cause) };
  return new CountersignError(problem, null, { cause });
}

/** Node says what went wrong in the cause of what it throws. */
function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}

/** Something that is not the API answered: a proxy, a login page, another server. */
function describeForeign(status: number, contentType: string): Problem {
  const detail = `It is of type ${contentType === "" ? "unknown" : contentType}; a proxy may have answered, or another server.`;
  return { type: "about:blank", title: "The answer is none of the API's.", status, detail };
}

function readProblem(value: unknown): Problem | null {
  if (!isObject(value)) return null;
  const { type, title, status, detail, errors } = value as Partial<Problem>;
  if (typeof type !== "string" || typeof title !== "string" || typeof status !== "number") return null;
  return { type, title, status, detail: detail ?? "", ...(Array.isArray(errors) && { errors }) };
}

/** Seconds; a date (RFC 9110, 10.2.3) is as far off as this clock says. */
function readRetryAfterS(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d+$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, (at - Date.now()) / 1000);
}

/** What the text is as JSON; undefined where it is none. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
