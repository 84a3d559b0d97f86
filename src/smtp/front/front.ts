// An SMTP server in front of the local Worker: each recipient is one call of its email handler, and the client is answered as
// Cloudflare would. It keeps no mail and remembers nothing: a message that is put off is wholly the client's.

import type { SMTPServerSession } from "smtp-server";
import { type Listener, listen, type MessageStream } from "../listener.ts";
import { Refusal } from "../reply.ts";
import type { HostPort } from "../settings.ts";
import { completeMessage, FRONT_NAME } from "./completion.ts";
import { handOn, type Mail } from "./next-hop.ts";
import { combine, describe, type Outcome } from "./verdict.ts";
import { callWorker, type Forward } from "./worker-call.ts";

export interface FrontOptions {
  /** On 127.0.0.1 only; 0 lets the system choose. */
  readonly port: number;
  /** The origin of `wrangler dev`. */
  readonly workerUrl: string;
  /** Where forwards are sent; null where they are only told of. */
  readonly nextHop: HostPort | null;
  readonly log: (line: string) => void;
}

/** Cloudflare's limit: 25 MiB. */
const OCTETS_AT_MOST = 26_214_400;

interface Envelope {
  readonly reversePath: string;
  readonly isEightBit: boolean;
  readonly recipients: Set<string>;
}

export function startFront(options: FrontOptions): Promise<Listener> {
  const envelopes = new Map<string, Envelope>();
  return listen(
    { host: "127.0.0.1", port: options.port, tls: null, credentials: null, octetsAtMost: OCTETS_AT_MOST },
    {
      async mail({ id }, reversePath, { isEightBit }) {
        envelopes.set(id, { reversePath, isEightBit, recipients: new Set() });
      },
      async recipient({ id }, forwardPath) {
        envelopes.get(id)?.recipients.add(forwardPath);
      },
      async message(session, stream) {
        const envelope = envelopes.get(session.id);
        if (envelope === undefined) throw new Refusal(503, "5.5.1 MAIL comes first.");
        return pass(options, session, envelope, stream);
      },
      closed: ({ id }) => envelopes.delete(id),
    },
    (error) => options.log(`451 Something failed here: ${error}`),
  );
}

async function pass(
  options: FrontOptions,
  session: SMTPServerSession,
  { reversePath, isEightBit, recipients }: Envelope,
  stream: MessageStream,
): Promise<string> {
  const message = completeMessage(await collect(stream), session, new Date());
  // The Worker gets what the client sent and the trace, and its limit is the same.
  if (message.length > OCTETS_AT_MOST) throw tooLarge();
  const outcomes: Outcome[] = [];
  for (const recipient of recipients) {
    const answer = await callWorker(options.workerUrl, { from: reversePath, to: recipient }, message);
    switch (answer.kind) {
      case "accepted": {
        const mail = { reversePath, isEightBit, message };
        outcomes.push({ recipient, ...(await forward(options.nextHop, answer.forwards, mail)) });
        break;
      }
      case "rejected": {
        const { reason } = answer;
        outcomes.push({ recipient, code: 555, text: reason, whereabouts: `rejected: ${reason}` });
        break;
      }
      case "failed":
        outcomes.push({ recipient, ...deferral(answer.detail) });
    }
  }
  const told = combine(outcomes);
  for (const line of describe(reversePath, outcomes, told)) options.log(line);
  if (told.code !== 250) throw new Refusal(told.code, told.text);
  return told.text;
}

/** What becomes of a message that the Worker has accepted. */
async function forward(
  nextHop: HostPort | null,
  forwards: readonly Forward[],
  mail: Mail,
): Promise<Omit<Outcome, "recipient">> {
  if (forwards.length === 0) return { code: 250, text: "Ok", whereabouts: "accepted, and forwarded nowhere" };
  const all = forwards.map(({ to }) => to).join(", ");
  if (nextHop === null) {
    return { code: 250, text: "Ok", whereabouts: `forwarded to ${all}, if there were a NEXT_HOP` };
  }
  const through = `${nextHop.host}:${nextHop.port}`;
  const handing = await handOn(nextHop, FRONT_NAME, forwards, mail);
  switch (handing.kind) {
    case "deferred":
      return deferral(`${through} does not take it for ${handing.fault.to} just now: ${handing.fault.said}`);
    case "refused": {
      const said = handing.refused.map((fault) => `${fault.to}: ${fault.said}`).join("; ");
      return { code: 555, text: said, whereabouts: `refused by ${through} for ${said}` };
    }
    case "delivered": {
      const others = handing.refused.map((fault) => `; not to ${fault.to}, for which it said: ${fault.said}`);
      const whereabouts = `forwarded through ${through} to ${handing.to.join(", ")}${others.join("")}`;
      return { code: 250, text: "Ok", whereabouts };
    }
  }
}

function deferral(detail: string): Omit<Outcome, "recipient"> {
  return { code: 451, text: `Try again later: ${detail}`, whereabouts: detail };
}

async function collect(stream: MessageStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    if (!stream.sizeExceeded) chunks.push(chunk);
  }
  if (stream.sizeExceeded) throw tooLarge();
  return Buffer.concat(chunks);
}

function tooLarge(): Refusal {
  return new Refusal(552, `5.3.4 With its trace the message has more than ${OCTETS_AT_MOST} octets.`);
}
