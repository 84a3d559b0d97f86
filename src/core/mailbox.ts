// Mailboxes as RFC 5321 spells them. Two readings: a strict one for addresses that we sign, and one that
// takes any forward-path a server may send. No I/O, no clock; nothing here throws.

export interface Mailbox {
  readonly localPart: string;
  readonly domain: string;
}

export type MailboxReading =
  | { readonly kind: "mailbox"; readonly mailbox: Mailbox }
  | { readonly kind: "fault"; readonly detail: string };

/** Octets in a local-part (RFC 5321, 4.5.3.1.1). */
export const LOCAL_PART_OCTETS = 64;
/** Octets in a mailbox: a path has 256 with its angle brackets (RFC 5321, 4.5.3.1.3). */
export const MAILBOX_OCTETS = 254;
/** Octets in a domain name as DNS can carry it (RFC 1035, 2.3.4, less the root's length octet and the first one). */
const DOMAIN_OCTETS = 253;

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const DOT_STRING = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`);
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/**
 * Lower-cases `A` to `Z` and nothing else. The language's own lower-casing folds characters outside ASCII into
 * it (the Kelvin sign becomes `k`), which would let two different forward-paths meet in one route.
 */
export function lowerCase(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase()) : text;
}

/** The mailbox as text. */
export function formatMailbox(mailbox: Mailbox): string {
  return `${mailbox.localPart}@${mailbox.domain}`;
}

/** Whether the text is a Dot-string of at most 64 octets (RFC 5321, 4.1.2): what Cloudflare's routing can carry. */
export function isLocalPart(text: string): boolean {
  return text.length <= LOCAL_PART_OCTETS && DOT_STRING.test(text);
}

/** Whether the text is a domain name of letters, digits and hyphens (RFC 5321, 4.1.2), in any case. */
export function isDomain(text: string): boolean {
  return text.length <= DOMAIN_OCTETS && DOMAIN.test(text);
}

/** Reads a plain mailbox: a Dot-string, `@`, a domain. The fault is a sentence that says what to change. */
export function readMailbox(text: string): MailboxReading {
  const split = splitPath(text);
  if (split === null) return fault("It has no @: local-part@domain is expected.");
  const isPlain = text.length <= MAILBOX_OCTETS && isLocalPart(split.localPart) && isDomain(split.domain);
  return isPlain ? { kind: "mailbox", mailbox: split } : fault(describeFault(text, split));
}

/** Why it is no plain mailbox: the first of the reasons. */
function describeFault(text: string, { localPart, domain }: Mailbox): string {
  if (/[^\x20-\x7e]/.test(text)) return "It has characters outside printable ASCII.";
  if (localPart.startsWith('"')) return "A quoted local-part can't be routed.";
  if (domain.startsWith("[")) return "An address literal in place of a domain can't be signed.";
  if (localPart.length > LOCAL_PART_OCTETS) {
    return `Its local-part has ${localPart.length} octets; ${LOCAL_PART_OCTETS} are the limit.`;
  }
  if (!DOT_STRING.test(localPart)) return "Its local-part is no dot-separated run of atoms.";
  if (!isDomain(domain)) return "Its domain is no domain name.";
  return `It has ${text.length} octets; ${MAILBOX_OCTETS} are the limit.`;
}

/** Cuts any path at its last `@`; null where there is none. */
export function splitPath(path: string): Mailbox | null {
  const at = path.lastIndexOf("@");
  return at < 0 ? null : { localPart: path.slice(0, at), domain: path.slice(at + 1) };
}

function fault(detail: string): MailboxReading {
  return { kind: "fault", detail };
}
