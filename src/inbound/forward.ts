// Forwarding along a route's destinations, in order. Until one has the message, a fault that may pass defers it, and
// one that won't moves on to the next; once one has it, nothing that fails after may take that back.

import { readForwardFault } from "../core/forward-fault.ts";
import { redactWords } from "../core/tag.ts";
import { Deferral, type Failure, type IncomingMessage } from "./message.ts";

const ERROR_CHARACTERS = 320;

export interface Forwarding {
  readonly delivered: readonly string[];
  readonly failed: readonly Failure[];
}

/** Throws `Deferral` where the sender is to try again. Nothing delivered: every destination refused for good. */
export async function forward(
  message: IncomingMessage,
  to: readonly string[],
  headers: ReadonlyMap<string, string>,
): Promise<Forwarding> {
  // Said beforehand, so no destination is tried; the operator has to act, and the sender's retries wait for that.
  if (message.canBeForwarded === false) {
    throw new Deferral("The platform says that this message can't be forwarded.", null);
  }
  const delivered: string[] = [];
  const failed: Failure[] = [];
  for (const destination of to) {
    try {
      await message.forward(destination, new Headers([...headers]));
      delivered.push(destination);
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      // A destination may quote what it refused, and at any length.
      const error = redactWords(words.slice(0, ERROR_CHARACTERS));
      const failure = { to: destination, fault: readForwardFault(words), error };
      if (failure.fault === "delivered") delivered.push(destination);
      else if (delivered.length > 0 || failure.fault === "permanent") failed.push(failure);
      else throw new Deferral(ADVICE[failure.fault], failure);
    }
  }
  return { delivered, failed };
}

/** What the operator reads beside the failure. */
const ADVICE = {
  configuration:
    "A destination can't be used: verify its address in Email Routing, or change the route. Until then its mail is deferred.",
  transient: "A destination does not take mail just now.",
} as const;
