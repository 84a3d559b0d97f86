// Calls over HTTP as a load of its own: connections that stay open, each with its next call as soon as it has its answer.

import { Agent, request } from "node:http";

export interface Call {
  readonly url: URL;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Client {
  /** Calls once; the answer's body. Throws where the status is not 2xx. */
  call(call: Call): Promise<Buffer>;
  /** Makes so many calls, over all connections. */
  callMany(call: Call, times: number): Promise<void>;
  close(): void;
}

export function createClient(connections: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const call = (asked: Call) => send(agent, asked);
  return {
    call,
    async callMany(asked, times) {
      let left = times;
      const work = async () => {
        while (left-- > 0) await call(asked);
      };
      await Promise.all(Array.from({ length: connections }, work));
    },
    close: () => agent.destroy(),
  };
}

function send(agent: Agent, { url, body, headers = {} }: Call): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "POST",
      agent,
      headers: { "content-type": "application/json", "content-length": body.length, ...headers },
    });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const answer = Buffer.concat(chunks);
        const { statusCode = 0 } = incoming;
        if (statusCode >= 200 && statusCode < 300) resolve(answer);
        else reject(new Error(`${url.href} answered ${statusCode}: ${answer.toString().slice(0, 300)}`));
      });
    });
    outgoing.end(body);
  });
}
