// What the front and the relay have in common as servers: who may connect, which extensions and parameters are taken, how a
// failure is answered. Replies carry their enhanced status codes in the texts.

import { createHash, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from "smtp-server";
import { type Parameters, readMailPath, readRecipientPath } from "./path.ts";
import { Refusal } from "./reply.ts";
import type { HostPort } from "./settings.ts";

export interface Listening extends HostPort {
  readonly tls: { readonly key: string; readonly cert: string; readonly implicit: boolean } | null;
  readonly credentials: { readonly user: string; readonly password: string } | null;
  /** The most that a message may have; null leaves it to the next server. */
  readonly octetsAtMost: number | null;
}

/** What becomes of each step of a session. A `Refusal` that is thrown is the client's reply, anything else a 451. */
export interface Handlers {
  /** A reverse-path, as the client gave it; empty for the null sender. */
  mail(session: SMTPServerSession, reversePath: string, parameters: Parameters): Promise<void>;
  recipient(session: SMTPServerSession, forwardPath: string): Promise<void>;
  /** The text of the 250. */
  message(session: SMTPServerSession, stream: MessageStream): Promise<string>;
  closed(session: SMTPServerSession): void;
}

export type MessageStream = AsyncIterable<Buffer> & { readonly sizeExceeded: boolean };

export interface Listener {
  readonly port: number;
  /** Lets the sessions that are under way come to their end, for a while. */
  close(): Promise<void>;
}

/** Sessions at a time; more are told to come back. */
const SESSIONS_AT_MOST = 100;

/** Recipients of one message; for the rest it is sent again (RFC 5321, 4.5.3.1.10). */
const RECIPIENTS_AT_MOST = 1000;

/** How long a client may say nothing, in milliseconds (RFC 5321, 4.5.3.2.7). */
const IDLE_MS = 5 * 60_000;
const CLOSING_MS = 10_000;
/** How long whoever signed in wrongly waits for the answer, in milliseconds. */
const SIGN_IN_DELAY_MS = 1_000;

const SIGN_IN_FIRST = "5.7.0 Sign in first, inside TLS where it is offered.";

/** Listens, and answers with what the handlers decide. */
export async function listen(
  { host, port, tls, credentials, octetsAtMost }: Listening,
  handlers: Handlers,
  report: (error: unknown) => void,
): Promise<Listener> {
  const disabled = ["WIZ", "SHELL", "KILL", ...(credentials ? [] : ["AUTH"]), ...(tls ? [] : ["STARTTLS"])];
  const options: SMTPServerOptions = {
    banner: "Countersign",
    heloResponse: "%s",
    logger: false,
    lenientAddressParsing: true,
    disableReverseLookup: true,
    // A client may say QUIT behind its message and close its side at once, as Exim does; it still waits for the answers.
    allowHalfOpen: true,
    hideSMTPUTF8: true,
    maxClients: SESSIONS_AT_MOST,
    maxRecipients: RECIPIENTS_AT_MOST,
    socketTimeout: IDLE_MS,
    closeTimeout: CLOSING_MS,
    disabledCommands: disabled,
    ...(tls === null ? { allowInsecureAuth: true } : { key: tls.key, cert: tls.cert, secure: tls.implicit }),
    // Without a limit of its own SIZE is still offered, for the next server to refuse by what the client announces.
    ...(octetsAtMost === null
      ? { size: Number.MAX_SAFE_INTEGER, hideSize: true }
      : { size: octetsAtMost, rejectOversized: true }),
    onConnect: (session, done) => {
      answerToTheEnd(server, session);
      // A client that was offered AUTH in the clear might send the password along at once.
      if (tls !== null && !session.secure) session.disabledCommands = [...disabled, "AUTH"];
      done();
    },
    onSecure: (_socket, session, done) => {
      answerToTheEnd(server, session);
      session.disabledCommands = disabled;
      done();
    },
    onAuth: ({ username = "", password }, { remoteAddress }, done) => {
      if (isSame(username, credentials?.user) && isSame(password ?? "", credentials?.password)) {
        return done(null, { user: username });
      }
      report(new Error(`Someone at ${remoteAddress} could not sign in.`));
      // The commands of a session wait for one another, so that a guess takes its time.
      setTimeout(() => done(new Refusal(535, "5.7.8 The credentials are not valid.")), SIGN_IN_DELAY_MS);
    },
    onMailFrom: (given, session, done) =>
      answer(done, async () => {
        // The server asks for it only where it offers AUTH, which it does not in the clear.
        if (credentials !== null && !session.user) throw new Refusal(530, SIGN_IN_FIRST);
        const { path, parameters } = readMailPath(given);
        await handlers.mail(session, path, parameters);
        return undefined;
      }),
    onRcptTo: (given, session, done) =>
      answer(done, async () => {
        await handlers.recipient(session, readRecipientPath(given));
        return undefined;
      }),
    onData: (stream, session, done) =>
      answer(done, () =>
        receive(stream as unknown as MessageStream, (whole) => handlers.message(session, whole)),
      ),
    onClose: (session) => handlers.closed(session),
  };
  function answer(
    done: (error: Error | null, text?: string) => void,
    handle: () => Promise<string | undefined>,
  ): void {
    handle().then(
      (text) => done(null, text),
      (error: unknown) => {
        if (!(error instanceof Refusal) && !isBrokenOff(error)) report(error);
        done(
          error instanceof Refusal
            ? error
            : new Refusal(451, "4.3.0 Something failed here; try again later."),
        );
      },
    );
  }
  const server = new SMTPServer(options);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      // A client that breaks off in the middle of a transaction.
      server.on("error", () => undefined);
      resolve();
    });
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/**
 * Goes on answering a client that has closed its side, until all that it had sent is read; then closes the other. A message
 * without its end is broken off by that. The server would fall silent at once, so this reaches into its connection, whose socket
 * and parser are others inside TLS.
 */
function answerToTheEnd(server: SMTPServer, { id }: SMTPServerSession): void {
  for (const connection of server.connections) {
    const { _parser: parser, _socket: socket } = connection;
    if (connection.id !== id || !parser) continue;
    // A client that only looks whether anyone is there has gone by now.
    if (parser.writableFinished) connection.close();
    // Where TLS begins at once this comes twice.
    const state = { configurable: true, get: () => (socket.writable ? "open" : "closed") };
    Object.defineProperty(socket, "readyState", state);
    parser.on("finish", () => connection.close());
  }
}

/** A reply waits for the end of the message: where the handler does not read that far, this does. */
async function receive(
  stream: MessageStream,
  handle: (stream: MessageStream) => Promise<string>,
): Promise<string> {
  try {
    return await handle(stream);
  } catch (error) {
    await drain(stream);
    throw error;
  }
}

async function drain(stream: MessageStream): Promise<void> {
  try {
    for await (const _ of stream);
  } catch {
    // The client has broken off, and reads no answer.
  }
}

/** Whether the client went away in the middle of a message. */
function isBrokenOff(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNECTION";
}

/** In a time that says nothing of either. */
function isSame(given: string, expected: string | undefined): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected ?? "")) && expected !== undefined;
}
