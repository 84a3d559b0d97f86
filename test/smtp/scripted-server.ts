// A server that says to each line what the test has it say, at the very moment: no library would misbehave so.

import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import type { Certificate } from "./certificate.ts";

/** What is written, as it is; null hangs up; undefined says nothing. */
export type Say = (line: string, socket: Socket) => string | null | undefined;

export interface ScriptedServer {
  readonly port: number;
  /** All lines that came, TLS taken off. */
  readonly lines: string[];
  /** Has it read on where the script has paused it. */
  resume(): void;
  close(): Promise<void>;
}

export interface Scripted {
  /** What is said otherwise than usual. Null in place of a text hangs up; a line that it has no word for is answered as usual. */
  readonly says?: Readonly<Record<string, string | null>>;
  /** Looks at each line before that. */
  readonly hear?: Say;
  readonly greeting?: string | null;
  readonly certificate?: Certificate;
  readonly isImplicit?: boolean;
}

const USUAL: Readonly<Record<string, string>> = {
  EHLO: "250-mx.example.net\r\n250 8BITMIME\r\n",
  HELO: "250 mx.example.net\r\n",
  MAIL: "250 Ok\r\n",
  RCPT: "250 Ok\r\n",
  DATA: "354 Go\r\n",
  ".": "250 Taken\r\n",
  STARTTLS: "220 Go\r\n",
  QUIT: "221 Bye\r\n",
};

export async function startScripted(script: Scripted = {}): Promise<ScriptedServer> {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const talk = (socket: Socket, greeting: string | null | undefined) => {
    sockets.add(socket.on("error", () => undefined));
    say(socket, greeting);
    let pending = "";
    const read = (octets: Buffer) => {
      const parts = (pending + octets.toString("latin1")).split("\r\n");
      pending = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        say(socket, answer(line, socket));
        if (line !== "STARTTLS" || script.certificate === undefined) continue;
        socket.off("data", read);
        talk(new TLSSocket(socket, { isServer: true, ...script.certificate }), undefined);
      }
    };
    socket.on("data", read);
  };
  const answer: Say = (line, socket) => {
    const heard = script.hear?.(line, socket);
    if (heard !== undefined) return heard;
    const [word = ""] = line.split(" ");
    return { ...USUAL, ...script.says }[word];
  };
  const greeting = script.greeting === undefined ? "220 ready\r\n" : script.greeting;
  const onConnection = (socket: Socket) => talk(socket, greeting);
  const { certificate, isImplicit = false } = script;
  const server = isImplicit ? createTlsServer({ ...certificate }, onConnection) : createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    lines,
    resume: () => {
      for (const socket of sockets) socket.resume();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function say(socket: Socket, text: string | null | undefined): void {
  if (text === null) socket.end();
  else if (text) socket.write(text);
}
