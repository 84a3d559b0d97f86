// The next server's side of a client's session: one connection, opened when it is first needed and kept for the session's
// further messages, with one transaction at a time. Throws `ConnectionError`.

import { Connection, ConnectionError, type Server } from "./connection.ts";
import type { Parameters } from "./path.ts";
import { isNegative, isPositive, type Reply } from "./reply.ts";

/** Octets that may be added to a message on the way: a trace, and a Message-ID. */
const ADDED_OCTETS = 2048;

export class Outgoing {
  readonly #server: Server;
  readonly #clientName: string;
  #connection: Connection | null = null;
  #isClosed = false;

  constructor(server: Server, clientName: string) {
    this.#server = server;
    this.#clientName = clientName;
  }

  /** Begins a transaction in place of one that may be open. */
  async begin(reversePath: string, { size, isEightBit }: Parameters): Promise<Reply> {
    const connection = await this.#ready();
    const parameters = [
      ...(size !== null && connection.offers("SIZE") ? [`SIZE=${size + ADDED_OCTETS}`] : []),
      ...(isEightBit && connection.offers("8BITMIME") ? ["BODY=8BITMIME"] : []),
    ];
    return connection.command([`MAIL FROM:<${reversePath}>`, ...parameters].join(" "));
  }

  async recipient(forwardPath: string): Promise<Reply> {
    return this.#current().command(`RCPT TO:<${forwardPath}>`);
  }

  /** Sends the message to those recipients that were accepted. */
  async message(chunks: AsyncIterable<Uint8Array>): Promise<Reply> {
    const connection = this.#current();
    const reply = await connection.ask("DATA");
    if (isNegative(reply)) return reply;
    if (reply.code !== 354) {
      connection.destroy();
      throw new ConnectionError(`It answers DATA with ${reply.code}.`);
    }
    return connection.sendMessage(chunks);
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
    this.#connection = null;
  }

  /** A connection without a transaction. One that was idle may have been closed by the other side. */
  async #ready(): Promise<Connection> {
    const idle = this.#connection;
    if (idle?.isOpen && (await isReset(idle))) return idle;
    idle?.destroy();
    this.#connection = null;
    const connection = await Connection.open(this.#server, this.#clientName);
    if (this.#isClosed) {
      connection.close();
      throw new ConnectionError("Nobody waits for it any more.");
    }
    this.#connection = connection;
    return connection;
  }

  #current(): Connection {
    if (this.#connection === null) throw new ConnectionError("There is no transaction.");
    return this.#connection;
  }
}

async function isReset(connection: Connection): Promise<boolean> {
  try {
    return isPositive(await connection.command("RSET"));
  } catch (error) {
    if (error instanceof ConnectionError) return false;
    throw error;
  }
}
