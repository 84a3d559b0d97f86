// Minting at Countersign's API for the relay: what it answers, as what becomes of the message. A sender is foreign only where
// the API says that it does not sign for that domain; whatever else goes wrong, nothing leaves unsigned.

import {
  type Countersign,
  CountersignError,
  type Minted,
  type MintOptions,
} from "../../client/countersign.ts";
import { lowerCase, MAILBOX_OCTETS, splitPath } from "../../core/mailbox.ts";
import { readTag } from "../../core/tag.ts";

export type Minting =
  | { readonly kind: "minted"; readonly minted: Minted<string | null> }
  /** The API does not sign for the domain, nor does anyone say that it must. */
  | { readonly kind: "foreign" }
  /** It can't be signed, however often it is tried; a sentence says why. */
  | { readonly kind: "unusable"; readonly detail: string }
  /** Not just now; the detail is for the log. */
  | { readonly kind: "failed"; readonly detail: string };

export class Minter {
  readonly #client: Countersign;
  readonly #mustSign: (address: string) => boolean;
  /** Whether the token may sign at all, once it has been found to. */
  #maySign = false;

  /** @param mustSign whose answer that they are not signed for is a failure */
  constructor(client: Countersign, mustSign: (address: string) => boolean) {
    this.#client = client;
    this.#mustSign = mustSign;
  }

  /** Asks the API three times at most. With `from`, foreign is what that is: the address has been minted for before. */
  async mint(address: string, options: MintOptions): Promise<Minting> {
    const first = await this.#ask(address, options);
    switch (first.kind) {
      case "foreign":
        return this.#confirmForeign(options.from ?? address, first.error);
      case "unusable":
        return this.#explainUnusable(address, first);
      default:
        return first;
    }
  }

  async #ask(address: string, options: MintOptions): Promise<Answer> {
    try {
      const minted = await this.#client.mint(address, options);
      if (isUsable(minted, address, options)) return { kind: "minted", minted };
      return { kind: "failed", detail: "The answer is no minted address." };
    } catch (error) {
      return readFailure(error);
    }
  }

  /** A token without the scope `sign` is told the same of every domain. */
  async #confirmForeign(address: string, error: CountersignError): Promise<Minting> {
    if (this.#mustSign(address)) return failed(error);
    try {
      if (!this.#maySign) await this.#client.mintBatch([]);
      this.#maySign = true;
      return { kind: "foreign" };
    } catch (cause) {
      return failed(cause);
    }
  }

  /** An odd address of a domain that is not ours is none of our business. */
  async #explainUnusable(address: string, unusable: Minting): Promise<Minting> {
    const domain = splitPath(address)?.domain ?? "";
    // An address literal is no domain that anyone signs for.
    if (domain.startsWith("[")) return { kind: "foreign" };
    const known = await this.#ask(`postmaster@${domain}`, { messageId: false });
    if (known.kind === "foreign") return this.#confirmForeign(address, known.error);
    return known.kind === "failed" ? known : unusable;
  }
}

/** What one call says. */
type Answer =
  | Exclude<Minting, { kind: "foreign" }>
  | { readonly kind: "foreign"; readonly error: CountersignError };

function readFailure(error: unknown): Answer {
  if (!(error instanceof CountersignError)) return failed(error);
  const { status, type } = error;
  const isOf = (code: number, name: string) => status === code && type === `urn:countersign:problem:${name}`;
  if (isOf(404, "not-found") || isOf(403, "forbidden")) return { kind: "foreign", error };
  if (isOf(422, "unusable-values")) {
    return { kind: "unusable", detail: error.errors[0]?.detail ?? error.detail };
  }
  return failed(error);
}

/** Whatever else answers in the API's place, nothing goes on under what is no tag of this very address, or breaks a line. */
function isUsable(
  { reversePath, messageId, ref }: Minted<string | null>,
  address: string,
  options: MintOptions,
): boolean {
  if (typeof reversePath !== "string" || reversePath.length > MAILBOX_OCTETS) return false;
  const { localPart, domain } = splitPath(reversePath) ?? { localPart: "", domain: "" };
  const reading = readTag(localPart);
  const isTagged = reading.kind === "tagged" && `${reading.localPart}@${domain}` === lowerCase(address);
  const isNamed = options.ref === undefined || ref === options.ref;
  const isId =
    messageId === null || (typeof messageId === "string" && /^<[!-;=?-~]{1,900}>$/.test(messageId));
  return isTagged && isNamed && isId;
}

function failed(error: unknown): { readonly kind: "failed"; readonly detail: string } {
  return { kind: "failed", detail: error instanceof Error ? error.message : String(error) };
}
