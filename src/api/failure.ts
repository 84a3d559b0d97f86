// What a handler throws, as a problem: storage out of reach, or a fault of ours, which is logged.

import type { Ports } from "./ports.ts";
import { describeProblem, type Problem } from "./problem.ts";

/** Where it was thrown. */
interface Place {
  readonly env: Pick<Ports, "isUnreachable">;
  readonly var: { readonly requestId: string };
}

/** The problem for what was thrown. Its cause is for the log alone. */
export function describeFailure(error: unknown, context: Place): Problem {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { requestId } = context.var;
  console.error(JSON.stringify({ event: "api-failed", requestId, error: String(cause) }));
  return context.env.isUnreachable(error)
    ? describeProblem("storage-unreachable", "Nothing was lost; try again.")
    : describeProblem("internal", "It was logged; nothing was changed by halves.");
}
