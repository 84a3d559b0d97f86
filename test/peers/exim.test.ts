// A real Exim with the same key, both ways: it accepts what the Worker mints, and the Worker accepts what it makes.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalWorker, startWorker } from "../../src/local/worker.ts";
import { findPeer } from "./peer.ts";

const EXIM = findPeer("exim4", "exim4-daemon-heavy");
const MISSING = EXIM === null ? " (apt-get install exim4-daemon-heavy)" : "";
/** Exim takes a configuration that is not its own from root only. */
const SESSION = EXIM !== null && process.getuid?.() === 0;
const NOT_ROOT = EXIM !== null && !SESSION ? " (Exim takes this configuration from root only)" : "";

const KEY = { number: 3, secret: "the secret of both" };
const FORMER = { number: 8, secret: "the one before" };
const ADDRESSES = ["alice@example.com", "bounces+bob=example.net@example.com", "a.b_c-d@example.com"];
const INBOX = "inbox@example.net";

let worker: LocalWorker;
let folder: string;

beforeAll(async () => {
  worker = await startWorker();
  await worker.call("PUT", "/v1/domains/example.com?force=true", { mode: "enforce", keys: [FORMER, KEY] });
  await worker.call("PUT", "/v1/domains/example.com/routes/*", { action: "forward", to: [INBOX] });
  folder = mkdtempSync(join(tmpdir(), "countersign-exim-"));
  if (SESSION) configure();
});
afterAll(async () => {
  await worker.stop();
  rmSync(folder, { recursive: true, force: true });
});

const exim = (args: readonly string[], input = ""): string =>
  execFileSync(EXIM ?? "", args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });

const expand = (text: string): string => exim(["-C", "/dev/null", "-be", text]).trim();

const sign = ({ number, secret }: typeof KEY, address: string): string =>
  expand(`\${prvs{${address}}{${secret}}{${number}}}`);

async function mint(address: string): Promise<string> {
  const response = await worker.call("POST", "/v1/addresses", { address });
  return ((await response.json()) as { reversePath: string }).reversePath;
}

const bounceTo = (to: string) =>
  worker.deliver(
    { from: "<>", to },
    "From: <mailer-daemon@example.net>\r\nMessage-ID: <b@example.net>\r\n\r\nx\r\n",
  );

describe.skipIf(EXIM === null)(`Exim's expansions${MISSING}`, () => {
  test.each(ADDRESSES)("make the tag that the Worker mints for %s", async (address) => {
    // Around midnight UTC one of the two may be a day ahead; then the next pair agrees.
    const pairs = [];
    for (let n = 0; n < 2; n++) pairs.push([sign(KEY, address), await mint(address)]);
    expect(pairs.some(([theirs, ours]) => theirs === ours)).toBe(true);
  });

  test.each(ADDRESSES)("accept what the Worker mints for %s", async (address) => {
    const check = `\${prvscheck{${await mint(address)}}{${KEY.secret}}{$prvscheck_address $prvscheck_result}}`;
    expect(expand(check)).toBe(`${address} 1`);
  });

  test.each([KEY, FORMER])("make tags that the Worker accepts, with key number $number", async (key) => {
    for (const address of ADDRESSES) {
      const signed = sign(key, address);
      const response = await worker.call("POST", "/v1/addresses/validate", { address: signed });
      expect(await response.json()).toMatchObject({ status: "valid", original: address, key: key.number });
      expect(await bounceTo(signed)).toMatchObject({ code: 250, forwards: [{ to: INBOX }] });
    }
  });

  test("make tags with another secret that neither accepts", async () => {
    const signed = sign({ ...KEY, secret: "a guess" }, "alice@example.com");
    expect(await bounceTo(signed)).toMatchObject({ code: 555 });
    expect(expand(`\${prvscheck{${signed}}{${KEY.secret}}{[$prvscheck_result]}}`)).toBe("[]");
  });

  test("sign a mixed-case address verbatim, and the Worker accepts it as it came", async () => {
    const signed = sign(KEY, "Alice@Example.com");
    expect(await bounceTo(signed)).toMatchObject({ code: 250, logged: { original: "alice@example.com" } });
  });
});

describe.skipIf(!SESSION)(`a real SMTP session with Exim${MISSING}${NOT_ROOT}`, () => {
  test("a bounce to what the Worker minted is accepted; to a changed tag, or to none, refused", async () => {
    const reversePath = await mint("alice@example.com");
    const changed = reversePath.replace(/.=alice/, (end) => (end.startsWith("0") ? "1=alice" : "0=alice"));
    const answers = session("", [reversePath, changed, "alice@example.com"]);
    expect(answers.map((line) => line.slice(0, 3))).toEqual(["250", "550", "550"]);
    // The Worker is of the same mind.
    expect((await bounceTo(reversePath)).code).toBe(250);
    expect((await bounceTo(changed)).code).toBe(555);
    expect((await bounceTo("alice@example.com")).code).toBe(555);
  });

  test("a message that Exim signs on its way out bounces to an address that the Worker accepts", async () => {
    const input = [
      "EHLO app.example.com",
      "MAIL FROM:<alice@example.com>",
      "RCPT TO:<bob@example.org>",
      "DATA",
      "From: alice@example.com\r\n\r\nHello.\r\n.",
      "QUIT",
      "",
    ].join("\r\n");
    exim(["-C", join(folder, "exim.conf"), "-odf", "-bs"], input);
    const sent = readFileSync(join(folder, "spool", "sent"), "utf8");
    const returnPath = /^Return-path: <(.+)>$/m.exec(sent)?.[1] ?? "";
    expect(returnPath).toMatch(/^prvs=3\d{3}[0-9a-f]{6}=alice@example\.com$/);
    expect(await bounceTo(returnPath)).toMatchObject({ code: 250, forwards: [{ to: INBOX }] });
  });
});

/** Exim's answers to RCPT for each forward-path. */
function session(reversePath: string, forwardPaths: readonly string[]): string[] {
  const commands = [
    "EHLO mx.example.net",
    `MAIL FROM:<${reversePath}>`,
    ...forwardPaths.map((path) => `RCPT TO:<${path}>`),
    "QUIT",
  ];
  const output = exim(["-C", join(folder, "exim.conf"), "-bs"], `${commands.join("\r\n")}\r\n`);
  const replies = output.split("\r\n").filter((line) => /^\d{3} /.test(line));
  // After the greeting, EHLO and MAIL.
  return replies.slice(3, 3 + forwardPaths.length);
}

/** Judges bounces at RCPT, and signs the reverse-path of what it sends. */
function configure(): void {
  const spool = join(folder, "spool");
  mkdirSync(spool);
  chmodSync(folder, 0o755);
  chmodSync(spool, 0o777);
  writeFileSync(
    join(folder, "exim.conf"),
    `
primary_hostname = mail.example.com
spool_directory = ${spool}
log_file_path = ${spool}/%slog
acl_smtp_rcpt = check_rcpt
keep_environment =
begin acl
check_rcpt:
  deny message = No tag.
       senders = :
       condition = \${if match{$local_part}{\\N^prvs=\\N}{no}{yes}}
  deny message = The tag is not ours.
       senders = :
       condition = \${prvscheck{$local_part@$domain}{\${if eq{$prvscheck_keynum}{${KEY.number}}{${KEY.secret}}fail}}{1}}
       !condition = $prvscheck_result
  accept
begin routers
all:
  driver = accept
  transport = sent
begin transports
sent:
  driver = appendfile
  file = ${spool}/sent
  user = Debian-exim
  return_path = \${prvs{$return_path}{${KEY.secret}}{${KEY.number}}}
  return_path_add
`,
    { mode: 0o644 },
  );
}
