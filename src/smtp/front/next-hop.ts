// The forwards that the Worker asked for, really sent, by the order that its own forwarding has on Cloudflare: until one
// destination has the message, a fault that may pass defers it; once one has it, nothing that fails after takes that back.

import { ConnectionError, type Server } from "../connection.ts";
import { formatField } from "../header.ts";
import { Outgoing } from "../outgoing.ts";
import { isPositive, isTransient, type Reply } from "../reply.ts";
import type { HostPort } from "../settings.ts";
import type { Forward } from "./worker-call.ts";

export type Handing =
  | { readonly kind: "delivered"; readonly to: readonly string[]; readonly refused: readonly Fault[] }
  | { readonly kind: "refused"; readonly refused: readonly Fault[] }
  | { readonly kind: "deferred"; readonly fault: Fault };

/** Why a destination did not get it. */
export interface Fault {
  readonly to: string;
  /** The next hop's code and text, or what is wrong with the connection. */
  readonly said: string;
  /** Whether it won't ever take it. */
  readonly isPermanent: boolean;
}

export interface Mail {
  readonly reversePath: string;
  readonly isEightBit: boolean;
  readonly message: Uint8Array;
}

/** Hands the message to the next hop, one transaction a destination. */
export async function handOn(
  nextHop: HostPort,
  clientName: string,
  forwards: readonly Forward[],
  mail: Mail,
): Promise<Handing> {
  const server: Server = { ...nextHop, tls: "none", credentials: null };
  const outgoing = new Outgoing(server, clientName);
  const delivered: string[] = [];
  const refused: Fault[] = [];
  try {
    for (const forward of forwards) {
      const fault = await send(outgoing, forward, mail);
      if (fault === null) delivered.push(forward.to);
      else if (fault.isPermanent || delivered.length > 0) refused.push(fault);
      else return { kind: "deferred", fault };
    }
  } finally {
    outgoing.close();
  }
  return delivered.length > 0 ? { kind: "delivered", to: delivered, refused } : { kind: "refused", refused };
}

/** Null where the next hop has taken it. */
async function send(outgoing: Outgoing, forward: Forward, mail: Mail): Promise<Fault | null> {
  const { to, headers } = forward;
  const { reversePath, isEightBit, message } = mail;
  const added = headers.map(([name, value]) => formatField(name, value).raw).join("");
  const steps = [
    () => outgoing.begin(reversePath, { size: message.length + added.length, isEightBit }),
    () => outgoing.recipient(to),
    () => outgoing.message(pieces(Buffer.from(added, "latin1"), message)),
  ];
  try {
    for (const step of steps) {
      const reply = await step();
      if (!isPositive(reply)) return { to, said: show(reply), isPermanent: !isTransient(reply) };
    }
    return null;
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    return { to, said: error.message, isPermanent: false };
  }
}

async function* pieces(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

function show({ code, text }: Reply): string {
  return `${code} ${text}`.trim();
}
