import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { hotTable, type LogTable } from '../logs/log-table.ts';
import type { Condition } from '../search/scope.ts';
import { longestLine } from './mine-patterns.ts';
import { phraseOf, templateExpression } from './template-expression.ts';

/** What stands in one place of a template. */
export interface VariableValues {
  readonly name: string;
  /** Different values, about. */
  readonly distinct: number;
  /** The most frequent first, at most ten. `phrase` is a text that a search finds such lines by. */
  readonly top: readonly { readonly value: string; readonly lines: number; readonly phrase: string }[];
  /** Where every value is a number, and all have the same unit (`ms`, `%`, or none); else null. */
  readonly numbers: {
    readonly min: number;
    readonly median: number;
    readonly max: number;
    readonly unit: string;
  } | null;
}

export interface PatternValues {
  readonly variables: readonly VariableValues[];
  /** Lines of the template that were looked at. */
  readonly lines: number;
  /** One line in so many was looked at; 1 is all. */
  readonly every: number;
  /** An expression for a parse step of a pipeline; '' where none can be made. */
  readonly parse: string;
}

/** Lines that are taken apart: of more an even sample. */
const mostLines = 100_000;
const topValues = 10;
const longestValue = 200;
const number = String.raw`^([+-]?[0-9]+(?:\.[0-9]+)?)[a-zA-Z%]{0,3}$`;
const unit = String.raw`^[+-]?[0-9]+(?:\.[0-9]+)?([a-zA-Z%]{0,3})$`;

/**
 * What stands in the variables of a template in the lines that meet a condition (its own texts should be part of it: they lead to the lines).
 * Values are the first 200 characters, without quotes around them. Throws `StoreError`.
 */
export async function readPatternValues(
  reader: TelemetryReader,
  template: string,
  condition: Condition,
  limits: QueryLimits = {},
  table: LogTable = hotTable,
): Promise<PatternValues> {
  const { expression, variables, parse } = templateExpression(template);
  if (variables.length === 0) return { variables: [], lines: 0, every: 1, parse };
  const own = { threads: 2, ...limits };
  const parameters = { ...condition.parameters, ...table.parameters };
  const [counted] = await reader.query<{ total: number }>(
    `SELECT toFloat64(count()) AS total ${table.from(condition.sql)}`,
    parameters,
    { timeoutMs: 10_000, ...own },
  );
  const every = Math.max(1, Math.ceil((counted?.total ?? 0) / mostLines));
  const sampled = every === 1 ? condition.sql : `${condition.sql} AND cityHash64(ts) % {valuesEvery:UInt32} = 0`;
  const asked = {
    ...parameters,
    valuesExpression: expression,
    valuesEvery: every,
    valuesNumber: number,
    valuesUnit: unit,
  };
  const lines = `SELECT line, extractGroups(line, {valuesExpression:String}) AS parts FROM (SELECT substringUTF8(body, 1, ${longestLine}) AS line
    ${table.from(sampled)} LIMIT ${2 * mostLines}) WHERE notEmpty(parts)`;
  const values = `SELECT line, arrayJoin(arrayEnumerate(parts)) AS place,
    substringUTF8(replaceRegexpOne(parts[place], '^"(.*)"$', '\\\\1'), 1, ${longestValue}) AS text FROM (${lines})`;
  const [top, figures] = await Promise.all([
    reader.query<{ place: number; text: string; lines: number; example: string }>(
      `SELECT toFloat64(place) AS place, text, toFloat64(count()) AS lines, any(line) AS example FROM (${values})
       GROUP BY place, text ORDER BY lines DESC, text LIMIT ${topValues} BY place`,
      asked,
      { timeoutMs: 15_000, ...own },
    ),
    reader.query<Figures>(
      `SELECT toFloat64(place) AS place, toFloat64(count()) AS lines, toFloat64(uniq(text)) AS kinds,
         toFloat64(countIf(isNotNull(figure))) AS figured, toFloat64(uniq(suffix)) AS measures, any(suffix) AS measure,
         min(figure) AS least, quantile(0.5)(figure) AS middle, max(figure) AS most
       FROM (SELECT place, text, toFloat64OrNull(extract(text, {valuesNumber:String})) AS figure, extract(text, {valuesUnit:String}) AS suffix FROM (${values}))
       GROUP BY place`,
      asked,
      { timeoutMs: 15_000, ...own },
    ),
  ]);
  return {
    variables: variables.map((variable, index): VariableValues => {
      const found = figures.find(({ place }) => place === index + 1);
      return {
        name: variable.name,
        distinct: found?.kinds ?? 0,
        top: top
          .filter(({ place }) => place === index + 1)
          .map(({ text, lines: count, example }) => ({
            value: text,
            lines: count * every,
            phrase: phraseOf(variable, text, example),
          })),
        numbers: found === undefined ? null : numbersOf(found),
      };
    }),
    lines: figures[0]?.lines ?? 0,
    every,
    parse,
  };
}

interface Figures {
  readonly place: number;
  readonly lines: number;
  readonly kinds: number;
  readonly figured: number;
  readonly measures: number;
  readonly measure: string;
  readonly least: number | null;
  readonly middle: number | null;
  readonly most: number | null;
}

function numbersOf({ lines, figured, measures, measure, least, middle, most }: Figures): VariableValues['numbers'] {
  if (figured < lines || measures !== 1 || least === null || middle === null || most === null) return null;
  return { min: least, median: middle, max: most, unit: measure };
}
