// Exim as the other side of two contests: its own `${prvs}`, and its refusal of forged bounces over SMTP by the ACL of its
// specification (chapter "Content scanning", "Bounce address tag validation"). Null where it is not on this machine.

import { execFileSync } from "node:child_process";
import { createConnection } from "node:net";
import { EXIM, startExim } from "../peers/exim-daemon.ts";
import { KEY } from "./workerd.ts";

/** Clients at a time: with more, the sessions of one wait for the other's. */
const CLIENTS = 4;

/** Signs so many addresses in one process. Null where there is no Exim. */
export function createExpansion(addresses: number): (() => Promise<void>) | null {
  if (EXIM === null) return null;
  const program = EXIM;
  const input = Array.from(
    { length: addresses },
    (_, at) => `\${prvs{user${at}@example.com}{${KEY.secret}}{${KEY.number}}}`,
  ).join("\n");
  return async () => {
    const output = execFileSync(program, ["-C", "/dev/null", "-be"], {
      input,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    const signed = output.match(/prvs=3\d{3}[0-9a-f]{6}=user/g)?.length;
    if (signed !== addresses) throw new Error(`Exim signed ${signed} of ${addresses} addresses.`);
  };
}

export interface RefusingExim {
  /** Offers so many forged bounces, each in a session of its own. */
  offer(sessions: number): Promise<void>;
  stop(): Promise<void>;
}

/** Null where there is no Exim, or nobody is root. */
export async function startRefusingExim(): Promise<RefusingExim | null> {
  if (EXIM === null || process.getuid?.() !== 0) return null;
  const exim = await startExim({
    hostname: "mx.example.com",
    options: [
      "domainlist local_domains = example.com",
      "acl_smtp_rcpt = check_rcpt",
      "smtp_accept_max = 0",
      "smtp_load_reserve = 1000",
      "log_selector = -all",
    ],
    config: () => `
begin acl
check_rcpt:
  deny message = This address does not send an unsigned reverse path
       senders = :
       condition = \${if match{$local_part}{\\N^prvs=\\N}{no}{yes}}
  deny message = Invalid reverse path signature.
       senders = :
       condition = \${prvscheck{$local_part@$domain}{${KEY.secret}}{1}}
       !condition = $prvscheck_result
  accept
begin routers
none:
  driver = redirect
  data = :blackhole:
`,
  });
  let serial = 0;
  return {
    async offer(sessions) {
      let left = sessions;
      const work = async () => {
        while (left-- > 0) await offerOne(exim.port, forged(serial++));
      };
      await Promise.all(Array.from({ length: CLIENTS }, work));
    },
    stop: () => exim.stop(),
  };
}

function forged(serial: number): string {
  return `prvs=3000${(serial % 0xffffff).toString(16).padStart(6, "0")}=alice@example.com`;
}

/** One session: greeting, EHLO, and then what may be sent together (RFC 2920). */
function offerOne(port: number, forwardPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: "127.0.0.1", noDelay: true });
    const sends = ["EHLO mx.example.net\r\n", `MAIL FROM:<>\r\nRCPT TO:<${forwardPath}>\r\nQUIT\r\n`];
    let text = "";
    socket.on("error", reject);
    socket.on("data", (data) => {
      text += data.toString("latin1");
      if (/^\d{3} .*\r\n$/m.test(text.slice(text.lastIndexOf("\n", text.length - 2) + 1))) {
        const next = sends.shift();
        if (next === undefined) return;
        if (sends.length > 0) socket.write(next);
        // Exim waits a fifth of a second for a client that does not close its side behind QUIT.
        else socket.end(next);
      }
    });
    socket.on("close", () => {
      if (/^550[ -]/m.test(text)) resolve();
      else reject(new Error(`Exim did not refuse ${forwardPath}: ${text}`));
    });
  });
}
