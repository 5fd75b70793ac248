/** A stretch of time with one value; null where nothing was measured. */
export interface StateRun {
  readonly from: number;
  readonly to: number;
  readonly value: number | null;
}

/** Values side by side that are equal become one run; each value holds for a step. Gaps are runs of null, left out. */
export function stateRuns(
  times: readonly number[],
  values: readonly (number | null)[],
  stepMs: number,
): readonly StateRun[] {
  const runs: { from: number; to: number; value: number | null }[] = [];
  times.forEach((at, index) => {
    const value = values[index] ?? null;
    const last = runs.at(-1);
    if (last !== undefined && last.value === value && last.to >= at) last.to = at + stepMs;
    else runs.push({ from: at, to: at + stepMs, value });
  });
  return runs.filter(({ value }) => value !== null);
}
