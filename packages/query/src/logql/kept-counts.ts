import type { TelemetryReader } from '@sightline/store/port';
import type { BucketRow } from './bucket-sql.ts';
import type { LargePart } from './large-parts.ts';

/** Buckets of a question: `first` included, `end` excluded, numbered from the epoch. */
export interface BucketSpan {
  readonly first: number;
  readonly end: number;
}

/** What of a question is read, and what need not be. */
export interface ReadPlan {
  /** Parts that are read for themselves, over all of the question's buckets; and so are all lines that are in none of `apart`. */
  readonly fresh: readonly LargePart[];
  /** Of parts that are kept the buckets that are not. */
  readonly edges: readonly { readonly part: LargePart; readonly span: BucketSpan }[];
  /** Parts whose counts are kept. */
  readonly known: readonly LargePart[];
  /** What is kept of the question's buckets, by the part's id. */
  readonly kept: ReadonlyMap<string, readonly BucketRow[]>;
}

/** What a question found in one part: its groups, with the buckets of `span` numbered as there. */
interface KeptPart {
  readonly span: BucketSpan;
  readonly rows: readonly BucketRow[];
}
interface Question {
  readonly bytes: number;
  readonly parts: ReadonlyMap<string, KeptPart>;
}

/** What all questions of a store may take together, and one part of one question. Roughly: numbers and labels. */
const mostBytes = 32 * 1024 * 1024;
const mostPartBytes = 1024 * 1024;

/**
 * Counts by bucket of questions that were asked, part by part: a dashboard asks the same of a range that moves on, and a part holds what it
 * held. Bounded: the question that was not asked for longest is forgotten first.
 */
export class KeptCounts {
  readonly #questions = new Map<string, Question>();
  #bytes = 0;

  /**
   * How to read a question over `span`. `parts` are the large ones that are there now; `bucketOf` tells the bucket of a time, ms. Of parts that are not kept
   * yet `mostFresh` are read for themselves.
   */
  plan(
    question: string,
    parts: readonly LargePart[],
    span: BucketSpan,
    bucketOf: (ms: number) => number,
    mostFresh: number,
  ): ReadPlan {
    const before = this.#questions.get(question)?.parts;
    const fresh: LargePart[] = [];
    const edges: { part: LargePart; span: BucketSpan }[] = [];
    const known: LargePart[] = [];
    const kept = new Map<string, readonly BucketRow[]>();
    for (const part of parts) {
      const own = before?.get(part.id);
      const common = own && overlap(own.span, span);
      if (!own || !common || (common.end - common.first) * 2 < span.end - span.first) {
        if (fresh.length < mostFresh) fresh.push(part);
        continue;
      }
      known.push(part);
      kept.set(part.id, within(own.rows, common));
      const beyond = [
        { first: span.first, end: common.first },
        { first: common.end, end: span.end },
      ];
      // Most parts have no line in what a range moved on by.
      for (const edge of beyond)
        if (edge.first < edge.end && bucketOf(part.fromMs) - 1 <= edge.end && bucketOf(part.toMs) + 1 >= edge.first)
          edges.push({ part, span: edge });
    }
    return { fresh, edges, known, kept };
  }

  /** Keeps what was kept before and `read` since, by the part's id, over `span`. Other parts are forgotten. */
  keep(
    question: string,
    { fresh, known, kept }: ReadPlan,
    span: BucketSpan,
    read: ReadonlyMap<string, readonly BucketRow[]>,
  ): void {
    const parts = new Map<string, KeptPart>();
    let bytes = 2 * question.length;
    for (const { id } of [...known, ...fresh]) {
      const rows = joined([...(kept.get(id) ?? []), ...(read.get(id) ?? [])]);
      const size = rows.reduce((sum, row) => sum + bytesOf(row), 0);
      if (size > mostPartBytes) continue;
      parts.set(id, { span, rows });
      bytes += size;
    }
    this.#bytes += bytes - (this.#questions.get(question)?.bytes ?? 0);
    this.#questions.delete(question);
    this.#questions.set(question, { bytes, parts });
    for (const [oldest, { bytes: freed }] of this.#questions) {
      if (this.#bytes <= mostBytes) break;
      this.#questions.delete(oldest);
      this.#bytes -= freed;
    }
  }
}

function overlap(a: BucketSpan, b: BucketSpan): BucketSpan | undefined {
  const common = { first: Math.max(a.first, b.first), end: Math.min(a.end, b.end) };
  return common.first < common.end ? common : undefined;
}

/** The buckets of a span alone. */
function within(rows: readonly BucketRow[], { first, end }: BucketSpan): BucketRow[] {
  return rows.map((row) => {
    if (row.ks.every((k) => k >= first && k < end)) return row;
    const at = row.ks.flatMap((k, index) => (k >= first && k < end ? [index] : []));
    const of = <T>(all: readonly T[]): T[] => at.map((index) => all[index]!);
    return { ...row, ks: of(row.ks), ns: of(row.ns), vs: of(row.vs) };
  });
}

/** One row for each group. */
function joined(rows: readonly BucketRow[]): BucketRow[] {
  const groups = new Map<string, BucketRow>();
  for (const row of rows) {
    if (row.ks.length === 0) continue;
    const { ks, ns, vs, ...labels } = row;
    const key = JSON.stringify(labels);
    const other = groups.get(key);
    groups.set(
      key,
      other ? { ...labels, ks: [...other.ks, ...ks], ns: [...other.ns, ...ns], vs: [...other.vs, ...vs] } : row,
    );
  }
  return [...groups.values()];
}

const bytesOf = ({ ks, ns: _ns, vs: _vs, ...labels }: BucketRow): number =>
  24 * ks.length + 2 * JSON.stringify(labels).length + 200;

const stores = new WeakMap<TelemetryReader, KeptCounts>();

/** The counts that are kept of a store. */
export function keptCountsOf(reader: TelemetryReader): KeptCounts {
  let kept = stores.get(reader);
  if (!kept) stores.set(reader, (kept = new KeptCounts()));
  return kept;
}
