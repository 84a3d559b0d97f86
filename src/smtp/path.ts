// What MAIL and RCPT name, as a client gave it: the path, and the parameters behind it. Only a domain that every server reads
// alike goes on: where the next one read `a@example.com,` as `a@example.com`, it would have been judged as another's.

import { domainToASCII } from "node:url";
import type { SMTPServerAddress } from "smtp-server";
import { MAILBOX_OCTETS } from "../core/mailbox.ts";
import { Refusal } from "./reply.ts";

/** The parameters of MAIL that are taken (RFC 1870, RFC 6152). */
export interface Parameters {
  readonly size: number | null;
  readonly isEightBit: boolean;
}

/** AUTH may be given to any server (RFC 4954, 5); it says nothing here. */
const MAIL_PARAMETERS: ReadonlySet<string> = new Set(["SIZE", "BODY", "AUTH"]);
const RCPT_PARAMETERS: ReadonlySet<string> = new Set();

const LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?";
const DOMAIN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Za-z:.]+\\])$`);

/** @throws a refusal for what is no path that goes on; empty for the null sender */
export function readMailPath(given: SMTPServerAddress): {
  readonly path: string;
  readonly parameters: Parameters;
} {
  refuseParameters(given, MAIL_PARAMETERS);
  const { SIZE: size, BODY: body } = given.args || {};
  const parameters = {
    size: typeof size === "string" ? Number(size) : null,
    isEightBit: typeof body === "string" && body.toUpperCase() === "8BITMIME",
  };
  return { path: given.address === "" ? "" : readPath(given.address, "5.1.7"), parameters };
}

/** @throws a refusal for what is no path that goes on */
export function readRecipientPath(given: SMTPServerAddress): string {
  refuseParameters(given, RCPT_PARAMETERS);
  // The one address that needs no domain (RFC 5321, 4.5.1).
  return /^postmaster$/i.test(given.address) ? given.address : readPath(given.address, "5.1.3");
}

function readPath(address: string, status: string): string {
  const at = address.lastIndexOf("@");
  const [localPart, domain] = [address.slice(0, at), address.slice(at + 1)];
  // The server turns the names of international domains into Unicode.
  const ascii = /^[\x21-\x7e]+$/.test(domain) ? domain : domainToASCII(domain);
  if (!/^[\x21-\x7e]+$/.test(localPart) || ascii === "") {
    throw new Refusal(553, "5.6.7 Addresses outside ASCII are not supported.");
  }
  if (!DOMAIN.test(ascii)) throw new Refusal(553, `${status} The address's domain is no domain name.`);
  const path = `${localPart}@${ascii}`;
  if (path.length > MAILBOX_OCTETS) {
    throw new Refusal(553, `${status} The address has more than ${MAILBOX_OCTETS} octets.`);
  }
  return path;
}

/** A parameter that is passed over in silence would promise what is not kept (RFC 5321, 4.1.1.11). */
function refuseParameters({ args }: SMTPServerAddress, taken: ReadonlySet<string>): void {
  const unknown = Object.keys(args || {}).find((name) => !taken.has(name));
  if (unknown !== undefined) throw new Refusal(555, `5.5.4 The parameter ${unknown} is not supported.`);
}
