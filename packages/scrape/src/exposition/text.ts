import { fail, ok, type Result } from '@sightline/base';
import type { MetricType } from '@sightline/record';
import { type Exposed, type ExposedSample, type Family, familyOf, type LabelMemo, unknownFamily } from './exposed.ts';
import { canonicalBound, readNumber } from './number-text.ts';
import { readSeries, seriesEnd } from './read-series.ts';

const types: ReadonlyMap<string, MetricType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
  ['unknown', 'unknown'],
  ['gaugehistogram', 'gaugehistogram'],
  ['info', 'info'],
  ['stateset', 'stateset'],
]);

/** Families as they are told, line by line. */
export class Families {
  readonly #families = new Map<string, Family>();
  /** Of the names seen since the last word about a family. */
  readonly #known = new Map<string, Readonly<Family>>();

  /** Reads `# HELP`, `# TYPE` or `# UNIT`; other comments say nothing. False when the line is none of them. */
  tell(line: string): boolean {
    const match = /^#[ \t]+(HELP|TYPE|UNIT)[ \t]+("(?:[^"\\]|\\.)*"|[^ \t]+)(?:[ \t](.*))?$/.exec(line);
    if (!match) return false;
    const [, what, given = '', text = ''] = match;
    const name = given.startsWith('"') ? given.slice(1, -1).replace(/\\(["\\])/g, '$1') : given;
    const family = this.#families.get(name) ?? { ...unknownFamily, name };
    this.#families.set(name, family);
    this.#known.clear();
    if (what === 'TYPE') family.type = types.get(text.trim()) ?? 'unknown';
    else if (what === 'UNIT') family.unit = text.trim();
    else family.help = text.replace(/\\([\\n"])/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
    return true;
  }

  of(name: string): Readonly<Family> {
    let family = this.#known.get(name);
    if (!family) {
      family = familyOf(name, this.#families);
      this.#known.set(name, family);
    }
    return family;
  }
}

/** The labels of a series' text, `le` and `quantile` in one form. */
export function labelsOf(text: string, families: Families, memo: LabelMemo): Result<readonly string[], string> {
  const known = memo.get(text);
  if (known) return ok(known);
  const read = readSeries(text);
  if (!read.ok) return read;
  const labels = [...read.value];
  const { type } = families.of(labels[labels.indexOf('__name__') + 1] ?? '');
  const bound = type === 'summary' ? 'quantile' : type === 'histogram' || type === 'gaugehistogram' ? 'le' : '';
  for (let at = 0; at < labels.length; at += 2)
    if (labels[at] === bound) labels[at + 1] = canonicalBound(labels[at + 1] ?? '');
  memo.set(text, labels);
  return ok(labels);
}

/** The name among labels. */
export function nameOf(labels: readonly string[]): string {
  for (let at = 0; at < labels.length; at += 2) if (labels[at] === '__name__') return labels[at + 1] ?? '';
  return '';
}

/** Prometheus' text format 0.0.4 and 1.0.0 (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). */
export function parseText(text: string, memo: LabelMemo = new Map()): Exposed {
  const samples: ExposedSample[] = [];
  const families = new Families();
  let number = 0;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end).trim();
    at = end + 1;
    number++;
    if (line === '') continue;
    if (line.startsWith('#')) {
      families.tell(line);
      continue;
    }
    const sample = readLine(line, families, memo);
    if (!sample.ok) return fail(`line ${number}: ${sample.error}`);
    samples.push(sample.value);
  }
  return ok(samples);
}

function readLine(line: string, families: Families, memo: LabelMemo): Result<ExposedSample, string> {
  const end = seriesEnd(line, 0);
  if (end < 0) return fail('a brace or a quote stays open');
  let text = line.slice(0, end);
  let rest = line.slice(end).trimStart();
  // `name {label="value"} 1`
  if (rest.startsWith('{')) {
    const braces = seriesEnd(rest, 0);
    if (braces < 0) return fail('a brace or a quote stays open');
    text += rest.slice(0, braces);
    rest = rest.slice(braces).trimStart();
  }
  const labels = labelsOf(text, families, memo);
  if (!labels.ok) return labels;
  const space = rest.search(/[ \t]/);
  const value = readNumber(space < 0 ? rest : rest.slice(0, space));
  if (value === undefined) return fail(`"${rest.slice(0, 100)}" is no value`);
  const time = space < 0 ? '' : rest.slice(space).trim();
  if (time !== '' && !/^[-+]?\d{1,16}$/.test(time)) return fail(`"${time.slice(0, 100)}" is no time in milliseconds`);
  const family = families.of(nameOf(labels.value));
  return ok({ labels: labels.value, value, atMs: time === '' ? undefined : Number(time), family });
}
