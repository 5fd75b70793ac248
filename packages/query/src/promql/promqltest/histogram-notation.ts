import { fail, ok, type Result } from '@sightline/base';
import type { CounterResetHint, FloatHistogram } from '../histogram/float-histogram.ts';

export interface NotedHistogram {
  readonly histogram: FloatHistogram;
  /** True where the hint was written down: only then it is compared. */
  readonly hintGiven: boolean;
}

const hints: Readonly<Record<string, CounterResetHint>> = { unknown: 0, reset: 1, not_reset: 2, gauge: 3 };
const numbers = ['schema', 'count', 'sum', 'z_bucket', 'z_bucket_w', 'offset', 'n_offset'] as const;
const lists = ['buckets', 'n_buckets', 'custom_values'] as const;

/** `{{schema:1 count:3 sum:4 buckets:[1 2]}}`; the error is a sentence. */
export function parseTestHistogram(text: string): Result<NotedHistogram, string> {
  const value: Record<string, number> = {};
  const list: Record<string, number[]> = {};
  let hint: CounterResetHint | undefined;
  const items = text.slice(2, -2).match(/\w+:(?:\[[^\]]*\]|\S+)|\S+/gu) ?? [];
  for (const item of items) {
    const [, name = '', content = ''] = /^(\w+):(.*)$/u.exec(item) ?? [];
    if ((numbers as readonly string[]).includes(name)) value[name] = toNumber(content);
    else if ((lists as readonly string[]).includes(name))
      list[name] = (content.slice(1, -1).match(/\S+/gu) ?? []).map(toNumber);
    else if (name === 'counter_reset_hint' && hints[content] !== undefined) hint = hints[content];
    else return fail(`"${item}" is no part of a histogram`);
  }
  const side = (buckets: readonly number[], offset: number) =>
    buckets.length === 0 ? [] : [{ offset, length: buckets.length }];
  const positive = list['buckets'] ?? [];
  const negative = list['n_buckets'] ?? [];
  const histogram: FloatHistogram = {
    counterResetHint: hint ?? 0,
    schema: value['schema'] ?? 0,
    zeroThreshold: value['z_bucket_w'] ?? 0,
    zeroCount: value['z_bucket'] ?? 0,
    count: value['count'] ?? 0,
    sum: value['sum'] ?? 0,
    positiveSpans: side(positive, value['offset'] ?? 0),
    negativeSpans: side(negative, value['n_offset'] ?? 0),
    positiveBuckets: positive,
    negativeBuckets: negative,
    customValues: list['custom_values'] ?? [],
  };
  return ok({ histogram, hintGiven: hint !== undefined });
}

export function toNumber(text: string): number {
  const bare = text.replace(/^[+-]/u, '').toLowerCase();
  const value = bare === 'inf' ? Infinity : bare === 'nan' ? Number.NaN : Number(bare);
  return text.startsWith('-') ? -value : value;
}
