// What the relay does in one client's session: signs when the first recipient is named, asks the smarthost for each recipient,
// and passes the message on under what the transaction was begun with.

import type { SMTPServerSession } from "smtp-server";
import { ConnectionError, type Server } from "../connection.ts";
import { type Message, readMessage, writeMessage } from "../header.ts";
import type { MessageStream } from "../listener.ts";
import { Outgoing } from "../outgoing.ts";
import type { Parameters } from "../path.ts";
import { isPositive, isTransient, Refusal, type Reply } from "../reply.ts";
import { formatTrace } from "../trace.ts";
import { describePassed, describeRefused, type LogLine } from "./log-line.ts";
import { editHeader, REF_FIELD } from "./message-id.ts";
import { admits, type Passage, type Transaction } from "./passage.ts";
import { readSender } from "./sender.ts";
import type { Signing } from "./signing.ts";

export interface Relaying {
  readonly smarthost: Server;
  /** Destinations whose mail keeps its reverse-path. */
  readonly isUntagged: (forwardPath: string) => boolean;
  /** Forward-paths that get a tag in bounces of the clients' own. */
  readonly isBounceSigned: (forwardPath: string) => boolean;
  /** What EHLO and the trace name. */
  readonly name: string;
  /** One line for each message and each refusal. */
  readonly log: (line: LogLine) => void;
}

export class RelaySession {
  readonly #options: Relaying;
  readonly #signing: Signing;
  readonly #outgoing: Outgoing;
  #transaction: Transaction | null = null;

  constructor(options: Relaying, signing: Signing) {
    this.#options = options;
    this.#signing = signing;
    this.#outgoing = new Outgoing(options.smarthost, options.name);
  }

  /** Nobody is asked yet: what the message gets depends on where it goes. */
  begin(reversePath: string, parameters: Parameters): void {
    const sender = readSender(reversePath);
    this.#transaction = {
      sender,
      reversePath,
      parameters,
      passage: null,
      refusal: null,
      tried: [],
      recipients: [],
    };
  }

  async addRecipient(forwardPath: string): Promise<void> {
    const transaction = this.#current();
    const now = Date.now();
    await this.#report(transaction, forwardPath, async () => {
      if (transaction.refusal !== null) throw transaction.refusal;
      const isUntagged = transaction.sender.kind === "plain" && this.#options.isUntagged(forwardPath);
      if (transaction.passage !== null && !admits(transaction.passage, isUntagged)) {
        if (transaction.recipients.length > 0) throw new Refusal(452, APART);
        transaction.passage = null;
      }
      transaction.passage ??= await this.#open(transaction, forwardPath, isUntagged, now);
      const path = await this.#addressOf(transaction, forwardPath, now);
      await this.#ask(transaction, () => this.#outgoing.recipient(path));
      transaction.recipients.push(path);
    });
  }

  /** Passes the message on, and gives back the text of the smarthost's 250. */
  async pass(session: SMTPServerSession, stream: MessageStream): Promise<string> {
    const transaction = this.#current();
    const now = Date.now();
    this.#transaction = null;
    return this.#report(transaction, null, async () => {
      const { passage, refusal } = transaction;
      if (refusal !== null) throw refusal;
      if (passage === null) throw new Refusal(503, "5.5.1 A recipient comes first.");
      const message = await readMessage(stream);
      const [used, edited] = await this.#edit(transaction, passage, message, now);
      const chunks = writeMessage(formatTrace(session, this.#options.name, new Date(now)), edited);
      const text = await this.#ask(transaction, () => this.#outgoing.message(chunks));
      this.#options.log(describePassed(transaction, used, text));
      return text;
    });
  }

  close(): void {
    this.#outgoing.close();
  }

  #current(): Transaction {
    const transaction = this.#transaction;
    if (transaction === null) throw new Refusal(503, "5.5.1 MAIL comes first.");
    return transaction;
  }

  /** Chooses the reverse-path, and begins the transaction with it. What stands against it does so for every recipient. */
  async #open(
    transaction: Transaction,
    forwardPath: string,
    isUntagged: boolean,
    now: number,
  ): Promise<Passage> {
    try {
      const passage = await this.#signing.choosePassage(transaction, forwardPath, isUntagged, now);
      await this.#begin(transaction, passage);
      return passage;
    } catch (error) {
      if (error instanceof Refusal) transaction.refusal = error;
      throw error;
    }
  }

  async #begin(transaction: Transaction, passage: Passage): Promise<void> {
    transaction.tried.push(passage);
    await this.#ask(transaction, () => this.#outgoing.begin(passage.reversePath, transaction.parameters));
  }

  /** What the header asks for. A ref is known only now, and its reverse-path is another: the transaction begins anew. */
  async #edit(
    transaction: Transaction,
    passage: Passage,
    message: Message,
    now: number,
  ): Promise<readonly [Passage, Message]> {
    if (message.header === null) {
      if (message.mentions(REF_FIELD)) throw new Refusal(554, `5.6.0 ${REF_FIELD}: ${UNREADABLE}`);
      return [passage, message];
    }
    if (passage.kind === "unsigned") {
      return [passage, { ...message, header: editHeader(message.header, null) }];
    }
    const edited = await this.#signing.edit(transaction, passage, message.header, now);
    if (edited.passage.reversePath !== passage.reversePath) {
      await this.#begin(transaction, edited.passage);
      for (const path of transaction.recipients) {
        await this.#ask(transaction, () => this.#outgoing.recipient(path));
      }
    }
    return [edited.passage, { ...message, header: edited.header }];
  }

  async #addressOf({ sender }: Transaction, forwardPath: string, now: number): Promise<string> {
    return sender.kind === "null" && this.#options.isBounceSigned(forwardPath)
      ? this.#signing.signForwardPath(forwardPath, now)
      : forwardPath;
  }

  /** The text of the smarthost's reply where that is a positive one; else it is the client's. */
  async #ask(transaction: Transaction, ask: () => Promise<Reply>): Promise<string> {
    try {
      const { code, text } = await ask();
      if (isPositive({ code })) return text;
      throw new Refusal(code, text);
    } catch (cause) {
      if (!(cause instanceof ConnectionError)) throw cause;
      // The transaction is lost, and with it the recipients that had been accepted.
      transaction.refusal = new Refusal(451, UNREACHABLE, { cause });
      throw transaction.refusal;
    }
  }

  /** Keeps what was tried for when it is tried again, and logs a refusal, with its cause, which the client does not read. */
  async #report<Result>(
    transaction: Transaction,
    forwardPath: string | null,
    act: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof Refusal) {
        if (isTransient({ code: error.responseCode })) {
          this.#signing.remember(transaction, forwardPath === null ? transaction.recipients : [forwardPath]);
        }
        this.#options.log(describeRefused(transaction, forwardPath, error));
      }
      throw error;
    }
  }
}

const APART = "4.5.3 Mail with a tag and mail without one go apart; send to this recipient again.";
const UNREADABLE = "The header is too large for it to be found.";
const UNREACHABLE = "4.4.1 The smarthost can't be reached just now; try again later.";
