// The deployment's secrets: what the platform hands over unchecked, made checked in one place.

export interface SecretBindings {
  readonly ADMIN_TOKEN?: string;
  readonly KEYRING_SECRET?: string;
  readonly KEYRING_SECRET_PREVIOUS?: string;
}

export interface Secrets {
  readonly adminToken: string;
  /** Wraps the signing keys. */
  readonly keyring: string;
  /** Still unwraps them; null where no change of secret is under way. */
  readonly keyringPrevious: string | null;
}

/** A deployment that can't work: the message names the secret and what is wrong with it, never its value. */
export class Misconfigured extends Error {}

const LEAST_CHARACTERS = 32;

/** Throws `Misconfigured` where a secret is missing or too short. */
export function readSecrets(env: SecretBindings): Secrets {
  return {
    adminToken: bearable("ADMIN_TOKEN", required("ADMIN_TOKEN", env.ADMIN_TOKEN)),
    keyring: required("KEYRING_SECRET", env.KEYRING_SECRET),
    keyringPrevious: env.KEYRING_SECRET_PREVIOUS
      ? required("KEYRING_SECRET_PREVIOUS", env.KEYRING_SECRET_PREVIOUS)
      : null,
  };
}

function required(name: string, value: string | undefined): string {
  if (!value) throw new Misconfigured(`The secret ${name} is not set. ${hint(name)}`);
  if (value.length >= LEAST_CHARACTERS) return value;
  throw new Misconfigured(
    `The secret ${name} has ${value.length} characters; ${LEAST_CHARACTERS} are the least. ${hint(name)}`,
  );
}

/** A bearer token is sent in a header, which takes these characters only (RFC 6750, 2.1). */
function bearable(name: string, value: string): string {
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(value)) return value;
  throw new Misconfigured(
    `The secret ${name} has characters that no bearer token can have; letters, digits and . _ ~ + / - are left. ${hint(name)}`,
  );
}

function hint(name: string): string {
  return `Set it with: npx wrangler secret put ${name}`;
}
