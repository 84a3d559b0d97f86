// What a page refuses by itself, where no operation does: as the API would refuse it.

import { describeProblem, type Problem } from "../api/problem.ts";
import { reaches, type Scope } from "../core/token.ts";
import { may, type Visit } from "./desk.ts";

/** The problem for whoever may not; null for those who may. */
export function forbidden(visit: Visit, scope: Scope, domain: string): Problem | null {
  return may(visit, scope) && reaches(visit.var.caller, domain)
    ? null
    : describeProblem("forbidden", `It needs the scope ${scope}, for this domain.`);
}
