// Under which reverse-path a message goes on, and with which Message-ID: what is remembered of an earlier attempt, else what
// the API mints. Fails with the `Refusal` that the client reads; nothing that should be signed ever comes out unsigned. `now` is in
// milliseconds since 1970.

import { lowerCase } from "../../core/mailbox.ts";
import { WHOLE_REF } from "../../core/tag.ts";
import type { Header } from "../header.ts";
import { Refusal } from "../reply.ts";
import { editHeader, type MessageIdMode, REF_FIELD, readWishes, type Wishes } from "./message-id.ts";
import type { Minter, Minting } from "./minter.ts";
import type { Passage, Signed, Transaction } from "./passage.ts";
import type { RetryMemory } from "./retry-memory.ts";
import { readSender } from "./sender.ts";

/** The message as it goes on: with a ref, under another reverse-path than its transaction was begun with. */
export interface Edited {
  readonly passage: Signed;
  readonly header: Header;
}

export class Signing {
  readonly #minter: Minter;
  readonly #mode: MessageIdMode;
  readonly #memory: RetryMemory;

  constructor(minter: Minter, mode: MessageIdMode, memory: RetryMemory) {
    this.#minter = minter;
    this.#mode = mode;
    this.#memory = memory;
  }

  /** The passage of a message to its first recipient. */
  async choosePassage(
    { sender, reversePath }: Transaction,
    forwardPath: string,
    isUntagged: boolean,
    now: number,
  ): Promise<Passage> {
    if (sender.kind === "null") return { kind: "unsigned", reversePath, why: "null-sender" };
    if (sender.kind === "tagged") return { kind: "unsigned", reversePath, why: "tagged" };
    if (isUntagged) return { kind: "unsigned", reversePath, why: "untagged-destination" };
    // What is kept says nothing of whether the token still signs, nor of the Message-ID.
    const minting = await this.#minter.mint(reversePath, { messageId: this.#mode !== "keep" });
    if (minting.kind === "unusable") throw new Refusal(553, `5.1.7 ${minting.detail}`);
    const signed = readSigned(minting, now);
    if (signed === null) return { kind: "unsigned", reversePath, why: "foreign" };
    return {
      ...signed,
      ...this.#memory.recall({ sender: reversePath, ref: null, recipient: forwardPath }, now),
    };
  }

  /** What a signed message's own header asks for. */
  async edit(
    { reversePath, recipients }: Transaction,
    passage: Signed,
    header: Header,
    now: number,
  ): Promise<Edited> {
    const wishes = readWishes(header, this.#mode);
    const { ref } = wishes;
    if (ref !== null && !WHOLE_REF.test(ref)) throw new Refusal(554, `5.6.0 ${REF_FIELD}: ${REF_EXPECTED}`);
    const from = isSame(wishes.messageIdFor, reversePath) ? null : wishes.messageIdFor;
    if (ref === null && (wishes.messageIdFor === null || (from === null && passage.messageId !== null))) {
      return { passage, header: editHeader(header, wishes.messageIdFor && passage.messageId) };
    }
    const minted = await this.#mintFor(reversePath, wishes, from, now);
    const edited = editHeader(header, minted?.messageId ?? null);
    if (ref === null || minted === null) return { passage, header: edited };
    const attempt = { sender: reversePath, ref, recipient: recipients[0] ?? "" };
    return { passage: { ...minted, ...this.#memory.recall(attempt, now) }, header: edited };
  }

  /** The forward-path of a bounce that a client sends to an address that is signed for, with a tag. */
  async signForwardPath(forwardPath: string, now: number): Promise<string> {
    if (readSender(forwardPath).kind !== "plain") return forwardPath;
    const minting = await this.#minter.mint(forwardPath, { messageId: false });
    if (minting.kind === "unusable") return forwardPath;
    return readSigned(minting, now)?.reversePath ?? forwardPath;
  }

  /** Keeps what these recipients were tried under for the attempts that are to come. */
  remember({ reversePath: sender, tried }: Transaction, recipients: readonly string[]): void {
    for (const passage of tried) {
      if (passage.kind !== "signed") continue;
      const { reversePath, mintedAt, ref } = passage;
      for (const recipient of recipients) {
        this.#memory.remember({ sender, ref, recipient }, { reversePath, mintedAt });
      }
    }
  }

  /** Null where nothing is minted: replies go to an address that is not signed for, and there is no ref. */
  async #mintFor(
    address: string,
    { ref, messageIdFor }: Wishes,
    from: string | null,
    now: number,
  ): Promise<Signed | null> {
    const named = ref === null ? {} : { ref };
    const bound = from === null ? {} : { from };
    const first = await this.#minter.mint(address, { ...named, ...bound, messageId: messageIdFor !== null });
    const isFromForeign = first.kind === "foreign" && from !== null;
    if (isFromForeign && ref === null) return null;
    const minting = isFromForeign ? await this.#minter.mint(address, { ...named, messageId: false }) : first;
    if (minting.kind === "unusable") throw new Refusal(554, `5.6.0 ${REF_FIELD}: ${minting.detail}`);
    const signed = readSigned(minting, now);
    if (signed === null) throw putOff("the domain is not signed for any more");
    return signed;
  }
}

const REF_EXPECTED = "1 to 24 of a-z, 0-9 and - are expected, which stands at neither end.";

/** Null for a foreign sender. */
function readSigned(minting: Exclude<Minting, { kind: "unusable" }>, now: number): Signed | null {
  switch (minting.kind) {
    case "foreign":
      return null;
    case "failed":
      throw putOff(minting.detail);
    case "minted": {
      const { reversePath, messageId, ref } = minting.minted;
      return { kind: "signed", reversePath, mintedAt: now, ref, messageId };
    }
  }
}

function putOff(cause: string): Refusal {
  return new Refusal(451, "4.3.0 The reverse-path can't be signed just now; try again later.", { cause });
}

function isSame(one: string | null, other: string): boolean {
  return one !== null && lowerCase(one) === lowerCase(other);
}
