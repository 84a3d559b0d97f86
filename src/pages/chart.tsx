// Pictures of counts by day, as SVG that needs no script: stacked bars, each day with its numbers, and all of it as a table.

import { DAY_MS } from "../core/day.ts";
import type { DayCounts } from "../core/stats.ts";

/** A part of each bar. */
export interface Series {
  readonly name: string;
  /** Of its colour: s1 to s7. */
  readonly tone: string;
  readonly of: (day: DayCounts) => number;
}

/** A bar's width, with the gap to the next; units of the drawing. */
const BAR = { width: 8, step: 10 };
const HEIGHT = 100;

/** So many days until today, the oldest first; where nothing was counted, there is none of a day. */
export function lastDays(
  days: readonly DayCounts[],
  count: number,
  now: number,
): readonly (readonly [day: string, counts: DayCounts | null])[] {
  const counted = new Map(days.map((each) => [each.day, each]));
  return Array.from({ length: count }, (_, at) => {
    const day = new Date(now - (count - 1 - at) * DAY_MS).toISOString().slice(0, 10);
    return [day, counted.get(day) ?? null] as const;
  });
}

/** The picture, its legend with sums, and where it stands alone its numbers as a table. */
export function DayChart(props: {
  readonly title: string;
  readonly days: ReturnType<typeof lastDays>;
  readonly series: readonly Series[];
  readonly small?: boolean;
}) {
  const { title, days, series, small } = props;
  const bars = days.map(([day, counts]) => ({
    day,
    parts: series.map((each) => (counts === null ? 0 : each.of(counts))),
  }));
  const sums = series.map((_, at) => bars.reduce((sum, { parts }) => sum + (parts[at] ?? 0), 0));
  const most = Math.max(1, ...bars.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0)));
  const said = series.map(({ name }, at) => `${name} ${sums[at]}`).join(", ");
  return (
    <figure class={small ? "chart small" : "chart"}>
      <figcaption>{title}</figcaption>
      <div class="plot">
        <span class="most">{most}</span>
        <svg
          role="img"
          aria-label={`${title}: ${said}`}
          viewBox={`0 0 ${days.length * BAR.step} ${HEIGHT}`}
          preserveAspectRatio="none"
        >
          {bars.map(({ day, parts }, at) => (
            <Bar left={at * BAR.step + 1} day={day} parts={parts} series={series} most={most} />
          ))}
        </svg>
      </div>
      <div class="axis">
        <span>{days[0]?.[0]}</span>
        <span>{days.at(-1)?.[0]}</span>
      </div>
      <ul class="legend">
        {series.map(({ name, tone }, at) => (
          <li>
            <Swatch tone={tone} />
            {name} <b>{sums[at]}</b>
          </li>
        ))}
      </ul>
      {!small && <Numbers days={bars} series={series} />}
    </figure>
  );
}

/** A colour, in a legend. */
export function Swatch({ tone }: { readonly tone: string }) {
  return (
    <svg viewBox="0 0 10 10" aria-hidden="true">
      <rect class={tone} width="10" height="10" />
    </svg>
  );
}

interface Bar {
  readonly day: string;
  /** In the order of the series. */
  readonly parts: readonly number[];
}

function Bar(props: Bar & { left: number; series: readonly Series[]; most: number }) {
  const { left, day, parts, series, most } = props;
  let top = HEIGHT;
  const rects = parts.map((part, at) => {
    const height = (part / most) * HEIGHT;
    top -= height;
    return part > 0 ? (
      <rect class={series[at]?.tone} x={left} y={round(top)} width={BAR.width} height={round(height)} />
    ) : null;
  });
  const said = series.flatMap(({ name }, at) => (parts[at] ? [`${name} ${parts[at]}`] : [])).join(", ");
  return (
    <g>
      <title>{`${day}: ${said || "none"}`}</title>
      <rect class="day" x={left - 1} y={0} width={BAR.step} height={HEIGHT} />
      {rects}
    </g>
  );
}

function Numbers({ days, series }: { days: readonly Bar[]; series: readonly Series[] }) {
  const counted = days.filter(({ parts }) => parts.some((part) => part > 0)).toReversed();
  if (counted.length === 0) return null;
  return (
    <details>
      <summary>The numbers</summary>
      <section class="wide" tabindex={0} aria-label="The numbers by day">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              {series.map(({ name }) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {counted.map(({ day, parts }) => (
              <tr>
                <th scope="row">{day}</th>
                {parts.map((part) => (
                  <td>{part}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

function round(units: number): number {
  return Math.round(units * 100) / 100;
}
