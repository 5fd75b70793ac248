/** What is asked: a query, perhaps a second, and a formula over both. */
export interface Asked {
  readonly a: string;
  readonly b: string;
  readonly formula: string;
}
/** By what the formula is known among the queries. */
export const formulaRef = 'Formula';

/** Whether the same is asked. */
export const same = (one: Asked, other: Asked): boolean =>
  one.a === other.a && one.b === other.b && one.formula === other.formula;
