// A memory of what came last: of so many at least, and of twice as many at most. It forgets a generation at a time, since a Map
// whose oldest entry is taken out for each new one has ever more holes to look over: that took a twelfth of judging.

export class Recent<Value> {
  readonly #atLeast: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(atLeast: number) {
    this.#atLeast = atLeast;
  }

  get(name: string): Value | undefined {
    return this.#young.get(name) ?? this.#old.get(name);
  }

  set(name: string, value: Value): void {
    if (this.#young.size >= this.#atLeast) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, value);
  }
}
