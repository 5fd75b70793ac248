import type { ParameterValue } from '../port/index.ts';

/** What a legal hold keeps: a condition over `logs`, with names of parameters of its own. */
export interface HeldRows {
  readonly organisation: string;
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Range of the records' own times, ms. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface Condition {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** Holds on one range; with more nothing of it is touched. */
const holdsAtMost = 500;

/** Rows of a range that any of the holds keeps. Throws where that are too many holds to ask for. */
export function heldCondition(all: readonly HeldRows[], fromMs: number, toMs: number): Condition {
  const holds = all.filter((hold) => (hold.fromMs ?? -Infinity) < toMs && (hold.toMs ?? Infinity) > fromMs);
  if (holds.length > holdsAtMost)
    throw new Error(`${holds.length} legal holds on one day, expected at most ${holdsAtMost}: nothing is touched`);
  const parameters: Record<string, ParameterValue> = {};
  const conditions = holds.map((hold, i) => {
    const names = { organisation: `held_organisation${i}`, from: `held_from${i}`, to: `held_to${i}` };
    Object.assign(parameters, hold.parameters, { [names.organisation]: hold.organisation });
    const range = [];
    if (hold.fromMs !== null) {
      parameters[names.from] = hold.fromMs;
      range.push(`ts >= fromUnixTimestamp64Milli({${names.from}:Int64})`);
    }
    if (hold.toMs !== null) {
      parameters[names.to] = hold.toMs;
      range.push(`ts < fromUnixTimestamp64Milli({${names.to}:Int64})`);
    }
    return `(${[`organisation = {${names.organisation}:String}`, ...range, `(${hold.sql})`].join(' AND ')})`;
  });
  return { sql: `(${['0', ...conditions].join(' OR ')})`, parameters };
}
