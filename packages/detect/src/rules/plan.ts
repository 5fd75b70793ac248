import type { Batch } from './batch.ts';
import { FeedbackBatch } from './feedback-batch.ts';
import { IssuesBatch } from './issues-batch.ts';
import { PatternsBatch } from './patterns-batch.ts';
import { MetricBatch, pulledLabels, type MetricColumn } from './metric-batch.ts';
import {
  questionKey,
  type FeedbackQuestion,
  type IssuesQuestion,
  type MetricQuestion,
  type PatternsQuestion,
  type Question,
  type RecordsQuestion,
  type SeenQuestion,
  type VitalQuestion,
} from './questions.ts';
import { RecordsBatch, type RecordsColumn } from './records-batch.ts';
import { compileRest, pullScope, type PulledQuestion } from './records-plan.ts';
import { SeenBatch, VitalBatch } from './site-batches.ts';

/** Conditions of one query: beyond this the engine plans longer than it counts. */
const columnsPerQuery = 100;
/** Characters of conditions in one query. */
const charactersPerQuery = 60_000;

/**
 * Puts the questions of one organisation's rules into as few queries as answer them: questions over the same table,
 * window and grouping share one, with a column for each distinct condition. `alone` holds the keys of questions that
 * failed before: each gets a query of its own. Questions must have passed their rule type's `check`.
 */
export function planQuestions(questions: readonly Question[], alone: ReadonlySet<string> = new Set()): Batch[] {
  const distinct = [...new Map(questions.map((question) => [questionKey(question), question])).values()];
  const lonely = distinct.filter((question) => alone.has(questionKey(question)));
  const social = distinct.filter((question) => !alone.has(questionKey(question)));
  return [...planTogether(social), ...lonely.flatMap((question) => planTogether([question]))];
}

function planTogether(questions: readonly Question[]): Batch[] {
  const records: RecordsQuestion[] = [];
  const metrics: MetricQuestion[] = [];
  const vitals: VitalQuestion[] = [];
  const seen: SeenQuestion[] = [];
  const issues: IssuesQuestion[] = [];
  const patterns: PatternsQuestion[] = [];
  const feedback: FeedbackQuestion[] = [];
  for (const question of questions) {
    if (question.kind === 'records') records.push(question);
    else if (question.kind === 'metric') metrics.push(question);
    else if (question.kind === 'vital') vitals.push(question);
    else if (question.kind === 'issues') issues.push(question);
    else if (question.kind === 'patterns') patterns.push(question);
    else if (question.kind === 'feedback') feedback.push(question);
    else seen.push(question);
  }
  return [
    ...planRecords(records),
    ...planMetrics(metrics),
    ...(vitals.length > 0 ? [new VitalBatch(vitals)] : []),
    ...(seen.length > 0 ? [new SeenBatch(seen)] : []),
    ...issues.map((question) => new IssuesBatch(question)),
    ...patterns.map((question) => new PatternsBatch(question)),
    ...feedback.map((question) => new FeedbackBatch(question)),
  ];
}

function planRecords(questions: readonly RecordsQuestion[]): Batch[] {
  const shapes = new Map<string, { pulled: PulledQuestion; columns: Map<string, PulledQuestion[]> }>();
  for (const question of questions) {
    const read = pullScope(question);
    if (!read.ok) throw new Error(`a checked search cannot be read: ${read.error.message}`);
    const pulled = read.value;
    // Conditions that name words skip most of the table; one that names none would make them read all of it.
    const shapeKey = JSON.stringify([
      question.table,
      question.windowMs,
      pulled.keys,
      pulled.onlyVolume,
      question.maxAgeMs ?? 0,
    ]);
    const shape = shapes.get(shapeKey) ?? { pulled, columns: new Map<string, PulledQuestion[]>() };
    shapes.set(shapeKey, shape);
    const condition = compileRest(pulled, 'c');
    const columnKey = JSON.stringify([condition.sql, condition.parameters, question.measure], (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const column = shape.columns.get(columnKey);
    if (column) column.push(pulled);
    else shape.columns.set(columnKey, [pulled]);
  }
  return [...shapes.values()].flatMap(({ pulled, columns }) => {
    const shape = { table: pulled.question.table, windowMs: pulled.question.windowMs, keys: pulled.keys };
    const entries = [...columns].map(([key, all]) => ({
      size: key.length,
      column: { pulled: all } as unknown as RecordsColumn,
    }));
    return chunks(entries).map((chunk) => new RecordsBatch(shape, chunk));
  });
}

function chunks<T>(entries: readonly { size: number; column: T }[]): T[][] {
  const out: T[][] = [];
  let characters = 0;
  for (const { size, column } of entries) {
    const last = out.at(-1);
    if (last && last.length < columnsPerQuery && characters + size <= charactersPerQuery) {
      last.push(column);
      characters += size;
    } else {
      out.push([column]);
      characters = size;
    }
  }
  return out;
}

function planMetrics(questions: readonly MetricQuestion[]): Batch[] {
  const shapes = new Map<string, { first: MetricQuestion; keys: string[]; columns: Map<string, MetricQuestion[]> }>();
  for (const question of questions) {
    const fixed = Object.keys(question.where).filter((label) => pulledLabels.has(label));
    const keys = [...new Set([...question.by, ...fixed])].sort();
    const shapeKey = JSON.stringify([question.metrics, question.windowMs, question.aggregate === 'increase', keys]);
    const shape = shapes.get(shapeKey) ?? { first: question, keys, columns: new Map<string, MetricQuestion[]>() };
    shapes.set(shapeKey, shape);
    const columnKey = JSON.stringify([
      question.aggregate,
      Object.entries(restOf(question)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    const column = shape.columns.get(columnKey);
    if (column) column.push(question);
    else shape.columns.set(columnKey, [question]);
  }
  return [...shapes.values()].flatMap(({ first, keys, columns }) => {
    const shape = { metrics: first.metrics, windowMs: first.windowMs, counter: first.aggregate === 'increase', keys };
    const entries = [...columns].map(([key, all]) => ({ size: key.length, column: columnOf(all) }));
    return chunks(entries).map((chunk) => new MetricBatch(shape, chunk));
  });
}

/** Labels of a question that are no keys. */
function restOf(question: MetricQuestion): Record<string, string> {
  return Object.fromEntries(Object.entries(question.where).filter(([label]) => !pulledLabels.has(label)));
}

function columnOf(questions: readonly MetricQuestion[]): MetricColumn {
  const [first, ...more] = questions;
  if (!first) throw new Error('a column without a question');
  return { aggregate: first.aggregate, where: restOf(first), questions: [first, ...more] };
}
