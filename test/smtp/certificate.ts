// A certificate of a server's own, made for the test by `openssl`.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explainMissing, findPeer } from "../peers/peer.ts";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly keyFile: string;
  readonly certFile: string;
  /** Removes the files. */
  remove(): void;
}

const OPENSSL = findPeer("openssl", "openssl");

/** What the name of a test says that needs one. */
export const WITHOUT_OPENSSL = explainMissing({ openssl: OPENSSL });

/** Valid for a day; empty where there is no OpenSSL. @param names what it is for; this machine where none is given */
export function makeCertificate(...names: readonly string[]): Certificate {
  if (OPENSSL === null) return { key: "", cert: "", keyFile: "", certFile: "", remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), "countersign-certificate-"));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  const files = ["-keyout", keyFile, "-out", certFile];
  const name = names.length > 0 ? names.join(",") : "DNS:localhost,IP:127.0.0.1";
  const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${name}`];
  execFileSync(OPENSSL, ["req", ...kind, ...files, ...subject], { stdio: "ignore" });
  return {
    key: readFileSync(keyFile, "utf8"),
    cert: readFileSync(certFile, "utf8"),
    keyFile,
    certFile,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
