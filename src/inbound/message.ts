// The message as the platform hands it over: the little of it that is used here.

export interface IncomingMessage {
  /** The reverse-path; the null sender may come as `""` or `"<>"`. */
  readonly from: string;
  /** The forward-path, in any case. */
  readonly to: string;
  readonly headers: { get(name: string): string | null };
  /** May be absent; only `false` says no. */
  readonly canBeForwarded?: boolean;
  setReject(reason: string): unknown;
  forward(to: string, headers: Headers): Promise<unknown>;
}

/** A fault of ours or of a destination that may pass: the sender is to try again. */
export class Deferral extends Error {}
