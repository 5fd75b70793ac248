import { fail, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { Metric, Pipeline, TraceqlError } from './ast.ts';
import { type CompareRow, comparedSeries } from './compared-series.ts';
import { isTrue } from './evaluate.ts';
import type { FullSpan } from './full-span.ts';
import { countAtHand } from './metrics-at-hand.ts';
import type { TraceqlRange, TraceqlSeries } from './metrics-traceql.ts';

/** Different values of all attributes together that are held. */
const mostValues = 200_000;

/**
 * `compare()` where SQL cannot tell which spans are compared, or which of them are selected (structural operators, aggregates, conditions on
 * other spans of the trace): the traces are loaded and looked at, within the bounds of such metrics queries. Refuses, as a value, what
 * would be too much. Throws `StoreError`.
 */
export async function compareAtHand(
  reader: TelemetryReader,
  { pipeline, metric }: { readonly pipeline: Pipeline; readonly metric: Metric },
  range: TraceqlRange,
  exemplars: number,
  limits: QueryLimits,
): Promise<Result<TraceqlSeries[], TraceqlError>> {
  const refuse = (message: string) => fail({ message, position: { from: metric.at, to: metric.at + 1 } });
  if (metric.selection?.kind !== 'filter') return refuse('compare() takes one filter: compare({status = error})');
  const { condition } = metric.selection;
  const values = new Values();
  const counted = await countAtHand(
    reader,
    {
      pipeline,
      at: metric.at,
      count: ({ span, trace, step }) => {
        const own = span.span as FullSpan;
        const selected = isSelected(metric, own) && (condition === undefined || isTrue(condition, span, trace));
        const pairs = pairsOf(own);
        values.add(selected ? 1 : 0, pairs, step);
        return { labels: [selected ? '1' : '0', JSON.stringify(pairs)], value: undefined };
      },
    },
    range,
    exemplars,
    limits,
  );
  if (!counted.ok) return counted;
  if (values.full)
    return refuse(
      `the spans have more than ${mostValues} different values: filter them further, or choose a shorter range`,
    );
  return comparedSeries(values.rows(metric.top), counted.value, metric, range, exemplars);
}

/** Whether a span begins in the stretch that the selection ends with. */
function isSelected({ selectionRange }: Metric, { startNs }: FullSpan): boolean {
  if (!selectionRange) return true;
  const at = BigInt(startNs);
  return at > BigInt(Math.trunc(selectionRange.from)) && at <= BigInt(Math.trunc(selectionRange.to));
}

/** Names and values of all that is compared, each once, as where SQL counts. */
function pairsOf(span: FullSpan): readonly (readonly [name: string, value: string])[] {
  const seen = new Map<string, readonly [string, string]>();
  const add = (name: string, value: string) => {
    if (value !== '') seen.set(`${name}\0${value}`, [name, value]);
  };
  const addAll = (scope: string, attributes: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(attributes)) add(`${scope}.${name}`, value);
  };
  addAll('span', span.attributes);
  addAll('resource', span.resource);
  for (const { attributes, name } of span.events) {
    addAll('event', attributes);
    add('event:name', name);
  }
  for (const attributes of span.linkAttributes) addAll('link', attributes);
  add('name', span.name);
  add('kind', span.kind);
  add('status', span.status);
  add('statusMessage', span.statusMessage);
  add('instrumentation:name', span.scopeName);
  if (span.resource['service.name'] === undefined) add('resource.service.name', span.service);
  return [...seen.values()];
}

type Steps = Map<number, number>;

/** How often each value came, by selection, attribute and step, within a bound. */
class Values {
  full = false;
  #held = 0;
  /** By `0` or `1` for the selection and the attribute's name. */
  readonly #attributes = new Map<
    string,
    { selected: number; name: string; total: Steps; values: Map<string, Steps> }
  >();

  add(selected: number, pairs: readonly (readonly [string, string])[], step: number): void {
    for (const [name, value] of pairs) {
      const key = `${selected}${name}`;
      let attribute = this.#attributes.get(key);
      if (!attribute) this.#attributes.set(key, (attribute = { selected, name, total: new Map(), values: new Map() }));
      let steps = attribute.values.get(value);
      if (!steps) {
        if (this.#held >= mostValues) {
          this.full = true;
          return;
        }
        this.#held++;
        attribute.values.set(value, (steps = new Map()));
      }
      bump(attribute.total, step);
      bump(steps, step);
    }
  }

  /** In the order of the engine's: values before totals, the selection first, then by name and value. */
  rows(top: number): CompareRow[] {
    const attributes = [...this.#attributes.values()].toSorted(
      (a, b) => b.selected - a.selected || order(a.name, b.name),
    );
    const values = attributes.flatMap(({ selected, name, values: all }) =>
      [...all]
        .map(([value, steps]) => ({ value, steps, count: [...steps.values()].reduce((sum, n) => sum + n, 0) }))
        .toSorted((a, b) => b.count - a.count || order(a.value, b.value))
        .slice(0, top)
        .toSorted((a, b) => order(a.value, b.value))
        .map(({ value, steps }) => rowOf({ selected, name, value, total: 0, different: String(all.size) }, steps)),
    );
    const totals = attributes.map(({ selected, name, total }) =>
      rowOf({ selected, name, value: 'nil', total: 1, different: '0' }, total),
    );
    return [...values, ...totals];
  }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const bump = (steps: Steps, step: number): void => void steps.set(step, (steps.get(step) ?? 0) + 1);

const rowOf = (row: Omit<CompareRow, 'steps' | 'counts'>, steps: Steps): CompareRow => ({
  ...row,
  steps: [...steps.keys()].map(String),
  counts: [...steps.values()].map(String),
});
