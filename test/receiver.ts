// A receiver of webhooks: a real HTTP server on this machine that keeps what it is sent, and answers, or fails to, as it
// is told.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * A status, with header fields or without; or
 * `hang`: never answers; `close`: closes the connection without an answer; `cut`: answers 200 and closes the connection
 * within the body; `endless`: answers 200 with a body that does not end; `redirect`: sends elsewhere on this server.
 */
export type Answer =
  | number
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | "hang"
  | "close"
  | "cut"
  | "endless"
  | "redirect";

export interface Receiver {
  /** `http://127.0.0.1:<port>/hook`. */
  readonly url: string;
  /** All requests but those that followed a redirect. */
  readonly received: readonly Received[];
  /** Requests that followed a redirect. */
  readonly followed: readonly Received[];
  /** How many bodies that do not end were cut off by whoever asked. */
  readonly cutOff: number;
  /** From now on answers like this; 200 until told otherwise. */
  answer(answer: Answer | ((request: Received) => Answer)): void;
  /** Waits until this many were received. */
  waitFor(count: number, withinMs: number): Promise<void>;
  stop(): Promise<void>;
}

const ELSEWHERE = "/elsewhere";

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const followed: Received[] = [];
  const waiting = new Set<() => void>();
  let cutOff = 0;
  let choose: (request: Received) => Answer = () => 200;

  const server = createServer(async (incoming, response) => {
    const request = await read(incoming);
    if (request === null) return;
    if (request.path === ELSEWHERE) {
      followed.push(request);
      response.end();
      return;
    }
    received.push(request);
    const answer = choose(request);
    if (answer === "endless") response.on("close", () => (cutOff += 1));
    give(answer, response);
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    followed,
    get cutOff() {
      return cutOff;
    },
    answer(answer) {
      choose = typeof answer === "function" ? answer : () => answer;
    },
    waitFor(count, withinMs) {
      return new Promise((resolve, reject) => {
        const end = (how: () => void) => {
          clearTimeout(timer);
          waiting.delete(look);
          how();
        };
        const look = () => {
          if (received.length >= count) end(resolve);
        };
        const timer = setTimeout(() => {
          end(() => reject(new Error(`${received.length} of ${count} were received within ${withinMs} ms.`)));
        }, withinMs);
        waiting.add(look);
        look();
      });
    },
    stop() {
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return stopped;
    },
  };
}

/** Null where the sender went away before its end. */
async function read(incoming: IncomingMessage): Promise<Received | null> {
  const { method = "", url: path = "", headers } = incoming;
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  return { method, path, headers, body: Buffer.concat(chunks).toString("utf8"), at: Date.now() };
}

function give(answer: Answer, response: ServerResponse): void {
  switch (answer) {
    case "hang":
      return;
    case "close":
      response.destroy();
      return;
    case "cut":
      response.writeHead(200, { "content-length": "100" });
      response.write("half of it", () => response.destroy());
      return;
    case "endless": {
      response.writeHead(200);
      const timer = setInterval(() => response.write("and on "), 10);
      response.on("close", () => clearInterval(timer));
      return;
    }
    case "redirect":
      response.writeHead(302, { location: ELSEWHERE }).end();
      return;
    default: {
      const { status, headers = {} } = typeof answer === "number" ? { status: answer } : answer;
      response.writeHead(status, headers).end();
    }
  }
}
