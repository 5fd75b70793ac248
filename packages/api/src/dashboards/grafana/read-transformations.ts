import type { PanelType } from '@sightline/contract';
import { listOf, numberOf, objectOf, objectsOf, textOf, within, type Json } from './json.ts';
import type { Notes } from './notes.ts';
import { namesOf, type DraftQuery } from './read-overrides.ts';
import { reductionOf } from './read-options.ts';

/** Columns of a table as `organize` and its like left them. */
interface Columns {
  readonly order: Map<string, number>;
  readonly titles: Map<string, string>;
  readonly hidden: Set<string>;
  /** Those alone that match; undefined where all are shown. */
  only: Set<string> | undefined;
}

/** What transformations add to a panel: options of ours, and queries. */
export interface Transformed {
  readonly options: object;
  readonly queries: readonly DraftQuery[];
}

const columnsAtMost = 100;
const queriesAtMost = 26;

/**
 * Transformations as far as our panels say the same: a table joins its queries by their labels by itself, so that merging needs nothing; names,
 * order and choice of columns are options of the table; a calculation of two queries is a query; a reduction is the panel's. The rest is
 * noted, each with its reason.
 */
export function applyTransformations(
  panel: Json,
  type: PanelType,
  queries: readonly DraftQuery[],
  title: string,
  notes: Notes,
): Transformed {
  const work = new Work(type, [...queries], title, notes);
  for (const { id, options, disabled, filter } of objectsOf(panel['transformations'])) {
    if (disabled === true) continue;
    if (textOf(within(filter, 'options')) !== '') work.leave(textOf(id), 'it is for a part of the queries');
    else work.apply(textOf(id), objectOf(options));
  }
  return work.done();
}

class Work {
  readonly #type: PanelType;
  readonly #queries: DraftQuery[];
  readonly #title: string;
  readonly #notes: Notes;
  readonly #columns: Columns = { order: new Map(), titles: new Map(), hidden: new Set(), only: undefined };
  readonly #left = new Map<string, Set<string>>();
  #reduce: string | undefined;

  constructor(type: PanelType, queries: DraftQuery[], title: string, notes: Notes) {
    this.#type = type;
    this.#queries = queries;
    this.#title = title;
    this.#notes = notes;
  }

  leave(id: string, why = ''): void {
    this.#left.set(why, (this.#left.get(why) ?? new Set()).add(id));
  }

  apply(id: string, options: Json): void {
    switch (id) {
      case 'merge':
      case 'labelsToFields':
        return this.#type === 'table' ? undefined : this.leave(id);
      case 'seriesToColumns':
      case 'joinByField':
        return this.#join(id, textOf(options['byField']));
      case 'organize':
        return this.#organize(options);
      case 'filterFieldsByName':
        return this.#filter(options);
      case 'reduce':
        return this.#reduced(options);
      case 'calculateField':
        return this.#calculate(options);
      default:
        return this.leave(id);
    }
  }

  done(): Transformed {
    for (const [why, ids] of this.#left) {
      const list = [...ids].join(', ');
      this.#notes.add(this.#title, `Transformations are left out${why === '' ? '' : `, because ${why}`}: ${list}.`);
    }
    const { order, titles, hidden, only } = this.#columns;
    const named = [...new Set([...order.keys(), ...titles.keys(), ...hidden, ...(only ?? [])])]
      .toSorted((a, b) => (order.get(a) ?? Infinity) - (order.get(b) ?? Infinity) || 0)
      .slice(0, columnsAtMost);
    const columns = named.map((name) => ({
      name: name.slice(0, 200),
      title: (titles.get(name) ?? '').slice(0, 200),
      hidden: hidden.has(name) || (only !== undefined && !only.has(name)),
    }));
    return {
      options: {
        ...(this.#type === 'table' && columns.length > 0 ? { columns, otherColumns: only === undefined } : {}),
        ...(this.#reduce === undefined ? {} : { reduce: this.#reduce }),
      },
      queries: this.#queries,
    };
  }

  #join(id: string, by: string): void {
    if (this.#type !== 'table') return this.leave(id);
    if (by === '' || /^time$/i.test(by))
      return this.leave(id, 'our table has a row for each set of labels, not for each moment');
    this.#notes.add(this.#title, `Rows are joined by all their labels, not by ${by.slice(0, 100)} alone.`);
  }

  /** The name under which our table knows a column of Grafana's; undefined for time, which it never shows. */
  #columnOf(name: string): string | undefined {
    if (/^time(?: \d+| #\w+)?$/i.test(name)) return undefined;
    const query = this.#queryOf(name);
    return query ? `Value #${query.ref}` : name;
  }

  #queryOf(name: string): DraftQuery | undefined {
    return this.#queries.find((query) => namesOf(query, this.#queries).includes(name));
  }

  #organize({ excludeByName, includeByName, indexByName, renameByName }: Json): void {
    const table = this.#type === 'table';
    for (const [from, to] of Object.entries(objectOf(renameByName))) {
      if (textOf(to) === '') continue;
      const query = this.#queryOf(from);
      if (!table) {
        if (query) query.legend = textOf(to).slice(0, 200);
        else this.leave('organize', 'names of single series are no legend');
        continue;
      }
      const column = this.#columnOf(from);
      if (column !== undefined) this.#columns.titles.set(column, textOf(to));
    }
    if (!table) {
      if (Object.values(objectOf(excludeByName)).includes(true))
        this.leave('organize', 'single series cannot be taken out');
      return;
    }
    for (const [name, out] of Object.entries(objectOf(excludeByName))) {
      const column = this.#columnOf(name);
      if (out === true && column !== undefined) this.#columns.hidden.add(column);
    }
    const shown = Object.keys(objectOf(includeByName)).flatMap((name) => this.#columnOf(name) ?? []);
    if (shown.length > 0) this.#columns.only = new Set(shown);
    for (const [name, index] of Object.entries(objectOf(indexByName))) {
      const column = this.#columnOf(name);
      if (column !== undefined) this.#columns.order.set(column, numberOf(index) ?? 0);
    }
  }

  #filter({ include, exclude, byVariable }: Json): void {
    if (this.#type !== 'table') return this.leave('filterFieldsByName', 'single series cannot be taken out');
    if (byVariable === true) return this.leave('filterFieldsByName', 'the columns are named by a variable');
    const listed = (of: unknown): string[] =>
      listOf(within(of, 'names')).flatMap((name) => this.#columnOf(textOf(name)) ?? []);
    const patterns = [include, exclude].map((of) => textOf(within(of, 'pattern')));
    if (patterns.some((pattern) => pattern !== '')) {
      // Which labels there are only the answers tell; of values it is known.
      return this.leave('filterFieldsByName', 'columns are chosen by an expression');
    }
    if (listOf(within(include, 'names')).length > 0) this.#columns.only = new Set(listed(include));
    for (const column of listed(exclude)) this.#columns.hidden.add(column);
  }

  #reduced({ reducers, mode }: Json): void {
    const wanted = listOf(reducers).map(reductionOf);
    const [first] = wanted;
    if (!['table', 'stat', 'gauge', 'bar', 'toplist'].includes(this.#type) || first === undefined)
      return this.leave('reduce');
    this.#reduce = first;
    for (const query of this.#queries) query.instant = false;
    if (wanted.length > 1)
      this.#notes.add(this.#title, `Of several reductions the first is kept: ${textOf(listOf(reducers)[0])}.`);
    if (mode === 'reduceFields') this.#notes.add(this.#title, 'Each series is reduced by itself, one row for each.');
  }

  /** `A / B` becomes a query of its own. */
  #calculate(options: Json): void {
    const { mode, alias, replaceFields } = options;
    const { left, right, operator } = objectOf(options['binary']);
    const sign = textOf(operator);
    if (mode !== 'binary' || !['+', '-', '*', '/', '%', '^'].includes(sign))
      return this.leave('calculateField', 'our queries calculate with two values and + - * / % ^ alone');
    const sides = [left, right].map((side) => this.#sideOf(side));
    const [a, b] = sides;
    if (a === undefined || b === undefined || sides.every((side) => side?.query === undefined))
      return this.leave('calculateField', 'it is not known which query its fields are of');
    if (this.#queries.length >= queriesAtMost)
      return this.leave('calculateField', 'the panel has no room for its query');
    const expression = `${a.text} ${sign} ${b.text}`;
    const ref = freeRef(this.#queries.map((query) => query.ref));
    const base = a.query ?? b.query;
    const legend =
      textOf(alias) ||
      `${textOf(within(left, 'fixed')) || textOf(left)} ${sign} ${textOf(within(right, 'fixed')) || textOf(right)}`;
    this.#queries.push({
      kind: 'promql',
      ref,
      expression: expression.slice(0, 8000),
      legend: legend.slice(0, 200),
      instant: base?.instant === true,
      hidden: false,
    });
    if (replaceFields === true) for (const { query } of [a, b]) if (query) query.hidden = true;
  }

  /** A field's query, or a number. In newer files a field stands as a matcher, a number as `fixed`. */
  #sideOf(side: unknown): { readonly text: string; readonly query?: DraftQuery } | undefined {
    const name = textOf(side) || textOf(within(side, 'fixed')) || textOf(within(side, 'matcher', 'options'));
    const query = this.#queryOf(name);
    if (query?.kind === 'promql' && query.expression !== undefined) return { text: `(${query.expression})`, query };
    const number = numberOf(name);
    return number === null ? undefined : { text: String(number) };
  }
}

function freeRef(taken: readonly string[]): string {
  for (let n = 0; n < queriesAtMost; n++) {
    const ref = String.fromCharCode(65 + n);
    if (!taken.includes(ref)) return ref;
  }
  return `X${taken.length}`;
}
