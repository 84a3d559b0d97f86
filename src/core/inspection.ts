// What came back, as it is given to be inspected, and what is found in it. Values only.

import type { Verdict } from "./judge.ts";
import type { Bounce } from "./record.ts";

/** What is to be inspected; an empty path is looked for in the message. */
export interface Pasted {
  readonly text: string;
  readonly forwardPath: string;
  readonly reversePath: string;
}

/** What a message says of one recipient. */
export type Finding = Pick<
  Bounce,
  | "kind"
  | "recipient"
  | "action"
  | "status"
  | "class"
  | "diagnostic"
  | "reportingMta"
  | "messageId"
  | "source"
>;

export type Inspection =
  /** There is no address of the domain in it. */
  | { readonly kind: "unaddressed" }
  | {
      readonly kind: "judged";
      readonly forwardPath: string;
      readonly reversePath: string;
      readonly verdict: Verdict;
      /** What becomes of other mail to the address; null where a message was pasted, and is what is judged. */
      readonly ordinary: Verdict | null;
      /** What the message says; null where an address alone was pasted. */
      readonly findings: readonly Finding[] | null;
      /** Messages that may come back to its reference, where the domain has such a cap; it is not looked at. */
      readonly cap: number | null;
    };
