// Settings from the environment, each read by its name. A value that can't be used ends the program before it listens, with
// a sentence that names the variable.

import { readFileSync } from "node:fs";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** A variable that can't be used. Its message names it, and never shows a secret. */
export class SettingError extends Error {
  constructor(name: string, expected: string) {
    super(`${name}: ${expected}`);
  }
}

/** The variable's text; undefined where it is not set, or empty. */
export function readText(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === "" ? undefined : text;
}

export function readRequired(env: Environment, name: string, what: string): string {
  const text = readText(env, name);
  if (text === undefined) throw new SettingError(name, `${what} is expected; it is not set.`);
  return text;
}

/** A port; 0 lets the system choose one. */
export function readPort(env: Environment, name: string, otherwise: number): number {
  const text = readText(env, name);
  return text === undefined ? otherwise : portOf(name, text);
}

/** `host:port`, `host` alone, `[::1]:25`. */
export function readHostPort(name: string, text: string, port: number): HostPort {
  const [, literal, host = literal, given] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d+))?$/.exec(text) ?? [];
  if (host === undefined) throw new SettingError(name, "host:port is expected, like smtp.example.net:587.");
  return { host, port: given === undefined ? port : portOf(name, given) };
}

/** One of these words. */
export function readChoice<Word extends string>(
  env: Environment,
  name: string,
  words: readonly Word[],
  otherwise: Word,
): Word {
  const text = readText(env, name);
  if (text === undefined) return otherwise;
  const word = words.find((one) => one === text);
  if (word === undefined) throw new SettingError(name, `${words.join(", ")} is expected.`);
  return word;
}

/** Words with spaces or commas between them, in lower case. */
export function readList(env: Environment, name: string): string[] {
  return (readText(env, name) ?? "")
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
}

/** The content of the file that the variable names; undefined where it names none. */
export function readFileOf(env: Environment, name: string): string | undefined {
  const path = readText(env, name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new SettingError(name, `The file can't be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** Whether the host is this machine, so that nothing between can listen. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function portOf(name: string, text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) {
    throw new SettingError(name, "a port from 0 to 65535 is expected.");
  }
  return port;
}
