// Ends the program where one input takes for ever: nothing in the same thread could. It knows the input, and says which it was.

import { Worker } from "node:worker_threads";

/** A wait that no slow machine explains, in seconds. */
const PATIENCE_S = 60;
const INPUT_OCTETS = 1024 * 1024;

const SOURCE = `
const { workerData } = require("node:worker_threads");
const { writeSync } = require("node:fs");
const { state, input, patienceS } = workerData;
let seen = -1;
let since = Date.now();
setInterval(() => {
  const [count, length] = [Atomics.load(state, 0), Atomics.load(state, 1)];
  if (count !== seen || length < 0) { seen = count; since = Date.now(); return; }
  if (Date.now() - since < patienceS * 1000) return;
  writeSync(2, "An input takes more than " + patienceS + " s:\\n" + Buffer.from(input.slice(0, length)).toString() + "\\n");
  process.kill(process.pid, "SIGKILL");
}, 1000);
`;

export interface Watchdog {
  /** A new input is being checked. */
  note(text: string): void;
  /** None is. */
  rest(): void;
}

export function startWatchdog(): Watchdog {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const input = new Uint8Array(new SharedArrayBuffer(INPUT_OCTETS));
  Atomics.store(state, 1, -1);
  const worker = new Worker(SOURCE, { eval: true, workerData: { state, input, patienceS: PATIENCE_S } });
  worker.unref();
  return {
    note(text) {
      const octets = Buffer.from(text).subarray(0, INPUT_OCTETS);
      input.set(octets);
      Atomics.store(state, 1, octets.length);
      Atomics.add(state, 0, 1);
    },
    rest: () => void Atomics.store(state, 1, -1),
  };
}
