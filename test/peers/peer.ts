// Programs that no one here wrote and that tests run against. Where one is missing its tests are skipped, and their
// name says what to install; under CI nothing may be skipped, so there it is an error.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The program's path; null where it is not on this machine. Throws under CI. */
export function findPeer(program: string, debianPackage: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  for (const folder of folders) {
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
