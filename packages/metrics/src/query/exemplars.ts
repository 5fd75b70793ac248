import { QueryFailure, type Exemplar, type Expression, type Labels, type Matcher } from '@sightline/query/promql';
import type { TelemetryReader } from '@sightline/store/port';
import { labelsAt, type SeriesIndex } from '../selection.ts';

/** Series whose exemplars are read, and exemplars of all of them. */
const mostSeries = 5000;
const mostExemplars = 20_000;

export interface SeriesExemplars {
  readonly labels: Labels;
  readonly exemplars: readonly Exemplar[];
}

/** The exemplars of each series that a selector of `expression` matches, in order of time. Throws `QueryFailure` and `StoreError`. */
export async function readExemplars(
  expression: Expression,
  query: { readonly organisation: string; readonly startMs: number; readonly endMs: number },
  index: SeriesIndex,
  store: TelemetryReader,
): Promise<{ readonly series: readonly SeriesExemplars[]; readonly warnings: readonly string[] }> {
  const { organisation, startMs, endMs } = query;
  const warnings = new Set<string>();
  const labelsOf = new Map<string, Labels>();
  for (const matchers of selectorsOf(expression)) {
    const selected = await index.select({
      organisation,
      matchers,
      startMs,
      endMs,
      limit: mostSeries,
      labelsOnly: true,
    });
    if (!selected.ok) throw new QueryFailure(selected.error);
    const { fps, labels, incomplete } = selected.value;
    if (incomplete !== undefined) warnings.add(incomplete);
    if (labels) for (const [i, fp] of fps.entries()) labelsOf.set(String(fp), labelsAt(labels, i));
  }
  if (labelsOf.size === 0) return { series: [], warnings: [...warnings] };
  const metrics = new Set([...labelsOf.values()].map((labels) => labels.__name__ ?? ''));
  const rows = await store.query<{ fp: string; t: string; value: number | null; labels: Record<string, string> }>(
    `SELECT fp, t, value, labels FROM metric_exemplars
     WHERE organisation = {organisation:String} AND metric IN {metrics:Array(String)} AND fp IN {fps:Array(UInt64)}
       AND t BETWEEN {start:Int64} AND {end:Int64} ORDER BY metric, fp, t LIMIT ${mostExemplars}`,
    {
      organisation,
      metrics: [...metrics],
      fps: [...labelsOf.keys()].map(BigInt),
      start: Math.floor(startMs),
      end: Math.floor(endMs),
    },
  );
  if (rows.length === mostExemplars)
    warnings.add(
      `More than ${mostExemplars} exemplars match: those of some series are left out. Narrow the query or the range.`,
    );
  const found = new Map<string, Exemplar[]>();
  for (const { fp, t, value, labels } of rows) {
    const exemplar = { labels, value: value ?? Number.NaN, atMs: Number(t) };
    const known = found.get(fp);
    if (known) known.push(exemplar);
    else found.set(fp, [exemplar]);
  }
  const series = [...found].map(([fp, exemplars]) => ({ labels: labelsOf.get(fp) ?? {}, exemplars }));
  return { series, warnings: [...warnings] };
}

function selectorsOf(expression: Expression): (readonly Matcher[])[] {
  switch (expression.kind) {
    case 'vector-selector':
      return [expression.matchers];
    case 'matrix-selector':
      return selectorsOf(expression.selector);
    case 'parentheses':
    case 'unary':
    case 'subquery':
      return selectorsOf(expression.inner);
    case 'aggregate':
      return [...selectorsOf(expression.inner), ...(expression.parameter ? selectorsOf(expression.parameter) : [])];
    case 'call':
      return expression.arguments.flatMap(selectorsOf);
    case 'binary':
      return [...selectorsOf(expression.left), ...selectorsOf(expression.right)];
    default:
      return [];
  }
}
