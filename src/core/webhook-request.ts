// One delivery of a webhook as it goes over the wire, and what is told to people of how it went. No I/O, no clock.

import type { DomainEvent } from "./record.ts";
import { judgeAnswer, signWebhook } from "./webhook.ts";

/** How an attempt went. The error is a line for people, with nothing in it of the secret, the body or the URL. */
export type Attempt =
  | { readonly meaning: "delivered" }
  | { readonly meaning: "gone" | "failed"; readonly error: string };

export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** The same octets on every attempt. */
  readonly body: string;
}

/** Characters of an error that are kept. */
const ERROR_LENGTH = 200;

/** The request of one attempt. Throws where the secret can't sign. */
export async function composeRequest(
  secret: string,
  event: DomainEvent,
  now: number,
): Promise<WebhookRequest> {
  const { id, type, at, data } = event;
  const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
  const timestampS = Math.floor(now / 1_000);
  const headers = {
    "content-type": "application/json",
    "user-agent": "Countersign",
    "webhook-id": id,
    "webhook-timestamp": String(timestampS),
    "webhook-signature": await signWebhook(secret, id, timestampS, body),
  };
  return { headers, body };
}

/** What an answer means. A redirect is a failure: the URL that was checked is the one that is told. */
export function readAnswer(status: number): Attempt {
  const meaning = judgeAnswer(status);
  if (meaning === "delivered") return { meaning };
  const isRedirect = status >= 300 && status <= 399;
  return { meaning, error: isRedirect ? `redirects are not followed (${status})` : `answered ${status}` };
}

/** What it means that there was no answer in time. */
export function readSilence(withinMs: number): Attempt {
  return { meaning: "failed", error: `no answer within ${withinMs / 1_000} s` };
}

/** What it means that something was thrown before there was an answer. */
export function readFault(what: "could not be signed" | "could not be reached", fault: unknown): Attempt {
  return { meaning: "failed", error: `${what}: ${describe(fault)}`.slice(0, ERROR_LENGTH) };
}

/** A fault in one printable line. URLs are left out, since a webhook's may be a secret of the receiver's. */
function describe(fault: unknown): string {
  if (!(fault instanceof Error)) return "for no known reason";
  // Node hides the reason of a failed fetch in its cause.
  const { code } = (fault.cause ?? {}) as { code?: unknown };
  const reason = typeof code === "string" ? `${fault.message} (${code})` : fault.message;
  return reason.replace(/https?:\/\/\S*/gi, "its URL").replace(/[^\x21-\x7e]+/g, " ");
}
