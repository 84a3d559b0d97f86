// Forwarding along a route's destinations, in order. Until one has the message, a fault that may pass defers it, and
// one that won't moves on to the next; once one has it, nothing that fails after may take that back.

import { type ForwardFault, readForwardFault } from "../core/forward-fault.ts";
import { Deferral, type IncomingMessage } from "./message.ts";

export interface Forwarding {
  readonly delivered: readonly string[];
  readonly failed: readonly { readonly to: string; readonly fault: ForwardFault; readonly error: string }[];
}

/** Throws `Deferral` where the sender is to try again. Nothing delivered: every destination refused for good. */
export async function forward(
  message: IncomingMessage,
  to: readonly string[],
  headers: ReadonlyMap<string, string>,
): Promise<Forwarding> {
  // Said beforehand, so no destination is tried; the operator has to act, and the sender's retries wait for that.
  if (message.canBeForwarded === false)
    throw new Deferral("The platform says that this message can't be forwarded.");
  const delivered: string[] = [];
  const failed: Forwarding["failed"][number][] = [];
  for (const destination of to) {
    try {
      await message.forward(destination, new Headers([...headers]));
      delivered.push(destination);
    } catch (cause) {
      const error = cause instanceof Error ? cause.message : String(cause);
      const fault = readForwardFault(error);
      if (fault === "delivered") delivered.push(destination);
      else if (delivered.length > 0 || fault === "permanent") failed.push({ to: destination, fault, error });
      else throw new Deferral(`Forwarding to ${destination} failed (${fault}): ${error}`, { cause });
    }
  }
  return { delivered, failed };
}
