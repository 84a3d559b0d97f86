// Local secrets for `npm run dev`: random ones in .dev.vars where it has none, and what it has is left alone.

import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SECRETS = ["ADMIN_TOKEN", "KEYRING_SECRET"];
const file = fileURLToPath(new URL("../../.dev.vars", import.meta.url));
const example = fileURLToPath(new URL("../../.dev.vars.example", import.meta.url));

const lines = readFileSync(existsSync(file) ? file : example, "utf8")
  .trimEnd()
  .split("\n");
const made = SECRETS.filter((name) => fillIn(name));
if (made.length > 0) {
  // A file that was there keeps the mode that it had, which may be anyone's to read.
  if (existsSync(file)) chmodSync(file, 0o600);
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  console.log(`Made local secrets in .dev.vars: ${made.join(", ")}.`);
}

/** Gives the secret a random value where it has none. Whether it did. */
function fillIn(name: string): boolean {
  const at = lines.findIndex((line) => line.startsWith(`${name}=`));
  if (at >= 0 && /=\s*["']?[^"'\s]/.test(lines[at] ?? "")) return false;
  const line = `${name}="${randomBytes(36).toString("base64url")}"`;
  if (at >= 0) lines[at] = line;
  else lines.push(line);
  return true;
}
