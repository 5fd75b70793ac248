/** Work that must not happen at the same time: each waits for those before it, whether they ended well or not. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when it is its turn, and answers what it answers. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
