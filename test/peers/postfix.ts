// Postfix on this machine, with a configuration, a queue and a port of its own: whatever it needs to run so is set here,
// and the caller says the rest as main.cf and master.cf have it. Any number of them run at once.

import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../free-port.ts";
import { findPeer, hasEnded, makeFolder, removeFolder, stopPeer, waitForSmtp } from "./peer.ts";
import { configurePostfix, type PostfixOptions } from "./postfix-configuration.ts";

export const POSTFIX = findPeer("postfix", "postfix");

export interface QueuedMessage {
  readonly id: string;
  /** Empty for a bounce. */
  readonly sender: string;
  /** The reason is missing until delivery was tried. */
  readonly recipients: readonly { readonly address: string; readonly reason?: string }[];
}

export interface Postfix {
  readonly port: number;
  readonly folder: string;
  /** Hands a message over as an app does that knows no SMTP. */
  sendmail(sender: string, recipients: readonly string[], message: string): Promise<void>;
  /** Tries all that waits now, whenever it was tried last; resolves at once. */
  flush(): Promise<void>;
  queue(): Promise<readonly QueuedMessage[]>;
  log(): string;
  stop(): Promise<void>;
}

/** Resolves when its smtpd answers. It runs as root only. */
export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const folder = makeFolder("postfix");
  const port = options.port ?? (await freePort());
  // Exim has a `sendmail` too: Postfix's is where `postfix` is.
  const programs = dirname(POSTFIX ?? "");
  const env = { ...process.env, ...options.env, MAIL_CONFIG: folder };
  const run = async (program: string, args: readonly string[], input = ""): Promise<string> => {
    const running = promisify(execFile)(join(programs, program), args, { env });
    running.child.stdin?.end(input);
    return (await running).stdout;
  };

  let daemons: string;
  try {
    await configurePostfix({ ...options, folder, port, programs });
    daemons = (await run("postconf", ["-h", "daemon_directory"])).trim();
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
  // Leads a process group, as it ends by a signal to all of that.
  const master = spawn(join(daemons, "master"), ["-s", "-c", folder], {
    env,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  master.stderr.on("data", (data) => (errors += data));
  const log = (): string => {
    const file = join(folder, "log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
  const stop = (): Promise<void> => stopPeer(master, folder);
  try {
    await waitForSmtp(port, () => {
      // Of a port that another one has it says nothing, as no log is there yet.
      if (hasEnded(master)) throw new Error(`Postfix has ended; is port ${port} free? ${errors}${log()}`);
      return log().includes("daemon started");
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    folder,
    sendmail: async (sender, recipients, message) =>
      void (await run("sendmail", ["-i", "-f", sender, "--", ...recipients], message)),
    flush: async () => void (await run("postqueue", ["-f"])),
    queue: async () => readQueue(await run("postqueue", ["-j"])),
    log,
    stop,
  };
}

interface QueueLine {
  readonly queue_id: string;
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly delay_reason?: string }[];
}

function readQueue(lines: string): QueuedMessage[] {
  const messages = lines.split("\n").filter((line) => line !== "");
  return messages.map((line) => {
    const { queue_id: id, sender, recipients }: QueueLine = JSON.parse(line);
    return {
      id,
      sender: sender === "MAILER-DAEMON" ? "" : sender,
      recipients: recipients.map(({ address, delay_reason: reason }) =>
        reason === undefined ? { address } : { address, reason },
      ),
    };
  });
}
