import { fail, ok, type Result } from '@sightline/base';
import {
  compileParsedSearch,
  findField,
  parseSearch,
  type CompiledSearch,
  type Search,
  type SearchError,
  type Table,
} from '@sightline/query';
import { seenDimensions, type RecordsQuestion, type SeenDimension } from './questions.ts';

/**
 * A question whose equalities on site, service and environment became group-by keys: five hundred rules that differ in
 * their site alone are then one query.
 */
export interface PulledQuestion {
  readonly question: RecordsQuestion;
  /** Values that the keys must have, in lower case as the search language compares them. */
  readonly scope: ReadonlyMap<SeenDimension, string>;
  /** Group-by keys: the question's own and those of the scope, each once, sorted. */
  readonly keys: readonly string[];
  /** What is left of the search. */
  readonly rest: Search;
  readonly onlyVolume: boolean;
}

/** Reads the search of a question and takes the scope out of it. */
export function pullScope(question: RecordsQuestion): Result<PulledQuestion, SearchError> {
  const parsed = parseSearch(question.query);
  if (!parsed.ok) return parsed;
  const scope = new Map<SeenDimension, string>();
  const items = parsed.value.kind === 'and' ? parsed.value.items : [parsed.value];
  const rest = items.filter((item) => {
    const found = equality(question.table, item);
    if (!found || scope.has(found.dimension)) return true;
    scope.set(found.dimension, found.value.toLowerCase());
    return false;
  });
  const left: Search =
    rest.length === 0 ? { kind: 'everything' } : rest.length === 1 && rest[0] ? rest[0] : { kind: 'and', items: rest };
  const compiled = compileParsedSearch(question.table, left);
  if (!compiled.ok) return compiled;
  return ok({
    question,
    scope,
    keys: [...new Set([...question.by, ...scope.keys()])].sort(),
    rest: left,
    onlyVolume: compiled.value.onlyVolume,
  });
}

/** `site:STORE_047` and its like; undefined for every other term. */
function equality(table: Table, item: Search): { dimension: SeenDimension; value: string } | undefined {
  if (item.kind !== 'field' || item.test.kind !== 'is' || item.test.value.wildcard || item.test.value.text === '')
    return undefined;
  const field = findField(table, item.field);
  const dimension = field.kind === 'dimension' ? seenDimensions.find((name) => name === field.column) : undefined;
  return dimension && { dimension, value: item.test.value.text };
}

/** The scope of a search as it was written: labels of what the rule finds. Nothing for a search that cannot be read. */
export function scopeLabels(table: Table, query: string): Record<string, string> {
  const parsed = parseSearch(query);
  if (!parsed.ok) return {};
  const items = parsed.value.kind === 'and' ? parsed.value.items : [parsed.value];
  const found = items.flatMap((item) => equality(table, item) ?? []);
  return Object.fromEntries(found.toReversed().map(({ dimension, value }) => [dimension, value]));
}

/** Compiles what is left of a search with parameter names of its own. The search was compiled before, so it fits. */
export function compileRest(pulled: PulledQuestion, prefix: string): CompiledSearch {
  const compiled = compileParsedSearch(pulled.question.table, pulled.rest, prefix);
  if (!compiled.ok) throw new Error(`a checked search does not compile: ${compiled.error.message}`);
  return compiled.value;
}

const ownColumns: Readonly<Record<Table, readonly string[]>> = {
  logs: ['site', 'service', 'environment', 'device', 'release'],
  spans: ['site', 'service', 'environment', 'device', 'release', 'name'],
  errors: ['site', 'service', 'environment', 'device', 'release', 'type', 'transaction'],
};

/** The value of a label of a record, as SQL; attribute names are bound as `{<parameter>:String}`. */
export function labelSql(table: Table, label: string, parameter: string): string {
  if (ownColumns[table].includes(label)) return `toString(${label})`;
  if (table === 'errors') return `toString(tags[{${parameter}:String}])`;
  return `toString(if(mapContains(attrs, {${parameter}:String}), attrs[{${parameter}:String}], res[{${parameter}:String}]))`;
}

/** A number of a record as SQL, NULL where it has none; undefined when the field cannot be one. */
export function numberSql(table: Table, name: string, parameter: string): Result<{ sql: string; key: string }, string> {
  const field = findField(table, name);
  if (field.kind === 'duration') return ok({ sql: `toFloat64(${field.column}) / 1e6`, key: '' });
  if (field.kind === 'number') return ok({ sql: `toFloat64(${field.column})`, key: '' });
  if (field.kind === 'attribute') {
    const places = field.maps.flatMap((map) =>
      field.keys.map((_, i) => `toFloat64OrNull(${map}[{${parameter}:Array(String)}[${i + 1}]])`),
    );
    return ok({ sql: `coalesce(${places.join(', ')}, NULL)`, key: JSON.stringify(field.keys) });
  }
  return fail(`expected a field that holds a number, such as duration; ${name} holds none`);
}
