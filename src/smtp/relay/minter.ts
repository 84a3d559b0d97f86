// Minting at Countersign's API for the relay: what it answers, as what becomes of the message. A sender is foreign only where
// the API says that it does not sign for that domain; whatever else goes wrong, nothing leaves unsigned.

import {
  type Countersign,
  CountersignError,
  type Minted,
  type MintOptions,
} from "../../client/countersign.ts";
import { lowerCase, splitPath } from "../../core/mailbox.ts";
import { isTagged } from "../../core/tag.ts";

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
  readonly #mustSign: ReadonlySet<string>;
  /** Whether the token may sign at all, once it has been found to. */
  #maySign = false;

  /** @param mustSign domains of which an answer that they are not signed for is a failure */
  constructor(client: Countersign, mustSign: ReadonlySet<string>) {
    this.#client = client;
    this.#mustSign = mustSign;
  }

  async mint(address: string, options: MintOptions): Promise<Minting> {
    try {
      const minted = await this.#client.mint(address, options);
      return isUsable(minted)
        ? { kind: "minted", minted }
        : { kind: "failed", detail: "The answer is no minted address." };
    } catch (error) {
      return this.#explain(address, options, error);
    }
  }

  async #explain(address: string, options: MintOptions, error: unknown): Promise<Minting> {
    if (!(error instanceof CountersignError)) return failed(error);
    switch (error.type) {
      case "urn:countersign:problem:not-found":
      case "urn:countersign:problem:forbidden":
        return this.#explainForeign(address, error);
      case "urn:countersign:problem:unusable-values":
        return this.#explainUnusable(address, options, error);
      default:
        return failed(error);
    }
  }

  /** A token without the scope `sign` is told the same of every domain. */
  async #explainForeign(address: string, error: CountersignError): Promise<Minting> {
    const domain = lowerCase(splitPath(address)?.domain ?? "");
    if (this.#mustSign.has(domain)) return failed(error);
    try {
      if (!this.#maySign) await this.#client.mintBatch([]);
      this.#maySign = true;
      return { kind: "foreign" };
    } catch (cause) {
      return failed(cause);
    }
  }

  /** An odd address of a domain that is not ours is none of our business. */
  async #explainUnusable(address: string, options: MintOptions, error: CountersignError): Promise<Minting> {
    const domain = splitPath(address)?.domain ?? "";
    // What can be no domain that is signed for.
    if (!/^[a-z0-9.-]+$/i.test(domain)) return { kind: "foreign" };
    const plain = `postmaster@${domain}`;
    if (lowerCase(address) !== plain || options.ref !== undefined) {
      const known = await this.mint(plain, { messageId: false });
      if (known.kind === "foreign" || known.kind === "failed") return known;
    }
    return { kind: "unusable", detail: error.errors[0]?.detail ?? error.detail };
  }
}

/** Whatever else answers in the API's place, nothing goes on under what is no tagged path, or breaks a line. */
function isUsable({ reversePath, messageId }: Minted<string | null>): boolean {
  const path =
    typeof reversePath === "string" && /^[!-;=?-~]+$/.test(reversePath) ? splitPath(reversePath) : null;
  const isId = messageId === null || (typeof messageId === "string" && /^<[!-;=?-~]+>$/.test(messageId));
  return path !== null && isTagged(path.localPart) && isId;
}

function failed(error: unknown): Minting {
  return { kind: "failed", detail: error instanceof Error ? error.message : String(error) };
}
