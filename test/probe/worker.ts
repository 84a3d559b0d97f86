// The Worker under a probe, in workerd: messages that the local platform can't make, storage that fails on demand,
// a clock that is set by hand, and a count of what is read. Everything but what it fails is the real thing.

import { digestMessage } from "../../src/core/digest.ts";
import type { RateBindings } from "../../src/deployment/rate.ts";
import worker, {
  DirectoryObject as RealDirectoryObject,
  DomainObject as RealDomainObject,
} from "../../src/index.ts";
import type { Bindings } from "../../src/store/domains.ts";
import { countLines, takeLines } from "./lines.ts";
import { hangLedger, setOdds, strikes, takeStruck } from "./odds.ts";

/** What can be made to fail. */
type Fault = "kv-get" | "domain-object" | "directory-object" | "rate" | "ledger-hangs";

/** What fails inside the objects, until it is set anew. They run in this isolate. Those of tokens are the directory's. */
type ObjectFault =
  | "kv-put"
  | "kv-delete"
  | "directory"
  | "transaction"
  | "ledger"
  | "audit"
  | "token-put"
  | "token-delete"
  | "token-transaction";
const LEDGER_TABLES = /\b(messages|senders|counts|rejections|events|refs|handovers|deliveries)\b/;
let objectFaults: readonly ObjectFault[] = [];

/** How far this isolate's clock is from the true one, in milliseconds. Alarms go by the true one. */
let shiftMs = 0;
const trueNow = Date.now.bind(Date);
Date.now = () => trueNow() + shiftMs;

/** The real object, whose writes fail on demand: to KV, to the directory, and its own, which then roll back. */
export class DomainObject extends RealDomainObject {
  constructor(state: DurableObjectState, env: Bindings) {
    failStorage(state.storage, "transaction");
    super(state, {
      ...env,
      SNAPSHOTS: failWrites(env.SNAPSHOTS, "kv"),
      DIRECTORY: intercept(env.DIRECTORY, ["get"], () => {
        if (objectFaults.includes("directory")) fail("Network connection lost.");
      }),
    });
  }
}

/** The real directory, likewise. */
export class DirectoryObject extends RealDirectoryObject {
  constructor(state: DurableObjectState, env: Bindings) {
    failStorage(state.storage, "token-transaction");
    super(state, { ...env, SNAPSHOTS: failWrites(env.SNAPSHOTS, "token") });
  }
}

/** KV, whose writes fail where they are named so. */
function failWrites(kv: KVNamespace, name: "kv" | "token"): KVNamespace {
  return intercept(kv, ["put", "delete"], (method) => {
    if (objectFaults.includes(`${name}-${method}` as ObjectFault))
      fail("KV failed: 500 Internal Server Error");
  });
}

/** The object's own storage, on demand: transactions roll back, and whatever touches the ledger's tables fails. */
function failStorage(storage: DurableObjectStorage, transaction: ObjectFault): void {
  const real = storage.transactionSync.bind(storage);
  const transactionSync = (closure: () => unknown) =>
    real(() => {
      const result = closure();
      if (objectFaults.includes(transaction)) fail("disk I/O error");
      return result;
    });
  Object.defineProperty(storage, "transactionSync", { value: transactionSync });
  const realExec = storage.sql.exec.bind(storage.sql);
  const exec = (query: string, ...bindings: unknown[]) => {
    if (objectFaults.includes("ledger") && LEDGER_TABLES.test(query))
      fail("database disk image is malformed");
    if (objectFaults.includes("audit") && /audit/.test(query)) fail("database disk image is malformed");
    return realExec(query, ...bindings);
  };
  Object.defineProperty(storage.sql, "exec", { value: exec });
}

interface ProbedMessage {
  readonly from: string;
  readonly to: string;
  readonly headers?: Record<string, string>;
  readonly raw?: string;
  readonly canBeForwarded?: boolean;
  /** What `forward()` throws, by destination. */
  readonly refusals?: Readonly<Record<string, string>>;
  readonly faults?: readonly Fault[];
}

/** One of many that are handed over at once. */
interface CrowdMessage extends Omit<ProbedMessage, "headers" | "faults"> {
  readonly id: number;
  /** A name may come more than once. */
  readonly headers: readonly (readonly [string, string])[];
  /** One character is one octet. */
  readonly raw: string;
}

interface Reads {
  kv: number;
  object: number;
  raw: number;
}

export default {
  async fetch(request, env, context) {
    const reads: Reads = { kv: 0, object: 0, raw: 0 };
    if (new URL(request.url).pathname === "/probe/object-faults") {
      objectFaults = await request.json();
      return new Response(null, { status: 204 });
    }
    if (new URL(request.url).pathname === "/probe/clock") {
      shiftMs = await request.json();
      return new Response(null, { status: 204 });
    }
    if (new URL(request.url).pathname === "/probe/email") {
      const message = (await request.json()) as ProbedMessage;
      const probed = probe(env, message.faults ?? [], reads);
      return Response.json({ ...(await receive(message, probed, reads, context)), reads });
    }
    if (new URL(request.url).pathname === "/probe/emails") {
      const messages = (await request.json()) as CrowdMessage[];
      return Response.json(await Promise.all(messages.map((message) => receiveOne(message, env, context))));
    }
    if (new URL(request.url).pathname === "/probe/odds") {
      setOdds(await request.json());
      return new Response(null, { status: 204 });
    }
    if (new URL(request.url).pathname === "/probe/garbage") {
      // Where V8 was started with --expose-gc.
      const { gc } = globalThis as { gc?: () => void };
      gc?.();
      return Response.json(gc !== undefined);
    }
    if (new URL(request.url).pathname === "/probe/lines") {
      countLines(await request.json());
      return Response.json({ ...takeLines(), struck: takeStruck() });
    }
    const faults = (request.headers.get("x-probe-faults") ?? "").split(",") as Fault[];
    const response = await worker.fetch(request, probe(env, faults, reads), context);
    const probed = new Response(response.body, response);
    probed.headers.set("x-probe-reads", JSON.stringify(reads));
    return probed;
  },
} satisfies ExportedHandler<Bindings & RateBindings>;

/** Hands over one of many. `digest`: by what the Worker knows the message, in its log and its records. */
async function receiveOne(message: CrowdMessage, env: Bindings & RateBindings, context: ExecutionContext) {
  const headers = new Headers();
  for (const [name, value] of message.headers) headers.append(name, value);
  const octets = Uint8Array.from(message.raw, (octet) => octet.charCodeAt(0));
  const outcome = {
    rejected: null as string | null,
    forwarded: [] as string[],
    thrown: null as string | null,
  };
  const fields: Record<string, string> = {};
  const fake = {
    from: message.from,
    to: message.to,
    headers,
    rawSize: octets.length,
    ...("canBeForwarded" in message ? { canBeForwarded: message.canBeForwarded } : {}),
    get raw(): ReadableStream {
      return new Blob([octets]).stream();
    },
    setReject(reason: string) {
      outcome.rejected = reason;
    },
    async forward(to: string, added: Headers) {
      const refusal = message.refusals?.[to];
      if (refusal !== undefined) fail(refusal);
      outcome.forwarded.push(to);
      for (const [name, value] of added) fields[name] = value;
    },
  };
  try {
    const probed = probe(env, [], { kv: 0, object: 0, raw: 0 });
    await worker.email(fake as unknown as ForwardableEmailMessage, probed, context);
  } catch (error) {
    outcome.thrown = String(error);
  }
  const { from: reversePath, to: forwardPath } = message;
  const digest = await digestMessage({ reversePath, forwardPath, headers, sizeOctets: octets.length });
  return { id: message.id, ...outcome, fields, digest };
}

async function receive(message: ProbedMessage, env: Bindings, reads: Reads, context: ExecutionContext) {
  const outcome = {
    rejected: null as string | null,
    forwarded: [] as string[],
    thrown: null as string | null,
  };
  const fake = {
    from: message.from,
    to: message.to,
    headers: new Headers(message.headers ?? {}),
    rawSize: 0,
    ...("canBeForwarded" in message ? { canBeForwarded: message.canBeForwarded } : {}),
    get raw(): ReadableStream {
      reads.raw += 1;
      return new Blob([message.raw ?? ""]).stream();
    },
    setReject(reason: string) {
      outcome.rejected = reason;
    },
    async forward(to: string) {
      const refusal = message.refusals?.[to];
      if (refusal !== undefined) fail(refusal);
      outcome.forwarded.push(to);
    },
  };
  try {
    await worker.email(fake as unknown as ForwardableEmailMessage, env, context);
  } catch (error) {
    outcome.thrown = String(error);
  }
  return outcome;
}

/** The environment, with its reads counted and the named calls failing as the platform's do. */
function probe(env: Bindings & RateBindings, faults: readonly Fault[], reads: Reads): Bindings {
  return {
    ...env,
    ...(env.CALLS && {
      CALLS: intercept(env.CALLS, ["limit"], () => {
        if (faults.includes("rate")) fail("internal error");
      }),
    }),
    SNAPSHOTS: intercept(env.SNAPSHOTS, ["get"], () => {
      reads.kv += 1;
      if (faults.includes("kv-get") || strikes("kv-get")) fail("KV GET failed: 500 Internal Server Error");
    }),
    DOMAINS: intercept(
      faults.includes("ledger-hangs") ? hangLedgers(env.DOMAINS) : hangAtTimes(env.DOMAINS),
      ["get"],
      () => {
        reads.object += 1;
        if (faults.includes("domain-object") || strikes("domain-object")) fail("Network connection lost.");
      },
    ),
    DIRECTORY: intercept(env.DIRECTORY, ["get"], () => {
      reads.object += 1;
      if (faults.includes("directory-object") || strikes("directory-object"))
        fail("Network connection lost.");
    }),
  };
}

/** Domains' objects whose ledgers never answer. */
function hangLedgers(domains: Bindings["DOMAINS"]): Bindings["DOMAINS"] {
  const hang = new Proxy({}, { get: () => () => new Promise(() => undefined) });
  return new Proxy(domains, {
    get: (real, name) =>
      name === "get" ? () => ({ ledger: hang }) : Reflect.get(real, name, real).bind(real),
  });
}

/** Domains' objects whose ledgers hang when all do. */
function hangAtTimes(domains: Bindings["DOMAINS"]): Bindings["DOMAINS"] {
  return new Proxy(domains, {
    get(real, name) {
      const value = Reflect.get(real, name, real) as unknown;
      if (typeof value !== "function") return value;
      const call = value.bind(real) as (...parameters: unknown[]) => object;
      return name === "get" ? (...parameters: unknown[]) => hangLedger(call(...parameters)) : call;
    },
  });
}

/**
 * The binding itself; `before` runs ahead of the named methods, and fails them by throwing. Those that answer later
 * fail later too, as the platform's do.
 */
function intercept<T extends object>(
  binding: T,
  methods: readonly string[],
  before: (method: string) => void,
): T {
  return new Proxy(binding, {
    get(real, name) {
      const value = Reflect.get(real, name, real) as unknown;
      if (typeof value !== "function") return value;
      return (...parameters: unknown[]) => {
        if (!methods.includes(String(name))) return Reflect.apply(value, real, parameters) as unknown;
        try {
          before(String(name));
        } catch (error) {
          if (isNamespace(real)) throw error;
          return Promise.reject(error);
        }
        return Reflect.apply(value, real, parameters) as unknown;
      };
    },
  });
}

/** A namespace of Durable Objects hands out a stub at once; the calls of KV and of the rate limit answer later. */
function isNamespace(binding: object): boolean {
  return "idFromName" in binding;
}

function fail(message: string): never {
  throw new Error(message);
}
