// A program that serves until it is told to end. What keeps it from beginning is one sentence and exit code 1; when it is told to
// end, the sessions that are under way come to their end first.

import { type Environment, SettingError } from "./settings.ts";

export interface Service {
  close(): Promise<void>;
}

/** Why nothing can listen there, by the code of the error. */
const LISTENING_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there.",
  EACCES: "this user may not listen there.",
  EADDRNOTAVAIL: "this machine has no such address.",
  ENOTFOUND: "there is no host of that name.",
};

export async function runProgram(start: (env: Environment) => Promise<Service>): Promise<void> {
  const starting = start(process.env);
  let isEnding = false;
  const end = async () => {
    // Whoever asks twice does not want to wait.
    if (isEnding) process.exit(1);
    isEnding = true;
    await (await starting).close();
    process.exit(0);
  };
  process.on("SIGTERM", end).on("SIGINT", end);
  try {
    await starting;
  } catch (error) {
    const sentence = explain(error);
    // What nobody foresaw keeps its stack.
    if (sentence === null) throw error;
    console.error(sentence);
    process.exit(1);
  }
}

function explain(error: unknown): string | null {
  if (error instanceof SettingError) return error.message;
  if (!(error instanceof Error) || !("code" in error)) return null;
  const fault = LISTENING_FAULTS[String(error.code)];
  if (fault === undefined) return null;
  const { address, hostname, port } = error as { address?: string; hostname?: string; port?: number };
  return `Listening on ${[address ?? hostname, port].filter((part) => part !== undefined).join(":")} failed: ${fault}`;
}
