import { timeAt, mapFloats } from '../evaluation.ts';
import type { FunctionInput, VectorFunction } from './input.ts';

const dayMs = 86_400_000;

const parts: Readonly<Record<string, (date: Date) => number>> = {
  days_in_month: (date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  day_of_month: (date) => date.getUTCDate(),
  day_of_week: (date) => date.getUTCDay(),
  day_of_year: (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs) + 1,
  hour: (date) => date.getUTCHours(),
  minute: (date) => date.getUTCMinutes(),
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
};

/** Parts of a date in UTC: of each value, which is seconds, or of the evaluation time. */
export const dateFunctions: ReadonlyMap<string, VectorFunction> = new Map(
  Object.entries(parts).map(([name, part]) => [name, (input: FunctionInput) => ofDate(input, part)]),
);

function ofDate(input: FunctionInput, part: (date: Date) => number) {
  const { grid } = input;
  if (input.count === 0) {
    const values = Float64Array.from({ length: grid.count }, (_, step) =>
      part(new Date(Math.floor(timeAt(grid, step) / 1000) * 1000)),
    );
    return [{ labels: {}, values, present: new Uint8Array(grid.count).fill(1), dropName: false }];
  }
  return input.vector(0).map((series) => mapFloats(series, (value) => part(new Date(Math.trunc(value) * 1000))));
}
