// A client that speaks SMTP line by line and shows each reply as it came.

import { connect, type Socket } from "node:net";

export interface Client {
  /** Sends a line, or several at once, and gives back the next reply. */
  say(text: string): Promise<string>;
  /** The next reply. */
  reply(): Promise<string>;
  write(text: string): void;
  readonly socket: Socket;
  close(): void;
}

/** Connects, and has greeted. */
export async function connectTo(port: number): Promise<Client> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let wake = () => {};
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    wake();
  });
  socket.on("error", () => wake());
  socket.on("close", () => wake());
  const reply = async (): Promise<string> => {
    for (;;) {
      const [whole] = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n/.exec(text) ?? [];
      if (whole !== undefined) {
        text = text.slice(whole.length);
        return whole.trimEnd();
      }
      if (socket.destroyed) throw new Error(`The server hung up; it had said: ${text}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const client: Client = {
    socket,
    reply,
    write: (line) => socket.write(`${line}\r\n`),
    say: (line) => {
      socket.write(`${line}\r\n`);
      return reply();
    },
    close: () => socket.destroy(),
  };
  await reply();
  await client.say("EHLO app.example.com");
  return client;
}

/** What the server says to one message: to MAIL, to each recipient, and to the message or DATA. */
export async function send(
  client: Client,
  {
    from,
    to,
    message = MESSAGE,
    parameters = "",
  }: { from: string; to: readonly string[]; message?: string; parameters?: string },
): Promise<{ mail: string; recipients: string[]; message: string | null }> {
  const mail = await client.say(`MAIL FROM:<${from}>${parameters}`);
  const recipients: string[] = [];
  for (const path of to) recipients.push(await client.say(`RCPT TO:<${path}>`));
  if (!recipients.some((reply) => reply.startsWith("250"))) {
    await client.say("RSET");
    return { mail, recipients, message: null };
  }
  const data = await client.say("DATA");
  if (!data.startsWith("354")) return { mail, recipients, message: data };
  return { mail, recipients, message: await client.say(`${message.replace(/^\./gm, "..")}\r\n.`) };
}

export const MESSAGE =
  "From: Alice <alice@example.com>\r\nTo: bob@example.org\r\nSubject: Your order\r\n\r\nIt is on its way.";
