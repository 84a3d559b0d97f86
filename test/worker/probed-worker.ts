// The Worker under the probe (test/probe), and what the probe can be asked for.

import { type LocalWorker, startWorker } from "../../src/local/worker.ts";

export interface ProbedWorker extends LocalWorker {
  /** Sets the Worker's clock, so far from the true one in milliseconds. Alarms go by the true one. */
  setClock(shiftMs: number): Promise<Response>;
  /** What fails inside the domains' objects from now on. */
  failObjects(...faults: readonly string[]): Promise<Response>;
  /** Hands a message to the email handler. */
  receive(message: object): Promise<Response>;
}

export async function startProbedWorker(vars: Record<string, string> = {}): Promise<ProbedWorker> {
  const worker = await startWorker({
    configPath: "./test/probe/wrangler.toml",
    vars: { DOH_URL: "", ...vars },
  });
  return {
    ...worker,
    setClock: (shiftMs) => worker.call("POST", "/probe/clock", shiftMs),
    failObjects: (...faults) => worker.call("POST", "/probe/object-faults", faults),
    receive: (message) => worker.call("POST", "/probe/email", message),
  };
}
