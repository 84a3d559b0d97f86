// The whole way of a message and of what comes back: the Worker with example.com, the relay and the front as users start
// them, and the world beyond, a real Exim that brings example.com's mail to the front.

import { vi } from "vitest";
import type { Bounce } from "../../src/client/countersign.ts";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";
import { freePort } from "../free-port.ts";
import { type Program, startProgram } from "../smtp/program.ts";
import { type Arrival, type Exim, kept, startExim } from "./exim-daemon.ts";

export const INBOX = "inbox@example.net";

export interface Circle {
  readonly worker: LocalWorker;
  readonly token: string;
  readonly front: Program;
  /** Takes mail for anyone but `nobody@`, bounces that for `bob@` after it has taken it, and puts `grey@` off at first. */
  readonly world: Exim;
  /** Starts the relay, by default in front of the world. */
  startRelay(env?: Readonly<Record<string, string>>): Promise<Program>;
  /** The one message that has arrived in the world; bounces that are forwarded to the inbox arrive there as well. */
  waitForSent(): Promise<Arrival>;
  /** What has come back to example.com, the newest first, as soon as that is so many since the last `forget`. */
  waitForBounces(count: number): Promise<Bounce[]>;
  forget(): Promise<void>;
  stop(): Promise<void>;
}

export async function startCircle(existing?: LocalWorker): Promise<Circle> {
  const worker = existing ?? (await startWorker());
  await worker.client.domains.put("example.com", { mode: "enforce" }, { force: true });
  await worker.client.routes.put("example.com", "alice", { action: "forward", to: [INBOX] });
  const { token } = await worker.client.tokens.create({
    name: "relay",
    scopes: ["sign"],
    domains: ["example.com"],
  });
  const url = await worker.url();
  const worldPort = await freePort();
  const nextHop = `127.0.0.1:${worldPort}`;
  const front = await startProgram("run-front", { SMTP_PORT: "0", WORKER_URL: url, NEXT_HOP: nextHop });
  const world = await startWorld(worldPort, front.port);
  const relays: Program[] = [];
  let known = 0;
  const bounces = async (): Promise<Bounce[]> => {
    const found: Bounce[] = [];
    for await (const bounce of worker.client.domains.bounces("example.com")) found.push(bounce);
    return found;
  };
  return {
    worker,
    token,
    front,
    world,
    async startRelay(env = {}) {
      const relay = await startProgram("run-relay", {
        RELAY_PORT: "0",
        COUNTERSIGN_URL: url,
        COUNTERSIGN_TOKEN: token,
        SMARTHOST: `127.0.0.1:${world.port}`,
        ...env,
      });
      relays.push(relay);
      return relay;
    },
    waitForSent: () =>
      vi.waitFor(
        () => {
          const sent = world.arrivals().filter(({ returnPath }) => returnPath !== "");
          const [one, ...others] = sent;
          if (one === undefined || others.length > 0)
            throw new Error(`${sent.length} have arrived: ${world.log()}`);
          return one;
        },
        { timeout: 15_000, interval: 50 },
      ),
    waitForBounces: (count) =>
      vi.waitFor(
        async () => {
          const found = (await bounces()).slice(0, -known || undefined);
          if (found.length !== count)
            throw new Error(`${found.length} came back: ${world.log()}${front.output()}`);
          return found;
        },
        { timeout: 15_000, interval: 100 },
      ),
    async forget() {
      world.forget();
      known = (await bounces()).length;
    },
    async stop() {
      await Promise.all([...relays, front].map((program) => program.stop("SIGKILL")));
      await world.stop();
      if (existing === undefined) await worker.stop();
    },
  };
}

function startWorld(port: number, frontPort: number): Promise<Exim> {
  return startExim({
    hostname: "mx.example.org",
    port,
    options: ["acl_smtp_rcpt = check_rcpt"],
    config: (folder) => `
begin acl
check_rcpt:
  deny message = No such user here.
       local_parts = nobody
  defer message = Greylisted.
       local_parts = grey
       !seen = 1h / key=\${sender_address}_\${local_part}
  accept
begin routers
home:
  driver = manualroute
  domains = example.com
  transport = smtp
  route_list = * 127.0.0.1
  self = send
arrived:
  driver = accept
  unseen
  transport = kept
full:
  driver = redirect
  local_parts = bob
  allow_fail
  data = :fail: The mailbox is full.
gone:
  driver = redirect
  data = :blackhole:
begin transports
smtp:
  driver = smtp
  port = ${frontPort}
  allow_localhost
${kept(folder)}`,
  });
}
