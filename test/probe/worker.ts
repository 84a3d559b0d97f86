// The Worker under a probe, in workerd: messages that the local platform can't make, storage that fails on demand,
// and a count of what is read. Everything but what it fails is the real thing.

import worker, { DirectoryObject, DomainObject } from "../../src/index.ts";
import type { Bindings } from "../../src/store/domains.ts";

export { DirectoryObject, DomainObject };

/** What can be made to fail. */
type Fault = "kv-get" | "domain-object" | "directory-object";

interface ProbedMessage {
  readonly from: string;
  readonly to: string;
  readonly headers?: Record<string, string>;
  readonly canBeForwarded?: boolean;
  readonly faults?: readonly Fault[];
}

interface Reads {
  kv: number;
  object: number;
  raw: number;
}

export default {
  async fetch(request, env) {
    const reads: Reads = { kv: 0, object: 0, raw: 0 };
    if (new URL(request.url).pathname === "/probe/email") {
      const message = (await request.json()) as ProbedMessage;
      const probed = probe(env, message.faults ?? [], reads);
      return Response.json({ ...(await receive(message, probed, reads)), reads });
    }
    const faults = (request.headers.get("x-probe-faults") ?? "").split(",") as Fault[];
    const response = await worker.fetch(request, probe(env, faults, reads));
    const probed = new Response(response.body, response);
    probed.headers.set("x-probe-reads", JSON.stringify(reads));
    return probed;
  },
} satisfies ExportedHandler<Bindings>;

async function receive(message: ProbedMessage, env: Bindings, reads: Reads) {
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
      return new ReadableStream();
    },
    setReject(reason: string) {
      outcome.rejected = reason;
    },
    async forward(to: string) {
      outcome.forwarded.push(to);
    },
  };
  try {
    await worker.email(fake as unknown as ForwardableEmailMessage, env);
  } catch (error) {
    outcome.thrown = String(error);
  }
  return outcome;
}

/** The environment, with its reads counted and the named calls failing as the platform's do. */
function probe(env: Bindings, faults: readonly Fault[], reads: Reads): Bindings {
  const counted = <T extends object>(
    target: T,
    methods: readonly string[],
    seen: (name: string) => void,
  ): T =>
    new Proxy(target, {
      get(object, name) {
        const value = Reflect.get(object, name, object) as unknown;
        if (typeof value !== "function") return value;
        return (...parameters: unknown[]) => {
          if (methods.includes(String(name))) seen(String(name));
          return Reflect.apply(value, object, parameters) as unknown;
        };
      },
    });
  const fail = (message: string): never => {
    throw new Error(message);
  };
  return {
    ...env,
    SNAPSHOTS: counted(env.SNAPSHOTS, ["get"], () => {
      reads.kv += 1;
      if (faults.includes("kv-get")) fail("KV GET failed: 500 Internal Server Error");
    }),
    DOMAINS: counted(env.DOMAINS, ["get"], () => {
      reads.object += 1;
      if (faults.includes("domain-object")) fail("Network connection lost.");
    }),
    DIRECTORY: counted(env.DIRECTORY, ["get"], () => {
      if (faults.includes("directory-object")) fail("Network connection lost.");
    }),
  };
}
