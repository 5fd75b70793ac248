import type { MetricColumns } from '@sightline/contract';
import type { Answer, Labels, MatrixSeries } from '@sightline/query/promql';

/** The times of a range query, `startMs + i * stepMs`. */
export interface ColumnGrid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

type Odd = MetricColumns['odd'][number];
const oddNames = (value: number): Odd['value'] => (Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf');

/** An answer of the engine as columns; at most `most` series. Without a grid the answer is that of an instant query. */
export function metricColumns(answer: Answer, most: number, grid?: ColumnGrid): MetricColumns {
  const { value } = answer;
  const said = {
    warnings: [...answer.warnings],
    infos: [...answer.infos],
    samples: answer.samples,
    stepMs: grid?.stepMs ?? 0,
  };
  switch (value.type) {
    case 'string':
      return { type: 'string', times: [], series: [], odd: [], text: value.value, more: 0, ...said };
    case 'scalar':
      return { type: 'scalar', ...columnsOf([value.atMs], [{ labels: {}, values: [value.value] }]), more: 0, ...said };
    case 'vector': {
      const shown = value.samples.slice(0, most);
      const series = shown.map(({ labels, value: one, histogram }) => ({
        labels,
        values: [histogram ? histogram.count : one],
      }));
      const infos = shown.some(({ histogram }) => histogram) ? [...said.infos, histogramsShown] : said.infos;
      const more = value.samples.length - shown.length;
      return { type: 'vector', ...columnsOf([value.atMs], series), more, ...said, infos };
    }
    case 'matrix': {
      const shown = value.series.slice(0, most);
      const times = grid ? timesOf(grid) : timesOfAll(shown);
      const series = shown.map((one) => ({ labels: one.labels, values: spread(one, times) }));
      const infos = shown.some(({ histograms }) => histograms.length > 0)
        ? [...said.infos, histogramsShown]
        : said.infos;
      return { type: 'matrix', ...columnsOf(times, series), more: value.series.length - shown.length, ...said, infos };
    }
  }
}

const histogramsShown =
  'Native histograms are shown by their count; histogram_quantile, histogram_avg and histogram_fraction make numbers of them.';

/** The times of a grid. */
export function timesOf({ startMs, stepMs, count }: ColumnGrid): number[] {
  return Array.from({ length: count }, (_, index) => startMs + index * stepMs);
}

/** Raw samples of an instant query have times of their own. */
function timesOfAll(series: readonly MatrixSeries[]): number[] {
  const all = new Set<number>();
  for (const { floats, histograms } of series) {
    for (const at of floats.times) all.add(at);
    for (const { atMs } of histograms) all.add(atMs);
  }
  return [...all].toSorted((a, b) => a - b);
}

/** The values of a series at all times; undefined where it has none. */
function spread({ floats, histograms }: MatrixSeries, times: readonly number[]): (number | undefined)[] {
  const values = Array.from<number | undefined>({ length: times.length });
  let at = 0;
  for (let i = 0; i < floats.times.length; i++) {
    const time = floats.times[i] ?? 0;
    while (at < times.length && (times[at] ?? 0) < time) at++;
    if (times[at] === time) values[at] = floats.values[i] ?? 0;
  }
  at = 0;
  for (const { atMs, histogram } of histograms) {
    while (at < times.length && (times[at] ?? 0) < atMs) at++;
    if (times[at] === atMs) values[at] = histogram.count;
  }
  return values;
}

function columnsOf(
  times: number[],
  series: readonly { readonly labels: Labels; readonly values: readonly (number | undefined)[] }[],
): Pick<MetricColumns, 'times' | 'series' | 'odd' | 'text'> {
  const odd: Odd[] = [];
  const columns = series.map(({ labels, values }, which) => ({
    labels: { ...labels },
    values: values.map((value, index) => {
      if (value === undefined) return null;
      if (Number.isFinite(value)) return value;
      odd.push({ series: which, index, value: oddNames(value) });
      return null;
    }),
  }));
  return { times, series: columns, odd, text: '' };
}

/** `1:8: parse error: …` points at line 1, sign 8: where that is in the text. Undefined where nothing points. */
export function faultPosition(message: string, expression: string): { from: number; to: number } | undefined {
  const found = /(?:^|\s)(\d+):(\d+): parse error/.exec(message);
  if (!found) return undefined;
  const lines = expression.split('\n');
  const line = Math.min(Number(found[1]), lines.length) - 1;
  const before = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  const from = Math.min(before + Number(found[2]) - 1, expression.length);
  const word = /^[\w:]+/.exec(expression.slice(from))?.[0].length ?? 1;
  return { from, to: Math.min(from + word, Math.max(from, expression.length)) };
}
