import type { Result } from '@sightline/base';
import type { FloatHistogram, MetricType, ReceivedExemplar } from '@sightline/record';

/** What is known of a metric family. */
export interface Family {
  /** '' where the target says nothing of it. */
  readonly name: string;
  type: MetricType;
  unit: string;
  help: string;
}

/** One sample as a target exposes it. */
export interface ExposedSample {
  /** Name and value in turn, `__name__` among them, in the target's order; the same array for the same text where a memo is used. */
  readonly labels: readonly string[];
  readonly value: number;
  /** Milliseconds since the epoch; undefined where the target names no time. */
  readonly atMs: number | undefined;
  readonly family: Readonly<Family>;
  readonly histogram?: FloatHistogram;
  readonly exemplars?: readonly ReceivedExemplar[];
  /** When the counter began, milliseconds since the epoch. */
  readonly startMs?: number;
}

/** Samples in the target's order, or what is wrong with its answer, with the line. A scrape is taken whole or not at all. */
export type Exposed = Result<readonly ExposedSample[], string>;

/** Labels by the text that names the series: a target says the same texts at each scrape. */
export type LabelMemo = Map<string, readonly string[]>;

export const unknownFamily: Readonly<Family> = { name: '', type: 'unknown', unit: '', help: '' };

/** How many classic series and quantiles share one family: what a suffix makes of a name. */
const suffixes: readonly (readonly [suffix: string, types: readonly MetricType[]])[] = [
  ['_bucket', ['histogram', 'gaugehistogram']],
  ['_count', ['histogram', 'summary']],
  ['_sum', ['histogram', 'summary']],
  ['_total', ['counter']],
  ['_created', ['counter', 'histogram', 'summary']],
  ['_gcount', ['gaugehistogram']],
  ['_gsum', ['gaugehistogram']],
  ['_info', ['info']],
];

/** The family that a sample of this name belongs to. */
export function familyOf(name: string, families: ReadonlyMap<string, Family>): Readonly<Family> {
  const exact = families.get(name);
  if (exact) return exact;
  for (const [suffix, types] of suffixes) {
    if (!name.endsWith(suffix)) continue;
    const family = families.get(name.slice(0, -suffix.length));
    if (family && types.includes(family.type)) return family;
  }
  return unknownFamily;
}
