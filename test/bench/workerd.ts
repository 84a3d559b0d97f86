// The Workers that are measured, all in one workerd: built and minified as they are deployed, each behind a socket of its own,
// with nothing of the local simulator around them. Durable Objects are workerd's own, on this machine's disk. The log goes
// nowhere, and calls are not counted: both are the platform's work.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-port.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WORKERD = createRequire(createRequire(import.meta.url).resolve("miniflare")).resolve(
  "workerd/bin/workerd",
);

/** How the Workers are built that bring nothing of wrangler.toml along. */
const SMALL = "test/bench/workers/wrangler.toml";
const ENTRIES = {
  countersign: ["src/index.ts", "wrangler.toml"],
  probe: ["test/bench/workers/probe.ts", "wrangler.toml"],
  reference: ["test/bench/workers/reference.ts", SMALL],
  empty: ["test/bench/workers/empty.ts", SMALL],
  countersignKv: ["test/bench/workers/kv.ts", SMALL],
  probeKv: ["test/bench/workers/kv.ts", SMALL],
} as const;

type WorkerName = keyof typeof ENTRIES;
const NAMES = Object.keys(ENTRIES) as WorkerName[];

/** The domain's key, which Exim and the reference have too. */
export const KEY = { number: 3, secret: "the secret of all of them" };
export const ADMIN_TOKEN = randomBytes(24).toString("hex");

export interface Workerd {
  readonly version: string;
  readonly urls: Readonly<Record<WorkerName, string>>;
  /** Processor time that it has used so far, in seconds. */
  cpuS(): number;
  stop(): Promise<void>;
}

/** Builds a Worker as `npm run deploy` would; its one module. */
export function build(name: WorkerName): string {
  const [entry, config] = ENTRIES[name];
  const folder = mkdtempSync(join(tmpdir(), "countersign-build-"));
  try {
    const options = ["--config", config, "--dry-run", "--outdir", folder];
    execFileSync("npx", ["wrangler", "deploy", entry, ...options], { cwd: ROOT, stdio: "pipe" });
    const module = readdirSync(folder).find((file) => file.endsWith(".js"));
    if (module === undefined) throw new Error(`Wrangler built nothing of ${entry}.`);
    return readFileSync(join(folder, module), "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Starts the Workers, with empty storage. */
export async function startWorkerd(): Promise<Workerd> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-workerd-"));
  mkdirSync(join(folder, "objects"));
  const ports = {} as Record<WorkerName, number>;
  for (const name of NAMES) {
    ports[name] = await freePort();
    writeFileSync(join(folder, `${name}.js`), build(name));
  }
  writeFileSync(join(folder, "config.capnp"), configure(folder, ports));
  const workerd = spawn(WORKERD, ["serve", join(folder, "config.capnp")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  workerd.stderr.on("data", (data) => {
    errors += data;
    if (process.env["LOG_FD"]) process.stderr.write(data);
  });
  const urls = Object.fromEntries(NAMES.map((name) => [name, `http://127.0.0.1:${ports[name]}`]));
  const stop = () => end(workerd, folder);
  try {
    await answers(`${urls["empty"]}/`, () => {
      if (workerd.exitCode !== null) throw new Error(errors);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    version: execFileSync(WORKERD, ["--version"], { encoding: "utf8" }).trim(),
    urls: urls as Record<WorkerName, string>,
    cpuS: () => cpuOf(workerd),
    stop,
  };
}

/**
 * Starts a workerd with one Worker in it, waits for its first answer, and ends it.
 * @param isWhole whether the Worker is Countersign, with its bindings
 * @returns the processor time that took, in seconds
 */
export async function startAlone(module: string, isWhole: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-workerd-"));
  mkdirSync(join(folder, "objects"));
  const port = await freePort();
  const name = isWhole ? "countersign" : "empty";
  const names: readonly WorkerName[] = isWhole ? ["countersign", "countersignKv"] : ["empty"];
  writeFileSync(join(folder, `${name}.js`), module);
  writeFileSync(join(folder, "countersignKv.js"), "export default { fetch: () => new Response() };");
  const config = join(folder, "config.capnp");
  writeFileSync(
    config,
    configure(folder, Object.fromEntries(names.map((one) => [one, port])), names, [name]),
  );
  const workerd = spawn(WORKERD, ["serve", config], { stdio: "ignore" });
  try {
    await answers(`http://127.0.0.1:${port}/health`, () => {
      if (workerd.exitCode !== null) throw new Error("workerd ended before it answered.");
    });
    return cpuOf(workerd);
  } finally {
    await end(workerd, folder);
  }
}

/** What workerd is to run, in its own language. */
function configure(
  folder: string,
  ports: Readonly<Partial<Record<WorkerName, number>>>,
  names: readonly WorkerName[] = NAMES,
  reachable: readonly WorkerName[] = names,
): string {
  const services = names.map((name) => `(name = "${name}", worker = .${name})`);
  const sockets = reachable.map(
    (name) => `(name = "${name}", address = "127.0.0.1:${ports[name]}", http = (), service = "${name}")`,
  );
  const disk = `(name = "disk", disk = (path = "${join(folder, "objects")}", writable = true))`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${[...services, disk].join(", ")}],
  sockets = [${sockets.join(", ")}],
);
${names.map(describeWorker).join("\n")}
`;
}

function describeWorker(name: WorkerName): string {
  switch (name) {
    case "countersign":
    case "probe":
      return whole(name);
    case "reference":
      return small(
        name,
        `(name = "SECRET", text = "${KEY.secret}"), (name = "KEY_NUMBER", text = "${KEY.number}")`,
      );
    default:
      return small(name);
  }
}

/** Countersign, with objects of its own. */
function whole(name: WorkerName): string {
  const objects = ["DomainObject", "DirectoryObject"].map(
    (className) => `(className = "${className}", uniqueKey = "${name}-${className}", enableSql = true)`,
  );
  return `const ${name} :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${name}.js")],
  compatibilityDate = "2026-11-01",
  bindings = [
    (name = "ADMIN_TOKEN", text = "${ADMIN_TOKEN}"),
    (name = "KEYRING_SECRET", text = "${randomBytes(24).toString("hex")}"),
    (name = "DOH_URL", text = ""),
    (name = "SNAPSHOTS", kvNamespace = "${name}Kv"),
    (name = "DOMAINS", durableObjectNamespace = "DomainObject"),
    (name = "DIRECTORY", durableObjectNamespace = "DirectoryObject"),
  ],
  durableObjectNamespaces = [${objects.join(", ")}],
  durableObjectStorage = (localDisk = "disk"),
);`;
}

function small(name: WorkerName, bindings = ""): string {
  return `const ${name} :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${name}.js")],
  compatibilityDate = "2026-11-01",
  bindings = [${bindings}],
);`;
}

async function answers(url: string, check: () => void): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    check();
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(20);
    }
  }
}

async function end(workerd: ChildProcess, folder: string): Promise<void> {
  if (workerd.exitCode === null && workerd.signalCode === null) {
    const ended = once(workerd, "exit");
    workerd.kill();
    await ended;
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** All its threads' time on a processor (Linux: proc(5), `schedstat`, in nanoseconds). */
function cpuOf({ pid }: ChildProcess): number {
  const folder = `/proc/${pid}/task`;
  const times = readdirSync(folder).map((thread) =>
    Number(readFileSync(join(folder, thread, "schedstat"), "utf8").split(" ")[0]),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1e9;
}
