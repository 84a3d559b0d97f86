// The whole decision as a table: `decide` asked for every combination of facts, and rows that differ in nothing made
// one. `node test/core/policy-table.ts` prints it for the README; a test holds the two together.

import { fileURLToPath } from "node:url";
import type { Evidence } from "../../src/core/evidence.ts";
import { decide, type Facts } from "../../src/core/policy.ts";
import type { Route } from "../../src/core/route.ts";
import type { Mode } from "../../src/core/settings.ts";
import type { TagStatus } from "../../src/core/tag-status.ts";

const REASON = "the route's reason";
const ROUTES: Readonly<Record<string, Route | null>> = {
  none: null,
  forward: { action: "forward", to: ["inbox@example.net"] },
  consume: { action: "consume" },
  reject: { action: "reject", reason: REASON },
};
const MODES: readonly Mode[] = ["off", "observe", "enforce"];
const EVIDENCE: readonly Evidence[] = ["tag", "message-id", "auto-reply", "exempt", "none"];
export const WORTHLESS: readonly TagStatus[] = [
  "missing",
  "malformed",
  "not-signing",
  "unknown-key",
  "bad-signature",
  "expired",
];

/** The columns, each with its values, in the order in which they are told apart. */
const COLUMNS = [
  ["route", Object.keys(ROUTES)],
  ["message", ["ordinary", "auto-reply", "bounce"]],
  ["evidence", EVIDENCE],
  ["mode", MODES],
  ["seen before", ["no", "yes"]],
] as const;

type Cell = readonly string[];

/** Facts for one combination of values. Ordinary mail and auto-replies bring a tag, or nothing that counts. */
function factsOf(values: readonly string[]): Facts {
  const [route = "", message = "", evidence = "", mode = "", seen = ""] = values;
  return {
    route: ROUTES[route] ?? null,
    bounce: message === "bounce",
    autoReply: message === "auto-reply",
    evidence: evidence as Evidence,
    tagStatus: evidence === "tag" ? "valid" : "missing",
    mode: mode as Mode,
    loop: seen === "yes",
    liftable: false,
  };
}

/** What is done, and its name in records. */
function outcomeOf(facts: Facts): string {
  const { action, disposition } = decide(facts);
  const done = {
    forward: () => "forwarded",
    consume: () => "taken and recorded",
    reject: (sentence: string) => `555 ${sentence === REASON ? `*${REASON}*` : sentence}`,
  };
  const what = action.kind === "reject" ? done.reject(action.sentence) : done[action.kind]();
  return `\`${disposition}\` | ${what}`;
}

/** The rows under some first values: columns that make no difference are `any`, values that make none stand together. */
function rowsUnder(values: readonly string[]): readonly (readonly [readonly Cell[], string])[] {
  const rest = COLUMNS.slice(values.length);
  const outcomes = new Set(combinations(values, rest).map((all) => outcomeOf(factsOf(all))));
  const [only] = outcomes;
  if (outcomes.size === 1 && only !== undefined) return [[rest.map(() => ["any"]), only]];
  const [[, choices] = ["", []]] = rest;
  const groups = new Map<
    string,
    { readonly values: string[]; readonly rows: ReturnType<typeof rowsUnder> }
  >();
  for (const choice of choices) {
    const rows = rowsUnder([...values, choice]);
    const known = groups.get(JSON.stringify(rows));
    if (known === undefined) groups.set(JSON.stringify(rows), { values: [choice], rows });
    else known.values.push(choice);
  }
  return [...groups.values()].flatMap((group) => {
    const cell = group.values.length === choices.length ? ["any"] : group.values;
    return group.rows.map(([cells, outcome]) => [[cell, ...cells], outcome] as const);
  });
}

function combinations(
  values: readonly string[],
  [first, ...rest]: readonly (readonly [string, readonly string[]])[],
): readonly (readonly string[])[] {
  if (first === undefined) return [values];
  return first[1].flatMap((choice) => combinations([...values, choice], rest));
}

/** The table, in Markdown. */
export function printPolicyTable(): string {
  const head = [...COLUMNS.map(([name]) => name), "disposition", "what is done"];
  const lines = rowsUnder([]).map(([cells, outcome]) => {
    const texts = cells.map((cell) =>
      cell.map((value) => (value === "any" ? value : `\`${value}\``)).join(", "),
    );
    return `| ${texts.join(" | ")} | ${outcome} |`;
  });
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...lines].join("\n");
}

/** Every combination of facts that the table is made from. */
export function everyCombination(): readonly Facts[] {
  return combinations([], COLUMNS).map(factsOf);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(printPolicyTable());
