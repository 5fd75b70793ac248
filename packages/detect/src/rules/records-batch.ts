import { ask, scopeCondition, type Table } from '@sightline/query';
import type { TelemetryReads } from '@sightline/query';
import type { ParameterValue, QueryLimits } from '@sightline/store/port';
import { groupLimit, type AskedAt, type Batch } from './batch.ts';
import { groupOf, questionKey, type Answer, type RecordsQuestion } from './questions.ts';
import { compileRest, labelSql, numberSql, type PulledQuestion } from './records-plan.ts';

/** Questions with the same column: they differ in their scope alone. */
export interface RecordsColumn {
  readonly pulled: readonly [PulledQuestion, ...PulledQuestion[]];
}

export interface RecordsShape {
  readonly table: Table;
  readonly windowMs: number;
  readonly keys: readonly string[];
}

interface Row {
  readonly key: readonly string[];
  readonly vals: readonly (number | null)[];
}

const minuteMs = 60_000;
/** Shorter windows are counted to the second from the records; longer ones by whole minutes from the view of volumes. */
const exactUpToMs = 15 * minuteMs;
const volumeKeys: ReadonlySet<string> = new Set(['site', 'service', 'environment']);

/** Up to a hundred conditions over one table and window as `countIf` columns of one query, grouped by all that any of them needs. */
export class RecordsBatch implements Batch {
  readonly answers: readonly string[];
  readonly #shape: RecordsShape;
  readonly #columns: readonly RecordsColumn[];
  readonly #sql: string;
  readonly #parameters: Readonly<Record<string, ParameterValue>>;
  readonly #minutes: boolean;

  constructor(shape: RecordsShape, columns: readonly RecordsColumn[]) {
    this.#shape = shape;
    this.#columns = columns;
    this.answers = columns.flatMap((column) => column.pulled.map((one) => questionKey(one.question)));
    this.#minutes =
      shape.table === 'logs' &&
      shape.windowMs > exactUpToMs &&
      shape.keys.every((key) => volumeKeys.has(key)) &&
      columns.every(({ pulled: [first] }) => first.onlyVolume && first.question.measure === 'count');
    const built = this.#build();
    this.#sql = built.sql;
    this.#parameters = built.parameters;
  }

  #build(): { sql: string; parameters: Record<string, ParameterValue> } {
    const { table, keys } = this.#shape;
    const parameters: Record<string, ParameterValue> = {};
    const conditions: string[] = [];
    const values = this.#columns.map(({ pulled: [first] }, i) => {
      const condition = compileRest(first, `c${i}_`);
      Object.assign(parameters, condition.parameters);
      conditions.push(condition.sql);
      return this.#value(first.question, condition.sql, i, parameters);
    });
    const labels = keys.map((key, i) => {
      const sql = labelSql(table, key, `k${i}`);
      if (sql.includes(`{k${i}:`)) parameters[`k${i}`] = key;
      return sql;
    });
    const distinct = [...new Set(conditions)];
    // One condition that takes everything makes the others useless for skipping.
    const where = distinct.includes('1') ? '1' : `(${distinct.join(' OR ')})`;
    const source = this.#minutes
      ? `volume WHERE organisation = {organisation:String} AND minute >= toDateTime({fromS:UInt32}) AND minute < toDateTime({toS:UInt32})`
      : `${table} WHERE ${scopeCondition(this.#scope({ organisation: '', endMs: 0 })).sql}`;
    const sql = `SELECT ${labels.length === 0 ? "CAST([], 'Array(String)')" : `[${labels.join(', ')}]`} AS key, [${values.join(', ')}] AS vals
      FROM ${source} AND ${where} GROUP BY key ORDER BY arraySum(vals) DESC LIMIT ${groupLimit + 1}`;
    return { sql, parameters };
  }

  #value(question: RecordsQuestion, condition: string, i: number, parameters: Record<string, ParameterValue>): string {
    if (question.measure === 'count')
      return this.#minutes ? `toFloat64(sumIf(records, ${condition}))` : `toFloat64(countIf(${condition}))`;
    const number = numberSql(this.#shape.table, question.measure.field, `n${i}`);
    if (!number.ok) throw new Error(`a checked field is not a number: ${number.error}`);
    if (number.value.key !== '') parameters[`n${i}`] = JSON.parse(number.value.key) as string[];
    // The level cannot be bound: it is a number that the schema has bounded.
    return `toFloat64(ifNull(quantileTDigestIf(${question.measure.quantile})(${number.value.sql}, ${condition}), nan))`;
  }

  #scope(at: AskedAt) {
    const fromMs = at.endMs - this.#shape.windowMs;
    return { organisation: at.organisation, fromMs, toMs: at.endMs, environment: '', site: '', service: '' };
  }

  async ask(reader: TelemetryReads, at: AskedAt, limits: QueryLimits): Promise<ReadonlyMap<string, Answer>> {
    const scope = this.#scope(at);
    const own: Record<string, ParameterValue> = this.#minutes
      ? {
          organisation: at.organisation,
          fromS: Math.floor(scope.fromMs / minuteMs) * 60,
          toS: Math.ceil(at.endMs / 1000),
        }
      : { ...scopeCondition(scope).parameters };
    const rows = await ask<Row>(reader, this.#sql, { ...this.#parameters, ...own }, limits);
    return this.#read(rows);
  }

  #read(rows: readonly Row[]): ReadonlyMap<string, Answer> {
    const overflow = rows.length > groupLimit;
    const byScope = new Map<string, Map<string, Row[]>>();
    const answers = new Map<string, Answer>();
    for (const [i, column] of this.#columns.entries()) {
      for (const pulled of column.pulled) {
        answers.set(questionKey(pulled.question), { values: this.#values(rows, byScope, i, pulled), overflow });
      }
    }
    return answers;
  }

  /** Rows are found by their scope through an index: five hundred rules do not each walk five hundred rows. */
  #values(
    rows: readonly Row[],
    byScope: Map<string, Map<string, Row[]>>,
    column: number,
    pulled: PulledQuestion,
  ): Map<string, number> {
    const { keys } = this.#shape;
    const scoped = [...pulled.scope.keys()].sort();
    const places = scoped.map((name) => keys.indexOf(name));
    const name = scoped.join();
    let index = byScope.get(name);
    if (!index) {
      index = Map.groupBy(rows, (row) => groupOf(places.map((place) => (row.key[place] ?? '').toLowerCase())));
      byScope.set(name, index);
    }
    const by = pulled.question.by.map((label) => keys.indexOf(label));
    const counts = pulled.question.measure === 'count';
    const values = new Map<string, number>();
    for (const row of index.get(groupOf(scoped.map((one) => pulled.scope.get(one) ?? ''))) ?? []) {
      const value = row.vals[column];
      if (value === null || value === undefined || !Number.isFinite(value) || (counts && value === 0)) continue;
      const group = groupOf(by.map((place) => row.key[place] ?? ''));
      const before = values.get(group);
      // Two spellings of one site: counts add up, of quantiles the worse one stands.
      values.set(group, before === undefined ? value : counts ? before + value : Math.max(before, value));
    }
    return values;
  }

  halves(): readonly [Batch, Batch] | undefined {
    if (this.#columns.length < 2) return undefined;
    const middle = this.#columns.length >> 1;
    return [
      new RecordsBatch(this.#shape, this.#columns.slice(0, middle)),
      new RecordsBatch(this.#shape, this.#columns.slice(middle)),
    ];
  }
}
