// An SPF record as RFC 7208 spells it (4.5, 4.6.1, 5, 6, 7.1): read whole, since one bad term voids all of it. Nothing is
// looked up. Linear in the record's length; nothing here throws.

import { lowerCase } from "../core/mailbox.ts";

export interface Term {
  /** Of a mechanism; `+` where it has none. */
  readonly qualifier: string;
  /** A modifier's ends with `=`. */
  readonly name: string;
  /** What comes behind the name and its separator. */
  readonly value: string;
}

export type SpfReading =
  | { readonly kind: "terms"; readonly terms: readonly Term[] }
  | { readonly kind: "fault"; readonly term: string };

/** c, r and t are for explanations alone (7.2), but a modifier that nobody knows may have them. */
const macro = (letters = "slodiphvcrt") => `%(?:[%_-]|\\{[${letters}](?:0*[1-9]\\d*)?r?[-.+,/_=]*\\})`;
const MACRO = macro("slodiphv");
/** A macro-string that ends with a macro, or with a label that is no number. */
const DOMAIN = `(?:[!-$&-~]|${MACRO})*(?:\\.(?!\\d+(?:[./]|$))[a-z\\d](?:[a-z\\d-]{0,61}[a-z\\d])?\\.?|${MACRO})`;
const LENGTH = "/(?:3[0-2]|[12]?\\d)";
const LENGTH_6 = "/(?:12[0-8]|1[01]\\d|[1-9]?\\d)";

/** Addresses are only looked at roughly. */
const TERM = new RegExp(
  `^(?:[+?~-]?(?:all|(?:include|exists):${DOMAIN}|ptr(?::${DOMAIN})?|(?:a|mx)(?::${DOMAIN})?(?:${LENGTH})?(?:/${LENGTH_6})?|ip4:\\d+\\.[\\d.]+(?:${LENGTH})?|ip6:[\\da-f:.]+(?:${LENGTH_6})?)|(?:redirect|exp)=${DOMAIN}|(?!(?:redirect|exp)=)[a-z][\\w.-]*=(?:[!-$&-~]|${macro()})*)$`,
);
const PARTS = /^([+?~-]?)([\w.-]+=?)[:/]?(.*)/;

/** Whether a TXT record is of SPF at all. */
export function isSpf(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

/** Reads a record, in lower case throughout. A redirect comes last, since it is what is left when nothing matched. */
export function readSpf(text: string): SpfReading {
  const terms: Term[] = [];
  const once = new Map<string, Term>();
  for (const term of lowerCase(text).split(" ").slice(1)) {
    if (term === "") continue;
    const [, qualifier = "", name = "", value = ""] = PARTS.exec(term) ?? [];
    if (!TERM.test(term) || once.has(name) || !isAddressFit(name, value)) return { kind: "fault", term };
    const read = { qualifier: qualifier || "+", name, value };
    if (name === "redirect=" || name === "exp=") once.set(name, read);
    else terms.push(read);
  }
  return { kind: "terms", terms: [...terms, ...once.values()] };
}

/** By the URL parser, which takes an IPv4 address at the end of an IPv6 one as strictly as SPF does. */
function isAddressFit(name: string, value: string): boolean {
  const before = { ip4: "::", ip6: "" }[name];
  return before === undefined || URL.canParse(`http://[${before}${value.split("/")[0]}]`);
}
