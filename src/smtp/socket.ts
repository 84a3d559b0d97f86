// A socket to a server, in the clear or in TLS, of which every failure is a `ConnectionError`.

import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { HostPort } from "./settings.ts";

export interface Server extends HostPort {
  /** `starttls` and `implicit` ask for a certificate that is valid for the host. */
  readonly tls: "none" | "starttls" | "implicit";
  /** Certificates to trust in place of those that Node knows, as PEM. */
  readonly ca?: string | undefined;
  readonly credentials: Credentials | null;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The server could not be reached, broke off, or said what no server says. */
export class ConnectionError extends Error {}

/** As long as a client should wait, in milliseconds. */
const CONNECT_MS = 30_000;

/** Connects, in TLS where it begins with the first octet. */
export async function openSocket(server: Server): Promise<Socket> {
  const { host, port } = server;
  const isImplicit = server.tls === "implicit";
  const socket = isImplicit ? connectTls({ port, ...trustIn(server) }) : connectPlain({ host, port });
  await settled(socket, isImplicit ? "secureConnect" : "connect", CONNECT_MS);
  return socket;
}

/** TLS on a connection that was in the clear. */
export async function secureSocket(socket: Socket, server: Server): Promise<Socket> {
  const secured = connectTls({ socket, ...trustIn(server) });
  await settled(secured, "secureConnect", CONNECT_MS);
  return secured;
}

/** Waits for the event; an error, the end of the connection, or its time, is a failure. */
export function settled(socket: Socket, event: string, waitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (failure: string | null) => {
      clearTimeout(late);
      socket.off(event, onEvent).off("error", onError).off("close", onClose);
      if (failure === null) return resolve();
      // Nothing listens to it any more, and an error without a listener ends the process.
      socket.on("error", () => undefined).destroy();
      reject(new ConnectionError(failure));
    };
    const onEvent = () => end(null);
    // Where a host has several addresses, none of which answers, the error has no message.
    const onError = (error: Error & { code?: string }) => end(error.message || (error.code ?? "It failed."));
    const onClose = () => end("It hung up.");
    const late = setTimeout(() => end("It does not answer."), waitMs);
    socket.on(event, onEvent).on("error", onError).on("close", onClose);
  });
}

function trustIn({ host, ca }: Server) {
  // A name is what the server chooses its certificate by; an address is none (RFC 6066, 3).
  return { host, servername: isIP(host) ? "" : host, ...(ca === undefined ? {} : { ca }) };
}
