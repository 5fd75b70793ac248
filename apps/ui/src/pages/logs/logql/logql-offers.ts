import { z } from 'zod';
import type { CompletedLanguage, Offered } from '../../../editor/completed-language.ts';
import { knownNames } from '../../../editor/known-names.ts';
import { insideQuotes, nameOffers, wordOffers } from '../../../editor/offers.ts';
import { queryPlace } from '../../../editor/query-place.ts';

/** Where names come from: all of a range, ms since the epoch. */
export interface LogqlNames {
  readonly labels: () => Promise<readonly string[]>;
  readonly values: (label: string) => Promise<readonly string[]>;
}

const rangeFunctions = wordOffers(
  {
    rate: 'entries a second',
    count_over_time: 'entries',
    bytes_rate: 'bytes a second',
    bytes_over_time: 'bytes',
    rate_counter: 'unwrapped, of a counter',
    sum_over_time: 'unwrapped',
    avg_over_time: 'unwrapped',
    min_over_time: 'unwrapped',
    max_over_time: 'unwrapped',
    stddev_over_time: 'unwrapped',
    stdvar_over_time: 'unwrapped',
    quantile_over_time: 'unwrapped: quantile first',
    first_over_time: 'unwrapped',
    last_over_time: 'unwrapped',
    absent_over_time: '1 where there is nothing',
  },
  'function',
);
const aggregations = wordOffers(
  {
    sum: 'of series',
    avg: 'of series',
    min: 'of series',
    max: 'of series',
    count: 'of series',
    stddev: 'of series',
    stdvar: 'of series',
    topk: 'the k greatest',
    bottomk: 'the k least',
    sort: 'ascending',
    sort_desc: 'descending',
    label_replace: 'a label from another',
    vector: 'a number as a series',
  },
  'function',
);
const stages = wordOffers(
  {
    json: 'read fields of JSON',
    logfmt: 'read key=value',
    pattern: 'read by a template <_>',
    regexp: 'read by named groups',
    unpack: 'read what a client packed',
    line_format: 'write the line anew',
    label_format: 'rename or make a label',
    unwrap: 'a label as the number',
    drop: 'without these labels',
    keep: 'with these labels alone',
    decolorize: 'without colour codes',
  },
  'keyword',
);
const groupings = wordOffers({ by: 'one series for each', without: 'all labels but these' }, 'keyword');
const words = new Set([...rangeFunctions, ...aggregations, ...stages, ...groupings].map(({ label }) => label));
const aggregating = new Set(['sum', 'avg', 'min', 'max', 'count', 'stddev', 'stdvar', 'topk', 'bottomk']);

const nameSigns = /[A-Za-z_]\w*$/;
const matcher = /([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)$/;

/** What can stand at the caret of a LogQL query; undefined where nothing can be offered. */
export async function logqlOffers(text: string, caret: number, names: LogqlNames): Promise<Offered | undefined> {
  const place = queryPlace(text, caret, nameSigns, '#');
  if (place === undefined) return undefined;
  const { before, from, word, open } = place;
  const inner = open.at(-1);
  if (place.string !== undefined) {
    const label = inner?.sign === '{' ? matcher.exec(before)?.[1] : undefined;
    if (label === undefined) return undefined;
    return {
      from,
      offers: (await names.values(label)).map((value) => ({
        label: value,
        apply: insideQuotes(value, place.string!.quote),
      })),
    };
  }
  if (inner?.sign === '{') return /[{,]$/.test(before) ? { from, offers: nameOffers(await names.labels()) } : undefined;
  if (inner?.sign === '[') return undefined;
  if (inner?.sign === '(' && (inner.word === 'by' || inner.word === 'without')) {
    return /[(,]$/.test(before) ? { from, offers: nameOffers(await names.labels()) } : undefined;
  }
  if (before.endsWith('|') && !before.endsWith('||')) return { from, offers: stages };
  if (/\|\s*(?:unwrap|drop|keep)(?:\s+[\w\s,]*,)?$/.test(before))
    return { from, offers: nameOffers(await names.labels()) };
  if (word === '') return undefined;
  if (aggregating.has(nameSigns.exec(before)?.[0] ?? '') || (before.endsWith(')') && inner?.sign !== '('))
    return { from, offers: groupings };
  return before === '' || /[(,+*/%^<>=-]$/.test(before)
    ? { from, offers: [...rangeFunctions, ...aggregations] }
    : undefined;
}

const list = z.object({ data: z.array(z.string()) });

/** LogQL that is completed from what came in between `from` and `to`, ms since the epoch. */
export function logqlLanguage({ from, to }: { readonly from: number; readonly to: number }): CompletedLanguage {
  const time = { start: `${from}000000`, end: `${to}000000` };
  const names: LogqlNames = {
    labels: async () => (await knownNames('/loki/api/v1/labels', {}, time, list))?.data ?? [],
    values: async (name) => (await knownNames('/loki/api/v1/label/:name/values', { name }, time, list))?.data ?? [],
  };
  return { comment: '#', words, offer: async (text, caret) => logqlOffers(text, caret, names) };
}
