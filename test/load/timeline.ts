// A value over time, as someone outside can know it: while a change is under way, the former value and the next one are
// both in force.

interface Span<Value> {
  readonly value: Value;
  readonly from: number;
  to: number;
}

export class Timeline<Value> {
  #spans: Span<Value>[];

  constructor(value: Value) {
    this.#spans = [{ value, from: 0, to: Number.POSITIVE_INFINITY }];
  }

  /** The value that was begun last. */
  get latest(): Value {
    return (this.#spans.at(-1) as Span<Value>).value;
  }

  /** From now on it may be this one. */
  begin(value: Value): void {
    this.#spans.push({ value, from: Date.now(), to: Number.POSITIVE_INFINITY });
  }

  /** From now on it is the one that was begun last, and no other. */
  settle(): void {
    const now = Date.now();
    for (const span of this.#spans.slice(0, -1)) span.to = Math.min(span.to, now);
  }

  /** Takes back what was begun last: it has never come about. */
  revoke(): void {
    const last = this.#spans.pop();
    const before = this.#spans.at(-1);
    if (last !== undefined && before !== undefined) {
      // It might have been, for a while.
      this.#spans.splice(-1, 1, { ...last, to: Date.now() }, before);
    }
  }

  /** All that were in force at some instant of a span. */
  during(from: number, to: number): Value[] {
    return this.#spans.filter((span) => span.from <= to && span.to >= from).map(({ value }) => value);
  }
}
