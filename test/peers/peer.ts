// Programs that no one here wrote and that tests run against. Where one is missing its tests are skipped, and their
// name says what to install; under CI nothing may be skipped, so there it is an error.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  chmodSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createTransport } from "nodemailer";

const IS_ROOT = process.getuid?.() === 0;

/** Where Debian keeps programs that are not for every user's PATH. */
const FURTHER_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/lib/dovecot"];

/** The program's path; null where it is not on this machine. Throws under CI. */
export function findPeer(program: string, debianPackage: string): string | null {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), ...FURTHER_FOLDERS]) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  if (process.env["CI"]) throw new Error(`${program} is missing: apt-get install ${debianPackage}`);
  return null;
}

/** What the name of tests says that run these programs, where one is missing: what to install. */
export function explainMissing(peers: Readonly<Record<string, string | null>>): string {
  const missing = Object.keys(peers).filter((debianPackage) => peers[debianPackage] === null);
  return missing.length > 0 ? ` (apt-get install ${missing.join(" ")})` : "";
}

/** The same of tests that run them as root: what to install, or to be root. */
export function explainSkip(peers: Readonly<Record<string, string | null>>): string {
  return explainMissing(peers) || (IS_ROOT ? "" : " (root only)");
}

/** A temporary folder that a program which has given up root can enter. */
export function makeFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `countersign-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** Removes such a folder, after it has killed every process that still works in it or was started for it. */
export function removeFolder(folder: string): void {
  for (const id of processesOf(folder)) {
    try {
      process.kill(id, "SIGKILL");
    } catch {
      // Gone by itself.
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function processesOf(folder: string): number[] {
  // Elsewhere than on Linux there is no such list.
  const ids = process.platform === "linux" ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [];
  return ids.map(Number).filter((id) => {
    try {
      const places = [
        readlinkSync(`/proc/${id}/cwd`),
        ...readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0"),
      ];
      return id !== process.pid && places.some((place) => place === folder || place.startsWith(`${folder}/`));
    } catch {
      return false;
    }
  });
}

/** Waits until it has started and its SMTP server answers. What `hasStarted` throws, this throws. */
export async function waitForSmtp(port: number, hasStarted: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    // Before that, someone else may be the one who answers at this port.
    const started = hasStarted();
    try {
      if (!started) throw new Error("It hasn't started in time.");
      await createTransport({ host: "127.0.0.1", port, ignoreTLS: true }).verify();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(50);
    }
  }
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/** Ends a program that runs in such a folder, with all that it started, and removes the folder. */
export async function stopPeer(program: ChildProcess, folder: string): Promise<void> {
  if (!hasEnded(program)) {
    const ended = once(program, "exit");
    program.kill();
    await Promise.race([ended, setTimeout(5000)]);
  }
  removeFolder(folder);
}
