// `npm run relay` and `npm run smtp` as a user starts them: a process with an environment of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Program {
  /** What it has printed so far. */
  output(): string;
  /** Octets of memory that it has held at most. */
  peakOctets(): number;
  readonly port: number;
  /** Tells it to end and waits; its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts it and waits until it listens. Fails with what it printed where it ends instead. */
export async function startProgram(
  script: "run-relay" | "run-front",
  env: Readonly<Record<string, string>>,
): Promise<Program> {
  const child = spawnProgram(script, env);
  let text = "";
  child.stdout?.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    text += chunk;
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.on("exit", () => reject(new Error(text)));
    child.stdout?.on("data", () => {
      const [, listening] = /\b127\.0\.0\.1:(\d+)/.exec(text) ?? [];
      if (listening !== undefined) resolve(Number(listening));
    });
  });
  return {
    port,
    output: () => text,
    peakOctets: () =>
      1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]),
    stop: (signal = "SIGTERM") =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode);
        child.on("exit", (code) => resolve(code));
        return child.kill(signal);
      }),
  };
}

function spawnProgram(script: string, env: Readonly<Record<string, string>>): ChildProcess {
  const { PATH = "", HOME = "" } = process.env;
  return spawn(process.execPath, [`src/smtp/${script}.ts`], { cwd: ROOT, env: { PATH, HOME, ...env } });
}
