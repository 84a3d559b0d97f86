// Who calls: the operator by the admin token, or the bearer of a token that was made here. All comparisons take a time
// that says nothing of the secret, and a stranger costs no storage.

import { isSame } from "../core/signature.ts";
import { ALL_DOMAINS, digestToken, type Grant, readToken, SCOPES, type Token } from "../core/token.ts";

/** Who calls, and what he may do. */
export interface Caller extends Grant {
  /** The token's; null for the operator. */
  readonly id: string | null;
  readonly name: string;
}

/** What callers are known by. */
export interface Credentials {
  /** Of the operator's token: its text is not needed. */
  readonly adminDigest: string;
  /** Under which the MACs of tokens are. */
  readonly tokenMacKeys: readonly CryptoKey[];
  readonly tokens: { read(id: string): Promise<Token | null> };
}

const OPERATOR: Caller = { id: null, name: "admin", scopes: SCOPES, domains: [ALL_DOMAINS] };

/** Who bears this token; null for a stranger. Throws `StorageUnreachable` only for a token that was made here. */
export async function findCaller(
  text: string,
  { adminDigest, tokenMacKeys, tokens }: Credentials,
): Promise<Caller | null> {
  const given = await digestToken(text);
  if (isSame(given, adminDigest)) return OPERATOR;
  const id = await readToken(text, tokenMacKeys);
  const token = id === null ? null : await tokens.read(id);
  return token === null || !isSame(given, token.digest) ? null : callerOf(token);
}

/**
 * Who has the token of this id, null for the operator; null where it was revoked. For those who have shown it before.
 * Throws `StorageUnreachable`.
 */
export async function findKnownCaller(
  id: string | null,
  { tokens }: Pick<Credentials, "tokens">,
): Promise<Caller | null> {
  if (id === null) return OPERATOR;
  const token = await tokens.read(id);
  return token && callerOf(token);
}

function callerOf({ id, name, scopes, domains }: Token): Caller {
  return { id, name, scopes, domains };
}
