import { dashboardVariable, type DashboardVariable } from '@sightline/contract';
import { listOf, numberOf, objectsOf, textOf, within, type Json } from './json.ts';
import type { Notes } from './notes.ts';

const sorts = ['none', 'text', 'text-desc', 'number', 'number-desc', 'text', 'text-desc', 'text', 'text-desc'] as const;

/** Grafana's variables as ours. Those that choose a data source are not needed: there is one. */
export function readVariables(dashboard: Json, notes: Notes): DashboardVariable[] {
  return objectsOf(within(dashboard, 'templating', 'list')).flatMap((one) => {
    const name = textOf(one['name']);
    const found = readVariable(one, name, notes);
    if (found === undefined) return [];
    const read = dashboardVariable.safeParse(found);
    if (read.success) return [read.data];
    notes.add('', `The variable ${name} is left out: ${read.error.issues[0]?.message ?? 'not readable'}.`);
    return [];
  });
}

function readVariable(one: Json, name: string, notes: Notes): object | undefined {
  const base = {
    name,
    label: textOf(one['label']).slice(0, 200),
    hidden: one['hide'] === 2 || one['hide'] === 'hideVariable',
  };
  const choice = {
    multi: one['multi'] === true,
    all: one['includeAll'] === true,
    allValue: textOf(one['allValue']).slice(0, 200),
  };
  const current = chosen(one);
  switch (textOf(one['type'])) {
    case 'query':
      return { ...base, ...choice, ...readQuery(one, name, notes) };
    case 'custom':
      return { ...base, ...choice, type: 'custom', options: optionsOf(textOf(one['query'])), initial: current };
    case 'constant':
      return { ...base, hidden: true, type: 'custom', options: optionsOf(textOf(one['query'])).slice(0, 1) };
    case 'interval': {
      if (one['auto'] === true)
        notes.add('', `The variable ${name} no longer chooses "auto": use $__interval for that.`);
      const options = textOf(one['query'])
        .split(',')
        .map((part) => part.trim());
      const kept = options.filter((part) => /^\d+(ms|s|m|h|d|w|y)$/.test(part));
      return {
        ...base,
        type: 'interval',
        options: kept.slice(0, 50),
        initial: current.filter((value) => kept.includes(value)).slice(0, 1),
      };
    }
    case 'textbox':
      return { ...base, type: 'text', initial: [textOf(one['query'])] };
    case 'datasource':
      return undefined;
    default:
      notes.add(
        '',
        `The variable ${name} is left out: variables of the type ${textOf(one['type']) || '?'} are not known here.`,
      );
      return undefined;
  }
}

/** What is chosen; "all" is what stands where nothing is. */
function chosen(one: Json): string[] {
  const value = within(one, 'current', 'value');
  return (Array.isArray(value) ? listOf(value).map(textOf) : [textOf(value)])
    .filter((text) => text !== '' && text !== '$__all')
    .slice(0, 100);
}

/** `a,b` or `One : 1,Two : 2`; a comma in a value is written `\,`. */
function optionsOf(query: string): { text: string; value: string }[] {
  return (query.match(/(?:\\.|[^\\,])+/gs) ?? []).slice(0, 500).map((part) => {
    const plain = part.replaceAll(/\\(.)/gs, '$1').trim();
    const pair = /^(.*?)\s+:\s+(.*)$/s.exec(plain);
    return { text: (pair?.[1] ?? plain).slice(0, 200), value: (pair?.[2] ?? plain).slice(0, 200) };
  });
}

function readQuery(one: Json, name: string, notes: Notes): object {
  const query = (textOf(one['query']) || textOf(within(one, 'query', 'query')) || textOf(one['definition'])).trim();
  const regex = textOf(one['regex'])
    .replace(/^\/(.*)\/[a-z]*$/s, '$1')
    .slice(0, 500);
  const base = { type: 'query', regex, sort: sorts[numberOf(one['sort']) ?? 0] ?? 'none' };
  const values = /^label_values\s*\((.*)\)$/s.exec(query)?.[1];
  if (values !== undefined) {
    const comma = lastComma(values);
    const match = comma < 0 ? '' : values.slice(0, comma).trim();
    return { ...base, of: values.slice(comma + 1).trim(), match };
  }
  const metrics = /^metrics\s*\((.*)\)$/s.exec(query)?.[1];
  if (metrics !== undefined)
    return { ...base, of: '__name__', match: metrics.trim() === '' ? '' : `{__name__=~"${metrics.trim()}"}` };
  const result = /^query_result\s*\((.*)\)$/s.exec(query)?.[1];
  if (result !== undefined) return { ...base, expression: result.trim() };
  notes.add('', `The variable ${name} has a query that is not known here: ${query.slice(0, 200) || '(none)'}.`);
  return { ...base, expression: '' };
}

/** The comma before the label: commas within braces and quotes belong to the selector. */
function lastComma(text: string): number {
  let depth = 0;
  let quote = '';
  let last = -1;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i] ?? '';
    if (quote !== '') {
      if (sign === '\\') i++;
      else if (sign === quote) quote = '';
    } else if (sign === '"' || sign === "'" || sign === '`') quote = sign;
    else if ('{(['.includes(sign)) depth++;
    else if ('})]'.includes(sign)) depth--;
    else if (sign === ',' && depth === 0) last = i;
  }
  return last;
}
