import { aggregators } from '../ast.ts';
import { quote } from './quote.ts';

/**
 * `kind` is the canonical text of operators, brackets and keywords (`+`, `(`, `sum`, `by`), else one of `identifier`,
 * `metric identifier` (it has a colon), `string`, `number`, `duration`, `end of input`, `error` (`text` then says why).
 */
export interface Token {
  readonly kind: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const wordOperators = ['and', 'or', 'unless', 'atan2'] as const;
const modifiers = [
  'offset',
  'smoothed',
  'anchored',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'fill',
  'fill_left',
  'fill_right',
  'bool',
] as const;
/** Names that are also functions; four of them may stand in durations. */
export const namedFunctions: ReadonlySet<string> = new Set(['start', 'end', 'step', 'range', 'max_of', 'min_of']);
export const durationWords: ReadonlySet<string> = new Set(['step', 'range', 'max_of', 'min_of']);
export const aggregatorNames: ReadonlySet<string> = new Set(aggregators);
export const keywords: ReadonlySet<string> = new Set([
  ...wordOperators,
  ...modifiers,
  ...aggregators,
  ...namedFunctions,
]);

const operators: ReadonlySet<string> = new Set([
  ...wordOperators,
  ...Array.from('+-*/%^<>@'),
  '==',
  '!=',
  '<=',
  '>=',
  '</',
  '>/',
  '=~',
  '!~',
]);
const shownByKind: ReadonlySet<string> = new Set(['identifier', 'metric identifier', 'string', 'number', 'duration']);
const modifierNames: ReadonlySet<string> = new Set(modifiers);

/** The token in Prometheus' words: `identifier "up"`, `<op:+>`, `<by>`, `end of input`. */
export function describeToken({ kind, text }: Token): string {
  if (kind === 'end of input') return kind;
  if (modifierNames.has(kind)) return `<${text}>`;
  if (operators.has(kind)) return `<op:${text}>`;
  if (aggregatorNames.has(kind)) return `<aggr:${text}>`;
  const named = kind === 'identifier' || kind === 'metric identifier';
  const shown = !named && text.length > 10 ? `${quote(text.slice(0, 10))}...` : quote(text);
  return shownByKind.has(kind) ? `${kind} ${shown}` : shown;
}

const alsoMetricNames: ReadonlySet<string> = new Set(
  [...keywords].filter((word) => !['bool', 'on', 'ignoring', 'group_left', 'group_right', 'atan2'].includes(word)),
);
/** Whether the token may stand as a metric's name. */
export function isMetricName({ kind }: Token): boolean {
  return kind === 'identifier' || kind === 'metric identifier' || alsoMetricNames.has(kind);
}

/** Whether the token may stand as a label's name in `by (…)` and the like. */
export function isLabelName({ kind }: Token): boolean {
  return kind === 'identifier' || kind === 'metric identifier' || (keywords.has(kind) && kind !== 'without');
}
