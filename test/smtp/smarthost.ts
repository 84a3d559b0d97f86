// A smarthost that keeps what it is given and answers as it is told: faults that a real server won't produce on demand.

import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface Taken {
  readonly reversePath: string;
  readonly parameters: Readonly<Record<string, string | true>>;
  readonly recipients: readonly string[];
  readonly message: string;
}

export interface Answers {
  /** Codes with their texts by step; null accepts. */
  mail?: ((reversePath: string) => string | null) | undefined;
  recipient?: ((forwardPath: string, reversePath: string) => string | null) | undefined;
  message?: ((reversePath: string) => string | null) | undefined;
  /** The text of its 250. */
  accepted?: (message: string) => string;
  /** How long it thinks about a message. */
  delayMs?: number;
}

export interface Smarthost {
  readonly port: number;
  readonly taken: Taken[];
  /** Each command's path as it came, in order: `MAIL …`, `RCPT …`. */
  readonly commands: string[];
  answers: Answers;
  readonly connections: () => number;
  /** Connections that are open now. */
  readonly open: () => number;
  close(): Promise<void>;
}

export async function startSmarthost(options: SMTPServerOptions = {}): Promise<Smarthost> {
  let connections = 0;
  const smarthost: { -readonly [Name in keyof Smarthost]?: Smarthost[Name] } & {
    taken: Taken[];
    commands: string[];
    answers: Answers;
  } = { taken: [], commands: [], answers: {} };
  const server = new SMTPServer({
    logger: false,
    disableReverseLookup: true,
    disabledCommands: options.key === undefined ? ["STARTTLS", "AUTH"] : ["AUTH"],
    lenientAddressParsing: true,
    closeTimeout: 500,
    onConnect(_session, done) {
      connections++;
      done();
    },
    onMailFrom({ address }, _session, done) {
      smarthost.commands.push(`MAIL ${address}`);
      done(refusal(smarthost.answers.mail?.(address)));
    },
    onRcptTo({ address }, { envelope }, done) {
      smarthost.commands.push(`RCPT ${address}`);
      const { mailFrom } = envelope;
      done(refusal(smarthost.answers.recipient?.(address, mailFrom ? mailFrom.address : "")));
    },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on("error", () => undefined);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = envelope;
        const reversePath = mailFrom ? mailFrom.address : "";
        const refused = refusal(smarthost.answers.message?.(reversePath));
        if (refused !== null) return void done(refused);
        smarthost.taken.push({
          reversePath,
          parameters: (mailFrom ? mailFrom.args : false) || {},
          recipients: rcptTo.map(({ address }) => address),
          message: Buffer.concat(chunks).toString("latin1"),
        });
        const text =
          smarthost.answers.accepted?.(smarthost.taken.at(-1)?.message ?? "") ?? "2.0.0 taken as number 1";
        setTimeout(() => done(null, text), smarthost.answers.delayMs ?? 0);
      });
    },
    ...options,
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return Object.assign(smarthost, {
    port: (server.server.address() as AddressInfo).port,
    connections: () => connections,
    open: () => server.connections.size,
    close: () => new Promise<void>((resolve) => server.close(resolve)),
  }) as Smarthost;
}

function refusal(text: string | null | undefined): Error | null {
  if (text === null || text === undefined) return null;
  return Object.assign(new Error(text.slice(4)), { responseCode: Number(text.slice(0, 3)) });
}
