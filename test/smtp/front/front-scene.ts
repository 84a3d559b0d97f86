// The real Worker with example.com set up, and the front before it.

import type { Minted } from "../../../src/client/countersign.ts";
import { type LocalWorker, startWorker } from "../../../src/local/worker.ts";
import { startFront } from "../../../src/smtp/front/front.ts";
import type { Listener } from "../../../src/smtp/listener.ts";
import type { HostPort } from "../../../src/smtp/settings.ts";

export interface Scene {
  readonly worker: LocalWorker;
  readonly front: Listener;
  /** A reverse-path of alice@example.com. */
  readonly minted: Minted;
  /** What the front has printed. */
  readonly log: string[];
  stop(): Promise<void>;
}

/** @param to where mail for alice@example.com is forwarded */
export async function startScene(
  nextHop: HostPort | null = null,
  to: readonly string[] = ["alice@inbox.example"],
): Promise<Scene> {
  const worker = await startWorker();
  await worker.client.domains.put("example.com", { mode: "enforce" }, { force: true });
  await worker.client.routes.put("example.com", "alice", { action: "forward", to: [...to] });
  const log: string[] = [];
  const front = await startFront({
    port: 0,
    workerUrl: await worker.url(),
    nextHop,
    log: (line) => log.push(line),
  });
  return {
    worker,
    front,
    minted: await worker.client.mint("alice@example.com"),
    log,
    async stop() {
      await front.close();
      await worker.stop();
    },
  };
}
