// One at a time: an object lets other calls in while a write awaits cryptography or KV, and two writes must not run
// into one another.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work when all that was taken before is done, however it ended. */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
