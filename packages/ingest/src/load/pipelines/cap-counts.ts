/** What caps have let pass, by key (which holds the minute). In memory: a cap begins anew when the server does. */
export class CapCounts {
  readonly #counts = new Map<string, { used: number; readonly minuteMs: number }>();

  /** What passed so far under the keys of the last minutes. */
  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.#counts].map(([key, { used }]) => [key, used]));
  }

  add(passed: readonly { readonly key: string; readonly minuteMs: number; readonly records: number }[]): void {
    for (const { key, minuteMs, records } of passed) {
      const known = this.#counts.get(key);
      if (known) known.used += records;
      // Beyond the bound a key is capped within its segment alone.
      else if (this.#counts.size < keysKept) this.#counts.set(key, { used: records, minuteMs });
    }
    const newestMs = Math.max(0, ...passed.map(({ minuteMs }) => minuteMs));
    for (const [key, { minuteMs }] of this.#counts) if (minuteMs < newestMs - keptMs) this.#counts.delete(key);
  }
}

const keptMs = 180_000;
/** They stand in the statements of the next segments. */
const keysKept = 5000;
