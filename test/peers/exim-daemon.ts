// Exim as a server on this machine, with a configuration, a spool and a port of its own: what arrives it can keep in
// files, with the envelope. Any number of them run at once.

import { execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../free-port.ts";
import { findPeer, hasEnded, makeFolder, stopPeer, waitForSmtp } from "./peer.ts";

export const EXIM = findPeer("exim4", "exim4-daemon-heavy");

/** A message as Exim delivered it, envelope included. */
export interface Arrival {
  /** Empty for a bounce. */
  readonly returnPath: string;
  readonly recipient: string;
  readonly messageId: string;
  /** With Return-path and Envelope-to before it. */
  readonly raw: string;
}

export interface Exim {
  readonly port: number;
  readonly folder: string;
  /** What the transport `kept` has delivered, each recipient's copy by itself, in no particular order. */
  arrivals(): Arrival[];
  /** Removes what has arrived so far. */
  forget(): void;
  log(): string;
  /** Tries all that waits now, and resolves when it was tried. */
  runQueue(): Promise<void>;
  stop(): Promise<void>;
}

export interface EximOptions {
  readonly hostname: string;
  readonly port?: number;
  /** Further main options, a line each. */
  readonly options?: readonly string[];
  /** What follows the main options, from the first `begin` on. */
  readonly config: (folder: string) => string;
  /** Tries what waits every so many seconds; where it is missing, when asked only. */
  readonly queueRunS?: number;
}

/** A transport named `kept`: what it delivers arrives in `arrivals()`. */
export const kept = (folder: string): string => `
kept:
  driver = appendfile
  directory = ${folder}/messages
  directory_file = $message_exim_id-$inode
  user = Debian-exim
  return_path_add
  envelope_to_add
  message_prefix =
  message_suffix =
`;

/** Resolves when it answers. Exim takes a configuration that is not its own from root only. */
export async function startExim({ hostname, port, options, config, queueRunS }: EximOptions): Promise<Exim> {
  const folder = makeFolder("exim");
  for (const name of ["spool", "messages"]) {
    mkdirSync(join(folder, name));
    chmodSync(join(folder, name), 0o777);
  }
  const own = [
    `primary_hostname = ${hostname}`,
    `spool_directory = ${folder}/spool`,
    `log_file_path = ${folder}/spool/%slog`,
    "keep_environment =",
    "tls_advertise_hosts =",
    // With a configuration that is not its own what the daemon starts has no root, and what root starts is to be alike.
    "deliver_drop_privilege = true",
  ];
  const given = new Set((options ?? []).map((line) => line.split("=")[0]?.trim()));
  // Exim takes no option twice.
  const lines = own.filter((line) => !given.has(line.split("=")[0]?.trim()));
  const main = `${[...lines, ...(options ?? [])].join("\n")}\n`;
  const file = join(folder, "exim.conf");
  writeFileSync(file, main + config(folder), { mode: 0o644 });

  const at = port ?? (await freePort());
  const queue = queueRunS === undefined ? [] : [`-q${queueRunS}s`];
  const daemon = spawn(EXIM ?? "", ["-C", file, "-bdf", ...queue, "-oX", `127.0.0.1.${at}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  daemon.stderr.on("data", (data) => (errors += data));
  const log = (): string => readLog(folder);
  const stop = (): Promise<void> => stopPeer(daemon, folder);
  try {
    await waitForSmtp(at, () => {
      // It waits for a port that another one has, for minutes.
      if (hasEnded(daemon) || / bind\(\) .* failed/.test(log())) throw new Error(`${errors}${log()}`);
      return log().includes("listening for SMTP");
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port: at,
    folder,
    arrivals: () => readArrivals(join(folder, "messages")),
    forget: () => {
      for (const name of readdirSync(join(folder, "messages"))) {
        // Exim may have renamed it since, as it does with what it has written.
        rmSync(join(folder, "messages", name), { force: true });
      }
    },
    log,
    runQueue: async () => void (await promisify(execFile)(EXIM ?? "", ["-C", file, "-qff"])),
    stop,
  };
}

function readLog(folder: string): string {
  const files = ["mainlog", "paniclog"].map((name) => join(folder, "spool", name));
  return files.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : "")).join("");
}

function readArrivals(folder: string): Arrival[] {
  // While Exim writes a file its name is another one.
  const names = readdirSync(folder).filter((name) => !name.startsWith("temp."));
  return names.map((name) => {
    const raw = readFileSync(join(folder, name), "utf8").replaceAll("\n", "\r\n");
    const field = (pattern: RegExp) => pattern.exec(raw)?.[1] ?? "";
    return {
      returnPath: field(/^Return-path: <(.*)>\r$/m),
      recipient: field(/^Envelope-to: (.*)\r$/m),
      // A line may be broken before the Message-ID, and nowhere in it.
      messageId: field(/^Message-ID:\s+(\S*)\r$/im),
      raw,
    };
  });
}
