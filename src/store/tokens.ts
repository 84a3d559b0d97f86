// Tokens as the API reaches them: made here, kept by the directory, read as it published them. Only the digest of a
// token's text leaves this isolate.

import type { Page } from "../core/page.ts";
import { EVERYWHERE_MS } from "../core/rotation.ts";
import {
  decodeToken,
  digestToken,
  formatToken,
  type Grant,
  type MadeUnder,
  nameMacKey,
  reachOf,
  TOKEN_SECRET_OCTETS,
  type Token,
  tokenId,
} from "../core/token.ts";
import { DIRECTORY_NAME, type DirectoryObject, tokenKey } from "./directory-object.ts";
import { Published, type PublishedMemory } from "./published.ts";
import { reach } from "./unreachable.ts";

type MacKeys = readonly [CryptoKey, ...CryptoKey[]];
type PublishedToken = ReturnType<typeof decodeToken>;

/** What an isolate knows of tokens. */
export type TokenMemory = PublishedMemory<PublishedToken>;

export interface TokenBindings {
  readonly SNAPSHOTS: KVNamespace;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
}

/** A token as it is shown once. */
export interface NewToken extends Token {
  readonly text: string;
  /** When every location has it, in milliseconds since 1970; null while KV does not take it. */
  readonly effectiveBy: number | null;
}

export class Tokens {
  readonly #bindings: TokenBindings;
  readonly #macKeys: MacKeys;
  readonly #published: Published<PublishedToken>;
  readonly #now: number;

  /** @param macKeys the first makes the MACs of new tokens; the second is under the previous KEYRING_SECRET */
  constructor(bindings: TokenBindings, memory: TokenMemory, macKeys: MacKeys, now: number) {
    this.#bindings = bindings;
    this.#macKeys = macKeys;
    this.#now = now;
    this.#published = new Published(
      memory,
      {
        published: (id, cacheTtlS) =>
          bindings.SNAPSHOTS.get(tokenKey(id), { type: "text", cacheTtl: cacheTtlS }),
        ask: (id) => directory(bindings).readToken(id),
        decode: decodeToken,
      },
      now,
    );
  }

  /** The token of that id; null where there is none, or it is revoked as far as this location has heard. */
  read(id: string): Promise<Token | null> {
    return this.#published.read(id);
  }

  async create(name: string, { scopes, domains }: Grant): Promise<NewToken> {
    const id = tokenId(this.#now, crypto.getRandomValues(new Uint8Array(4)));
    const secret = crypto.getRandomValues(new Uint8Array(TOKEN_SECRET_OCTETS));
    const text = await formatToken(id, secret, this.#macKeys[0]);
    const [digest, macKey] = await Promise.all([digestToken(text), nameMacKey(this.#macKeys[0])]);
    const token: Token = { id, name, scopes, domains, created: this.#now, digest, macKey };
    const taken = await reach(() => directory(this.#bindings).addToken(token));
    this.#published.adopt(id, { ...token, revision: token.created });
    return { ...token, text, effectiveBy: taken ? this.#now + EVERYWHERE_MS : null };
  }

  /** A page of the tokens behind the id `after` that are within what the caller may reach; the oldest first. */
  async list(
    after: string,
    limit: number,
    caller: Grant,
  ): Promise<Page<Token & { readonly madeUnder: MadeUnder }>> {
    const page = await reach(() => directory(this.#bindings).listTokens(after, limit, reachOf(caller)));
    const [current, previous] = await Promise.all(this.#macKeys.map(nameMacKey));
    const madeUnder = (macKey: string): MadeUnder =>
      macKey === current ? "current" : macKey === previous ? "previous" : "gone";
    const items = page.items.map((token) => ({ ...token, madeUnder: madeUnder(token.macKey) }));
    return { items, more: page.more };
  }

  /** Revokes a token that is within what the caller may reach. False where there is none. */
  async revoke(id: string, caller: Grant): Promise<boolean> {
    const revoked = await reach(() => directory(this.#bindings).revokeToken(id, reachOf(caller)));
    if (revoked) this.#published.adopt(id, null);
    return revoked;
  }
}

function directory({ DIRECTORY }: TokenBindings): DurableObjectStub<DirectoryObject> {
  return DIRECTORY.get(DIRECTORY.idFromName(DIRECTORY_NAME));
}
