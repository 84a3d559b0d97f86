// Dovecot's Sieve, which delivers one message as a mail server would have it do, with a configuration and a mailbox of its
// own; what the script sends, such as a vacation reply, leaves by SMTP.

import { execFile } from "node:child_process";
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findPeer, makeFolder, removeFolder } from "./peer.ts";

/** Its delivery agent. */
export const DOVECOT = findPeer("dovecot-lda", "dovecot-core dovecot-sieve");

/** It delivers to no one's mailbox as root. The account that owns nothing has this number wherever there is one. */
const NOBODY = 65_534;

export interface SieveDelivery {
  readonly script: string;
  readonly sender: string;
  readonly recipient: string;
  readonly message: string;
  /** Where SMTP goes: `127.0.0.1:25`. */
  readonly submission: string;
}

/** Resolves when the message is in the mailbox, or where the script wants it, and what the script sends was taken. */
export async function deliverWithSieve(delivery: SieveDelivery): Promise<void> {
  const { script, sender, recipient, message, submission } = delivery;
  const folder = makeFolder("dovecot");
  try {
    const home = join(folder, "home");
    mkdirSync(home);
    chownSync(home, NOBODY, NOBODY);
    // It is compiled to a file beside it.
    writeFileSync(join(home, "script.sieve"), script);
    writeFileSync(join(folder, "dovecot.conf"), configuration(home, submission), { mode: 0o644 });
    const args = ["-c", join(folder, "dovecot.conf"), "-f", sender, "-a", recipient, "-e"];
    const running = promisify(execFile)(DOVECOT ?? "", args, {
      cwd: home,
      env: { PATH: process.env["PATH"], HOME: home, USER: recipient },
      uid: NOBODY,
      gid: NOBODY,
      timeout: 20_000,
    });
    running.child.stdin?.end(message);
    await running;
    // To Dovecot nothing of this is an error of the delivery: it keeps the message.
    const log = readFileSync(join(home, "log"), "utf8");
    if (/Error:|failed/i.test(log)) throw new Error(log);
  } finally {
    removeFolder(folder);
  }
}

const configuration = (home: string, submission: string): string => `
base_dir = ${home}
mail_location = maildir:${home}/mail
log_path = ${home}/log
ssl = no
submission_host = ${submission}
protocol lda {
  mail_plugins = sieve
}
plugin {
  sieve = file:${home}/script.sieve
}
`;
