// A connection to the next server, command by command (RFC 5321). Libraries send a whole envelope at once; here each recipient
// has an answer of its own, which the client waits for. Whatever breaks the connection is a `ConnectionError`.

import type { Socket } from "node:net";
import { isNegative, isPositive, isTransient, type Reply, ReplyReader, readExtensions } from "./reply.ts";
import { signIn } from "./sign-in.ts";
import { ConnectionError, openSocket, type Server, secureSocket, settled } from "./socket.ts";
import { Transparency } from "./transparency.ts";

export { ConnectionError, type Server } from "./socket.ts";

/** As long as a client should wait, in milliseconds (RFC 5321, 4.5.3.2). */
const COMMAND_MS = 5 * 60_000;
/** Less than it could be: a client is waiting, and keeps one of the sessions that there may be. */
const GREETING_MS = 60_000;
const MESSAGE_MS = 10 * 60_000;

export class Connection {
  #socket: Socket;
  #reader = new ReplyReader();
  #stopListening: () => void;
  /** What the server has said and nobody has asked for yet. */
  readonly #replies: Reply[] = [];
  #waiting: ((outcome: Reply | ConnectionError) => void) | null = null;
  /** Called when the server says what nobody has asked for. */
  #interrupt: (() => void) | null = null;
  #failure: ConnectionError | null = null;
  #extensions: ReadonlyMap<string, string> = new Map();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#stopListening = this.#listen(socket);
  }

  /** Connects, greets, goes over to TLS and signs in, as the server is described. */
  static async open(server: Server, clientName: string): Promise<Connection> {
    const connection = new Connection(await openSocket(server));
    try {
      expectPositive("greets", await connection.#reply(GREETING_MS));
      await connection.#greet(clientName);
      if (server.tls === "starttls") {
        await connection.#secure(server);
        await connection.#greet(clientName);
      }
      if (server.credentials !== null) await signIn(connection, server.credentials);
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#failure === null;
  }

  /** Whether the server offers an extension (RFC 5321, 4.1.1.1). */
  offers(extension: string): boolean {
    return this.#extensions.has(extension);
  }

  /** What it says of the extension, in upper case. */
  parametersOf(extension: string): readonly string[] {
    return (this.#extensions.get(extension) ?? "").split(" ");
  }

  /** Sends a command and waits for its reply, which says that it was done, or that it was refused. */
  async command(line: string): Promise<Reply> {
    return this.#assertFinal(await this.ask(line));
  }

  /** Sends a line and waits for its reply, whatever that is. */
  async ask(line: string): Promise<Reply> {
    if (/[\r\n\0]/.test(line)) throw new Error("A command is one line.");
    // What nobody asked for would be taken for the answer to this one.
    const [said] = this.#replies;
    if (said !== undefined) this.#fail(`It said ${said.code} ${said.text}`);
    await this.#write(Buffer.from(`${line}\r\n`, "latin1"));
    return this.#reply(COMMAND_MS);
  }

  /**
   * Sends a message after the 354 to DATA, as fast as the server takes it. Where the source fails the connection is torn
   * down before the final dot, so that no part of a message is taken for all of it.
   */
  async sendMessage(chunks: AsyncIterable<Uint8Array>): Promise<Reply> {
    const transparency = new Transparency();
    // A server that has spoken may read no further, and nothing would ever drain.
    const interrupted = new Promise<void>((resolve) => {
      this.#interrupt = resolve;
    });
    try {
      for await (const chunk of chunks) {
        // What is said before the end is the last word on it; the rest is read and goes nowhere.
        if (this.#replies.length > 0 || this.#failure !== null) continue;
        const written = this.#write(transparency.encode(chunk)).catch(() => undefined);
        await Promise.race([written, interrupted]);
      }
    } catch (error) {
      this.destroy();
      throw error;
    }
    const early = this.#replies.shift();
    if (early === undefined) {
      await this.#write(transparency.end());
      return this.#assertFinal(await this.#reply(MESSAGE_MS));
    }
    this.destroy();
    if (!isNegative(early)) throw new ConnectionError("It accepted a message before its end.");
    return early;
  }

  /** Takes leave, and does not wait for an answer. */
  close(): void {
    if (this.#failure === null) this.#socket.end("QUIT\r\n");
    this.#fail("It is closed.", { destroy: false });
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  destroy(): void {
    this.#fail("It is closed.");
    this.#socket.destroy();
  }

  async #greet(clientName: string): Promise<void> {
    const reply = await this.command(`EHLO ${clientName}`);
    // A server that knows no extensions knows HELO (RFC 5321, 3.2).
    const isOld = isNegative(reply) && !isTransient(reply);
    this.#extensions = isOld ? new Map() : readExtensions(expectPositive("answers EHLO", reply));
    if (isOld) expectPositive("answers HELO", await this.command(`HELO ${clientName}`));
  }

  async #secure(server: Server): Promise<void> {
    if (!this.offers("STARTTLS")) throw new ConnectionError("It offers no STARTTLS.");
    expectPositive("answers STARTTLS", await this.ask("STARTTLS"));
    // What came in the clear after it would be read as if it had come protected.
    if (this.#replies.length > 0 || this.#reader.isWithinReply) this.#fail("It spoke before TLS began.");
    if (this.#failure !== null) throw this.#failure;
    this.#stopListening();
    this.#socket = await secureSocket(this.#socket, server);
    this.#stopListening = this.#listen(this.#socket);
  }

  /** A reply that asks for more, or greets, or takes leave, is out of step with what was said. */
  #assertFinal(reply: Reply): Reply {
    const { code } = reply;
    if (isNegative(reply) || (isPositive(reply) && code !== 220 && code !== 221)) return reply;
    this.#fail(`It answers with ${code}, out of step.`);
    throw this.#failure;
  }

  async #reply(waitMs: number): Promise<Reply> {
    const said = this.#replies.shift();
    if (said !== undefined) return said;
    if (this.#failure !== null) throw this.#failure;
    const late = setTimeout(() => this.#fail("It does not answer."), waitMs);
    const outcome = await new Promise<Reply | ConnectionError>((resolve) => {
      this.#waiting = resolve;
    });
    clearTimeout(late);
    if (outcome instanceof ConnectionError) throw outcome;
    return outcome;
  }

  async #write(octets: Buffer): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#socket.write(octets)) return;
    await settled(this.#socket, "drain", MESSAGE_MS);
  }

  #listen(socket: Socket): () => void {
    const onData = (octets: Buffer) => this.#read(octets);
    const onError = (error: Error) => this.#fail(error.message);
    const onClose = () => this.#fail("It hung up.");
    socket.on("data", onData).on("error", onError).on("close", onClose);
    return () => socket.off("data", onData).off("error", onError).off("close", onClose);
  }

  #read(octets: Buffer): void {
    if (this.#failure !== null) return;
    try {
      for (const reply of this.#reader.read(octets.toString("latin1"))) {
        if (this.#waiting !== null) {
          this.#settle(reply);
          continue;
        }
        // One may be the last word on a message; more have no use, and no end.
        if (this.#replies.length > 1) throw new Error("It speaks without being asked.");
        this.#replies.push(reply);
        this.#interrupt?.();
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #fail(why: string, { destroy = true } = {}): void {
    this.#failure ??= new ConnectionError(why);
    if (destroy) this.#socket.destroy();
    this.#settle(this.#failure);
  }

  #settle(outcome: Reply | ConnectionError): void {
    this.#waiting?.(outcome);
    this.#waiting = null;
  }
}

/** Only a positive reply will do. The text of another is the server's own. */
function expectPositive(what: string, reply: Reply): Reply {
  if (!isPositive(reply)) throw new ConnectionError(`It ${what} with ${reply.code} ${reply.text}`);
  return reply;
}
