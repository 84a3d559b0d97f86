// Whose mail it is, by its reverse-path alone, and whether a destination gets the tag. Values in, values out.

import { lowerCase, splitPath } from "../../core/mailbox.ts";
import { isTagged } from "../../core/tag.ts";

export type Sender =
  /** A bounce or another report: the null sender stays null (RFC 5321, 4.5.5). */
  | { readonly kind: "null" }
  /** Signed before it came here: one message keeps one tag. */
  | { readonly kind: "tagged" }
  /** To be signed, where its domain is one that is signed for. */
  | { readonly kind: "plain" };

export function readSender(reversePath: string): Sender {
  if (reversePath === "") return { kind: "null" };
  return isTagged(splitPath(reversePath)?.localPart ?? reversePath) ? { kind: "tagged" } : { kind: "plain" };
}

/** Whether a forward-path is in a list of addresses, domains, and `*.domain` for all domains below one. */
export function createMatcher(list: readonly string[]): (forwardPath: string) => boolean {
  const listed = new Set(list);
  return (forwardPath) => {
    const path = lowerCase(forwardPath);
    const domain = path.slice(path.lastIndexOf("@") + 1);
    if (listed.has(path) || listed.has(domain)) return true;
    const labels = domain.split(".");
    return labels.some((_, at) => at > 0 && listed.has(`*.${labels.slice(at).join(".")}`));
  };
}
