// The message as the platform hands it over: the little of it that is used here.

import type { ForwardFault } from "../core/forward-fault.ts";

export interface IncomingMessage {
  /** The reverse-path; the null sender may come as `""` or `"<>"`. */
  readonly from: string;
  /** The forward-path, in any case. */
  readonly to: string;
  readonly headers: { get(name: string): string | null };
  /** Octets. */
  readonly rawSize: number;
  /** The whole message. It can't be read once the handler has returned. */
  readonly raw: ReadableStream<Uint8Array>;
  /** May be absent; only `false` says no. */
  readonly canBeForwarded?: boolean;
  setReject(reason: string): unknown;
  forward(to: string, headers: Headers): Promise<unknown>;
}

/** A destination that did not take the message, and why. */
export interface Failure {
  readonly to: string;
  readonly fault: ForwardFault;
  /** The platform's own words. */
  readonly error: string;
}

/** A fault of ours or of a destination that may pass: the sender is to try again. */
export class Deferral extends Error {
  /** The destination's, where it was one. */
  readonly failure: Failure | null;

  constructor(message: string, failure: Failure | null) {
    super(message);
    this.failure = failure;
  }
}
