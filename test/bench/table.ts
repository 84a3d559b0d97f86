// What was measured, as rows: for people a table, for programs JSON. Every ratio is of figures taken in the same run.

import type { Figure } from "./contest.ts";

export interface Row {
  readonly what: string;
  /** With its unit. */
  readonly ours: string;
  readonly against: string;
  /** Ours over theirs, where more is better for us, unless `what` says otherwise; null where nothing is compared. */
  readonly ratio: Figure | null;
  /** What it is to reach. */
  readonly aim?: string;
}

export function formatTable(rows: readonly Row[]): string {
  const head = ["", "ours", "against", "ratio", "least to most", "aim"];
  const cells = rows.map(({ what, ours, against, ratio, aim = "" }) => [
    what,
    ours,
    against,
    ratio === null ? "" : formatRatio(ratio.median),
    ratio === null ? "" : `${formatRatio(ratio.least)} to ${formatRatio(ratio.most)}`,
    aim,
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...cells.map(line)].join(
    "\n",
  );
}

/** A rate or count, with no more digits than it deserves. */
export function formatNumber(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const rounded = value >= 1000 ? Number(value.toPrecision(3)) : Number(value.toFixed(digits));
  return rounded.toLocaleString("en");
}

function formatRatio(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
