// The Worker under the probe (test/probe), and what the probe can be asked for.

import { type LocalWorker, startWorker } from "../../src/local/worker.ts";

export interface ProbedWorker extends LocalWorker {
  /** Sets the Worker's clock, so far from the true one in milliseconds. Alarms go by the true one. */
  setClock(shiftMs: number): Promise<Response>;
  /** What fails inside the domains' objects from now on. */
  failObjects(...faults: readonly string[]): Promise<Response>;
  /** What fails by chance from now on; see test/probe/odds.ts. */
  setOdds(odds: object): Promise<Response>;
  /** Has the log counted in place of written, or no longer; answers what was counted, and what has failed by chance. */
  countLines(counting: boolean): Promise<Response>;
  /** Has garbage collected; answers false where V8 was not started with `--expose-gc`. */
  collectGarbage(): Promise<Response>;
  /** Hands many messages to the email handler at once, and waits for all of them. */
  receiveAll(messages: readonly object[]): Promise<Response>;
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
    setOdds: (odds) => worker.call("POST", "/probe/odds", odds),
    countLines: (counting) => worker.call("POST", "/probe/lines", counting),
    collectGarbage: () => worker.call("POST", "/probe/garbage"),
    receiveAll: (messages) => worker.call("POST", "/probe/emails", messages),
    receive: (message) => worker.call("POST", "/probe/email", message),
  };
}
