import type { DashboardVariable, VariableValue, VariableValues } from '@sightline/contract';
import type { Search } from '../../data/address.ts';
import type { Scope } from '../../data/scope.ts';

/** "All", as it stands in the address. */
export const allValue = '$all';
/** Options that are spelled out when all are meant; more are one expression that anything fits. */
const spelledOut = 100;

export interface Option {
  readonly text: string;
  readonly value: string;
}

/** What is chosen of one variable. */
export interface Choice {
  readonly variable: DashboardVariable;
  readonly options: readonly Option[];
  /** Values as in the address: [`allValue`] for all. */
  readonly chosen: readonly string[];
  /** Why its options could not be read. */
  readonly fault: string;
}

export const addressKey = (name: string): string => `var-${name}`;

/** Values joined by commas; a comma or backslash of a value has a backslash before it. */
export function writeChosen(values: readonly string[]): string {
  return values.map((value) => value.replaceAll(/[\\,]/g, String.raw`\$&`)).join(',');
}

export function readChosen(text: string): readonly string[] {
  return (text.match(/(?:\\.|[^\\,])+/gs) ?? []).map((part) => part.replaceAll(/\\(.)/gs, '$1'));
}

/** What is chosen: by the page's scope, by the address, by the author, or the first that there is. */
export function chosenOf(
  variable: DashboardVariable,
  options: readonly Option[],
  search: Search,
  scope: Pick<Scope, 'site' | 'service'>,
): readonly string[] {
  if ((variable.type === 'site' || variable.type === 'service') && scope[variable.type] !== '')
    return [scope[variable.type]];
  const asked = search[addressKey(variable.name)];
  if (asked !== undefined) {
    if (variable.type === 'text') return [asked];
    const values = readChosen(asked);
    if (values.length > 0) return 'multi' in variable && variable.multi ? values : values.slice(0, 1);
  }
  if (variable.initial.length > 0) return variable.initial;
  if ('all' in variable && variable.all) return [allValue];
  return options.slice(0, 1).map(({ value }) => value);
}

/** What is filled into queries for a choice. */
export function valueOf({ variable, options, chosen }: Pick<Choice, 'variable' | 'options' | 'chosen'>): VariableValue {
  const multi = 'multi' in variable && (variable.multi || variable.all);
  if (!chosen.includes(allValue) || !('all' in variable)) return { values: chosen, multi };
  if (variable.allValue !== '') return { values: [variable.allValue], multi, asIs: true };
  if (options.length === 0 || options.length > spelledOut) return { values: ['.*'], multi, asIs: true };
  return { values: options.map(({ value }) => value), multi };
}

export function valuesOf(choices: readonly Choice[]): VariableValues {
  return Object.fromEntries(choices.map((choice) => [choice.variable.name, valueOf(choice)]));
}

/** What an expression finds in a value: `text` to show and `value` to fill in; undefined where it does not fit. */
export type Shape = (value: string) => Option | undefined;

/** The options that `shape` makes of values, each once, in order. */
export function shapeOptions(values: readonly string[], shape: Shape | undefined, sort: string): readonly Option[] {
  const kept = values.flatMap((value): Option[] => {
    if (shape === undefined) return [{ text: value, value }];
    const option = shape(value);
    return option === undefined ? [] : [option];
  });
  const unlike = [...new Map(kept.map((option) => [option.value, option])).values()];
  if (sort === 'none') return unlike;
  const numeric = sort.startsWith('number');
  const sorted = unlike.toSorted((a, b) => a.text.localeCompare(b.text, 'en', { numeric }));
  return sort.endsWith('-desc') ? sorted.toReversed() : sorted;
}
