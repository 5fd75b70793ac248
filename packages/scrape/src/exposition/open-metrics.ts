import { fail, ok, type Result } from '@sightline/base';
import type { ReceivedExemplar } from '@sightline/record';
import type { Exposed, ExposedSample, LabelMemo } from './exposed.ts';
import { readNumber } from './number-text.ts';
import { readSeries, seriesEnd } from './read-series.ts';
import { Families, labelsOf, nameOf } from './text.ts';

/** Seconds of the text as milliseconds; undefined when they are none. */
function readTime(text: string): number | undefined {
  const seconds = readNumber(text);
  return seconds === undefined || !Number.isFinite(seconds) ? undefined : Math.round(seconds * 1000);
}

/** OpenMetrics 1.0 and 0.0.1 (https://prometheus.io/docs/specs/om/open_metrics_spec/): text that ends in `# EOF`, with times in seconds. */
export function parseOpenMetrics(text: string, memo: LabelMemo = new Map()): Exposed {
  const samples: ExposedSample[] = [];
  const families = new Families();
  let number = 0;
  let ended = false;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end);
    at = end + 1;
    number++;
    if (ended) return fail(`line ${number}: there is more behind # EOF`);
    if (line === '# EOF') {
      ended = true;
      continue;
    }
    if (line.startsWith('#')) {
      if (!families.tell(line)) return fail(`line ${number}: it is neither HELP nor TYPE nor UNIT nor EOF`);
      continue;
    }
    const sample = readLine(line, families, memo);
    if (!sample.ok) return fail(`line ${number}: ${sample.error}`);
    samples.push(sample.value);
  }
  return ended ? ok(withStarts(samples)) : fail('the answer does not end in # EOF: it was cut');
}

function readLine(line: string, families: Families, memo: LabelMemo): Result<ExposedSample, string> {
  const end = seriesEnd(line, 0);
  if (end < 0) return fail('a brace or a quote stays open');
  const labels = labelsOf(line.slice(0, end), families, memo);
  if (!labels.ok) return labels;
  const mark = line.indexOf(' # ', end);
  const words = line
    .slice(end, mark < 0 ? undefined : mark)
    .trim()
    .split(/ +/);
  const value = readNumber(words[0] ?? '');
  if (value === undefined) return fail(`"${(words[0] ?? '').slice(0, 100)}" is no value`);
  const atMs = words[1] === undefined ? undefined : readTime(words[1]);
  if (words.length > 2 || (words[1] !== undefined && atMs === undefined))
    return fail('the time is no number of seconds');
  const family = families.of(nameOf(labels.value));
  const sample = { labels: labels.value, value, atMs, family };
  if (mark < 0) return ok(sample);
  const exemplar = readExemplar(line.slice(mark + 3));
  return exemplar.ok ? ok({ ...sample, exemplars: [exemplar.value] }) : exemplar;
}

/** `{trace_id="…"} value time`; without a time, 0: that of its sample. */
function readExemplar(text: string): Result<ReceivedExemplar, string> {
  const end = seriesEnd(text, 0);
  const labels = end < 0 || !text.startsWith('{') ? undefined : readSeries(text.slice(0, end), false);
  if (!labels?.ok) return fail('the labels of an exemplar cannot be read');
  const [valueText = '', timeText] = text.slice(end).trim().split(/ +/);
  const value = readNumber(valueText);
  const atMs = timeText === undefined ? 0 : readTime(timeText);
  if (value === undefined || atMs === undefined) return fail('an exemplar has no value, or no time in seconds');
  return ok({ labels: labels.value, value, atMs });
}

/** What `_created` says of the series of its family, which stand before it. The series themselves stay, as with Prometheus. */
function withStarts(samples: readonly ExposedSample[]): readonly ExposedSample[] {
  const starts = new Map<string, number>();
  for (const { labels, value, family } of samples) {
    const name = nameOf(labels);
    if (name.endsWith('_created') && hasStart(family.type)) starts.set(groupOf(labels, name), Math.round(value * 1000));
  }
  if (starts.size === 0) return samples;
  return samples.map((sample) => {
    const name = nameOf(sample.labels);
    if (!hasStart(sample.family.type) || name.endsWith('_created')) return sample;
    const startMs = starts.get(groupOf(sample.labels, name));
    return startMs === undefined ? sample : { ...sample, startMs };
  });
}

function hasStart(type: string): boolean {
  return type === 'counter' || type === 'histogram' || type === 'summary';
}

/** What series of one point of a family have in common. */
function groupOf(labels: readonly string[], name: string): string {
  const pairs = [name.replace(/_(?:created|total|bucket|count|sum)$/, '')];
  for (let at = 0; at < labels.length; at += 2) {
    const label = labels[at] ?? '';
    if (label !== '__name__' && label !== 'le' && label !== 'quantile') pairs.push(`${label}\u0000${labels[at + 1]}`);
  }
  return pairs.join('\u0001');
}
