// Exim on any day: configured as its users have it, with several keys by lookup, and run for one SMTP session at a
// time under a clock that is set by hand.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SharedKey } from "../../src/client/countersign.ts";
import { EXIM, kept } from "./exim-daemon.ts";
import { explainSkip, findPeer, makeFolder, removeFolder } from "./peer.ts";

const FAKETIME = findPeer("faketime", "faketime");

export const WITH_DATED_EXIM = explainSkip({ "exim4-daemon-heavy": EXIM, faketime: FAKETIME });

/** Every time is in milliseconds since 1970. */
export interface DatedExim {
  /** The keys that it has from now on, in one file for all of the configuration. The last one signs. */
  hold(...keys: readonly SharedKey[]): void;
  /** Sends a message, and tells which reverse-path it bore. */
  send(at: number, sender: string): string;
  /** What it replies to RCPT for each of these when a bounce comes: 250 or 550. */
  takesBounces(at: number, forwardPaths: readonly string[]): string[];
  /** What it makes of an expansion. */
  expand(at: number, text: string): string;
  stop(): void;
}

/** `rcpt` stands first in its ACL for RCPT. */
export function configureExim({ rcpt = "" } = {}): DatedExim {
  const folder = makeFolder("dated-exim");
  for (const name of ["spool", "messages"]) {
    mkdirSync(join(folder, name));
    chmodSync(join(folder, name), 0o777);
  }
  writeFileSync(join(folder, "exim.conf"), configuration(folder, rcpt), { mode: 0o644 });

  const run = (at: number, args: readonly string[], input = ""): string => {
    const clock = `@${new Date(at).toISOString().slice(0, 19).replace("T", " ")}`;
    return execFileSync(FAKETIME ?? "", ["-f", clock, EXIM ?? "", ...args], {
      input,
      encoding: "utf8",
      env: { ...process.env, TZ: "UTC" },
      stdio: ["pipe", "pipe", "pipe"],
    });
  };
  const converse = (at: number, commands: readonly string[]): string[] => {
    const input = ["EHLO mx.example.net", ...commands, "QUIT", ""].join("\r\n");
    const output = run(at, ["-C", join(folder, "exim.conf"), "-odf", "-bs"], input);
    const replies = output.split("\r\n").filter((line) => /^\d{3} /.test(line));
    // After the greeting and EHLO, before QUIT.
    return replies.slice(2, -1).map((line) => line.slice(0, 3));
  };

  return {
    hold: (...keys) => {
      const lines = keys.map(({ number, secret }) => `${number}: ${secret}`);
      const signing = `signing: ${keys.at(-1)?.number}`;
      writeFileSync(join(folder, "keys"), `${[...lines, signing].join("\n")}\n`, { mode: 0o644 });
    },
    send: (at, sender) => {
      const header = `From: ${sender}\r\n\r\nHello.\r\n.`;
      const replies = converse(at, [`MAIL FROM:<${sender}>`, "RCPT TO:<bob@example.org>", "DATA", header]);
      const messages = readdirSync(join(folder, "messages")).map((name) => join(folder, "messages", name));
      const raw = messages.map((message) => readFileSync(message, "utf8")).join("");
      for (const message of messages) rmSync(message);
      const returnPath = /^Return-path: <(.+)>$/m.exec(raw)?.[1];
      if (returnPath === undefined) throw new Error(`Exim has not sent it: ${replies.join(" ")}`);
      return returnPath;
    },
    takesBounces: (at, forwardPaths) =>
      converse(at, ["MAIL FROM:<>", ...forwardPaths.map((path) => `RCPT TO:<${path}>`)]).slice(1),
    expand: (at, text) => run(at, ["-C", "/dev/null", "-be", text]).trim(),
    stop: () => removeFolder(folder),
  };
}

/** The ACL is that of Exim's manual, with keys by their numbers. */
const configuration = (folder: string, rcpt: string): string => `
BATV_KEYS = ${folder}/keys
BATV_CHECKED = \${lookup{$prvscheck_keynum}lsearch{BATV_KEYS}{$value}fail}
BATV_NUMBER = \${lookup{signing}lsearch{BATV_KEYS}{$value}fail}
BATV_KEY = \${lookup{BATV_NUMBER}lsearch{BATV_KEYS}{$value}fail}

primary_hostname = mail.example.com
spool_directory = ${folder}/spool
log_file_path = ${folder}/spool/%slog
acl_smtp_rcpt = check_rcpt
keep_environment =
deliver_drop_privilege = true
begin acl
check_rcpt:
${rcpt}
  deny message = This address takes bounces to a signed one only.
       senders = :
       condition = \${if match{$local_part}{\\N(?i)^prvs=[0-9]{4}[0-9a-f]{6}=\\N}{no}{yes}}
  deny message = The signature is not ours.
       senders = :
       condition = \${prvscheck{$local_part@$domain}{BATV_CHECKED}{1}}
       !condition = $prvscheck_result
  accept
begin routers
all:
  driver = accept
  transport = kept
begin transports
${kept(folder)}
  return_path = \${prvs{\${lc:$return_path}}{BATV_KEY}{BATV_NUMBER}}
`;
