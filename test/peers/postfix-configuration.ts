// The folder in which a Postfix of its own runs: main.cf, master.cf and the queue, with the owners that it insists on.

import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

export interface PostfixOptions {
  readonly hostname: string;
  readonly port?: number;
  /** Lines of main.cf; they override what is set here. */
  readonly main: string;
  /** Further lines of master.cf. */
  readonly master?: string;
  /** Tries what waits every so many seconds; where it is missing, when asked and every few minutes. */
  readonly queueRunS?: number;
  /** Reaches all of its programs, and what they start. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Place extends PostfixOptions {
  readonly folder: string;
  readonly port: number;
  /** Where its commands are. */
  readonly programs: string;
}

const PRIVATE_QUEUES = "active bounce corrupt defer deferred flush hold incoming private saved trace".split(
  " ",
);

export async function configurePostfix(place: Place): Promise<void> {
  const { folder, port, master, main } = place;
  const overridden = new Set([...main.matchAll(/^(\w+)\s*=/gm)].map((match) => match[1]));
  // Postfix warns of every parameter that is set twice.
  const lines = Object.entries(parameters(place)).filter(([name]) => !overridden.has(name));
  const mainLines = [...lines.map(([name, value]) => `${name} = ${value}`), main, ""];
  writeFileSync(join(folder, "main.cf"), mainLines.join("\n"), { mode: 0o644 });
  writeFileSync(join(folder, "master.cf"), `${services(port)}${master ?? ""}\n`, { mode: 0o644 });
  // As long as main.cf is younger than a second or two Postfix waits, lest it is still being written.
  utimesSync(join(folder, "main.cf"), 0, 0);

  const owner = await findId("-u", "postfix");
  const group = await findId("-g", "postfix");
  const dropGroup = Number((await promisify(execFile)("getent", ["group", "postdrop"])).stdout.split(":")[2]);
  const make = (path: string, mode: number, user: number, of: number): void => {
    mkdirSync(join(folder, path));
    chmodSync(join(folder, path), mode);
    chownSync(join(folder, path), user, of);
  };
  make("data", 0o700, owner, group);
  make("queue", 0o755, 0, 0);
  make("queue/pid", 0o755, 0, 0);
  make("queue/maildrop", 0o730, owner, dropGroup);
  make("queue/public", 0o710, owner, dropGroup);
  for (const name of PRIVATE_QUEUES) make(`queue/${name}`, 0o700, owner, 0);
}

const findId = async (kind: "-u" | "-g", user: string): Promise<number> =>
  Number((await promisify(execFile)("id", [kind, user])).stdout);

function parameters({ folder, programs, hostname, queueRunS, env }: Place): Record<string, string> {
  const seconds = `${queueRunS ?? 300}s`;
  const names = Object.keys(env ?? {}).join(" ");
  return {
    compatibility_level: "3.6",
    queue_directory: `${folder}/queue`,
    data_directory: `${folder}/data`,
    command_directory: programs,
    maillog_file: `${folder}/log`,
    maillog_file_prefixes: folder,
    mail_owner: "postfix",
    setgid_group: "postdrop",
    myhostname: hostname,
    myorigin: "$myhostname",
    // No local mail.
    mydestination: "",
    local_recipient_maps: "",
    alias_maps: "",
    alias_database: "",
    notify_classes: "",
    // This machine only, and no DNS.
    inet_interfaces: "127.0.0.1",
    inet_protocols: "ipv4",
    mynetworks: "127.0.0.0/8",
    smtpd_peername_lookup: "no",
    smtp_dns_support_level: "disabled",
    smtp_host_lookup: "native",
    smtp_tls_security_level: "none",
    // Waits no longer for one that is slow than for another.
    queue_run_delay: seconds,
    minimal_backoff_time: seconds,
    maximal_backoff_time: seconds,
    import_environment: `MAIL_CONFIG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME ${names}`,
    export_environment: `MAIL_CONFIG TZ LANG ${names}`,
  };
}

/** Nothing in a chroot: that would need files in the queue. */
const services = (port: number): string => `
127.0.0.1:${port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
tlsmgr    unix - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
`;
