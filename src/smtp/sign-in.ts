// Signing in to a server (RFC 4954), by the two mechanisms that every server of these days has, inside TLS.

import { ConnectionError, type Credentials } from "./socket.ts";

/** What it needs of a connection. */
export interface Asking {
  ask(line: string): Promise<{ readonly code: number }>;
  parametersOf(extension: string): readonly string[];
}

/** The server's words are in no error: they might repeat what it was told. */
export async function signIn(connection: Asking, { user, password }: Credentials): Promise<void> {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const mechanisms = connection.parametersOf("AUTH");
  if (mechanisms.includes("PLAIN")) {
    return expect(connection, `AUTH PLAIN ${encode(`\0${user}\0${password}`)}`, 235);
  }
  if (!mechanisms.includes("LOGIN")) throw new ConnectionError("It offers neither AUTH PLAIN nor LOGIN.");
  await expect(connection, "AUTH LOGIN", 334);
  await expect(connection, encode(user), 334);
  await expect(connection, encode(password), 235);
}

async function expect(connection: Asking, line: string, expected: number): Promise<void> {
  const { code } = await connection.ask(line);
  if (code !== expected) throw new ConnectionError(`It answers AUTH with ${code}.`);
}
