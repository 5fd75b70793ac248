import { RE2JS } from 're2js';
import type { Expression, Matcher, TimeShift, VectorSelector } from '../../ast.ts';
import { labelOf } from '../../reduce/grouping.ts';
import type { Grid, Labels } from '../../source.ts';
import { shiftGrid } from '../selectors.ts';
import { execution, keyOf, mergeSame, printLabels, type VectorSeries } from '../values.ts';

const identifying = ['instance', 'job'] as const;

function matches({ operator, value }: Matcher, text: string): boolean {
  if (operator === '=') return text === value;
  if (operator === '!=') return text !== value;
  return RE2JS.compile(`^(?s:${value})$`).matches(text) === (operator === '=~');
}

/** Which metrics tell about others: those that are named, else `target_info`; with refusals alone, all that end in `_info`. */
function nameMatchers(selector: VectorSelector | undefined): readonly Matcher[] {
  const given = selector?.matchers.filter(({ label }) => label === '__name__') ?? [];
  if (given.some(({ operator }) => operator === '=' || operator === '=~')) return given;
  if (given.length > 0) return [{ label: '__name__', operator: '=~', value: '.+_info' }, ...given];
  return [{ label: '__name__', operator: '=', value: 'target_info' }];
}

/** The time that the first selector within the argument reads at: info series are taken as of then. */
function firstShift(expression: Expression): TimeShift | undefined {
  switch (expression.kind) {
    case 'vector-selector':
      return expression.shift;
    case 'matrix-selector':
      return expression.selector.shift;
    case 'parentheses':
    case 'unary':
    case 'aggregate':
      return firstShift(expression.inner);
    case 'binary':
      return firstShift(expression.left) ?? firstShift(expression.right);
    case 'call':
      for (const argument of expression.arguments) {
        const shift = firstShift(argument);
        if (shift) return shift;
      }
      return undefined;
    case 'subquery': {
      const inner = firstShift(expression.inner);
      if (!inner || inner.at !== undefined) return inner;
      const { offsetMs, at } = expression.shift;
      return { offsetMs: inner.offsetMs + offsetMs, ...(at !== undefined && { at }) };
    }
    default:
      return undefined;
  }
}

/** `info(v, {…})`: labels of info metrics for series with the same `instance` and `job`. */
export class InfoJoin {
  readonly #dataMatchers: readonly Matcher[];
  readonly #nameMatchers: readonly Matcher[];
  readonly #shift: TimeShift;

  constructor(argument: Expression, selector: VectorSelector | undefined) {
    this.#dataMatchers = selector?.matchers.filter(({ label }) => label !== '__name__') ?? [];
    this.#nameMatchers = nameMatchers(selector);
    this.#shift = firstShift(argument) ?? { offsetMs: 0 };
  }

  /** What info series are asked for; it does not depend on the series that they are joined to. */
  get matchers(): readonly Matcher[] {
    return [...this.#nameMatchers, ...this.#dataMatchers];
  }

  grid(grid: Grid): Grid {
    return shiftGrid(grid, this.#shift, true);
  }

  /** `info` are the times of info samples in seconds, over the same steps. */
  join(base: readonly VectorSeries[], info: readonly VectorSeries[], steps: number): readonly VectorSeries[] {
    const signature = (labels: Labels): string => identifying.map((name) => labelOf(labels, name)).join('\u{0}');
    const known = new Set(
      base
        .map(({ labels }) => labels)
        .filter((labels) => !this.#isInfo(labels))
        .map(signature),
    );
    known.delete('\u{0}');
    const byMetric = new Map<string, Map<string, VectorSeries[]>>();
    for (const series of info) {
      const key = signature(series.labels);
      if (!known.has(key)) continue;
      const name = series.labels['__name__'] ?? '';
      const bySignature = byMetric.get(name) ?? new Map<string, VectorSeries[]>();
      byMetric.set(name, bySignature);
      bySignature.set(key, [...(bySignature.get(key) ?? []), series]);
    }
    const needed = this.#dataMatchers.some((matcher) => !matches(matcher, ''));
    const joined = base.flatMap((series) => {
      if (this.#isInfo(series.labels)) return [series];
      const key = signature(series.labels);
      const partners = [...byMetric.values()].flatMap((bySignature) => {
        const found = bySignature.get(key);
        return found ? [found] : [];
      });
      return this.#enrich(series, partners, needed, steps);
    });
    return mergeSame(joined);
  }

  #isInfo(labels: Labels): boolean {
    return this.#nameMatchers.every((matcher) => matches(matcher, labels['__name__'] ?? ''));
  }

  /** The series by the labels it has at each step: info series come and go. `partners` are lists, one a metric. */
  #enrich(
    series: VectorSeries,
    partners: readonly (readonly VectorSeries[])[],
    needed: boolean,
    steps: number,
  ): VectorSeries[] {
    const results = new Map<string, { readonly labels: Labels; readonly present: Uint8Array }>();
    const labelsOf = new Map<string, { readonly key: string; readonly labels: Labels }>();
    for (let step = 0; step < steps; step++) {
      if (series.present[step] === 0) continue;
      const chosen = partners.map((candidates) => newest(candidates, step));
      if (needed && chosen.every((one) => one < 0)) continue;
      const choice = chosen.join(' ');
      let known = labelsOf.get(choice);
      if (!known) {
        const found = chosen.flatMap((one, metric) => (one < 0 ? [] : [partners[metric]![one]!.labels]));
        const labels = this.#labels(series.labels, found);
        labelsOf.set(choice, (known = { key: keyOf(labels), labels }));
      }
      let result = results.get(known.key);
      if (!result) results.set(known.key, (result = { labels: known.labels, present: new Uint8Array(steps) }));
      result.present[step] = 1;
    }
    return [...results.values()].map((result) => ({ ...series, ...result }));
  }

  #labels(base: Labels, infos: readonly Labels[]): Labels {
    const asked = new Set(this.#dataMatchers.map(({ label }) => label));
    const added: Record<string, string> = {};
    for (const info of infos) {
      for (const [name, value] of Object.entries(info)) {
        if (name === '__name__' || (asked.size > 0 && !asked.has(name))) continue;
        if (labelOf(added, name) !== '' && added[name] !== value) throw execution(`conflicting label: ${name}`);
        if (!Object.hasOwn(base, name)) added[name] = value;
      }
    }
    return { ...base, ...added };
  }
}

/** Index of the info series with the newest sample, -1 for none. Two of the same time contradict each other. */
function newest(candidates: readonly VectorSeries[], step: number): number {
  let best = -1;
  for (const [index, { present, values, labels }] of candidates.entries()) {
    if (present[step] === 0) continue;
    const than = candidates[best];
    if (than && values[step] === than.values[step]) {
      const atMs = Math.round(values[step]! * 1000);
      throw execution(
        `found duplicate series for info metric: existing ${printLabels(than.labels)} @ ${atMs}, ` +
          `new ${printLabels(labels)} @ ${atMs}`,
      );
    }
    if (!than || values[step]! > than.values[step]!) best = index;
  }
  return best;
}
