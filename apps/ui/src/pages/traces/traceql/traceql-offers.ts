import { z } from 'zod';
import type { CompletedLanguage, Offered } from '../../../editor/completed-language.ts';
import { knownNames } from '../../../editor/known-names.ts';
import { insideQuotes, nameOffers, wordOffers } from '../../../editor/offers.ts';
import { queryPlace } from '../../../editor/query-place.ts';

/** A value of an attribute, and whether it is a word of the language, as `error` of `status` is. */
export interface TraceqlValue {
  readonly type: string;
  readonly value: string;
}

/** Where names come from. Attributes as they are written: `resource.service.name`, `duration`. */
export interface TraceqlNames {
  readonly attributes: () => Promise<readonly string[]>;
  readonly values: (attribute: string) => Promise<readonly TraceqlValue[]>;
}

const stages = wordOffers(
  {
    count: 'spans of a trace: count() > 3',
    avg: 'of a number: avg(duration)',
    min: 'of a number',
    max: 'of a number',
    sum: 'of a number',
    by: 'groups within a trace',
    select: 'show these attributes too',
    coalesce: 'groups as one again',
    rate: 'spans a second, over time',
    count_over_time: 'spans, over time',
    min_over_time: 'of a number, over time',
    max_over_time: 'of a number, over time',
    avg_over_time: 'of a number, over time',
    sum_over_time: 'of a number, over time',
    quantile_over_time: 'quantile_over_time(duration, 0.95)',
    histogram_over_time: 'buckets, over time',
    topk: 'the k greatest series',
    bottomk: 'the k least series',
    compare: 'what sets these spans apart',
  },
  'function',
);
const by = wordOffers({ by: 'one series for each' }, 'keyword');
const words = new Set([...stages.map(({ label }) => label), 'true', 'false', 'nil']);
const nameSigns = /[A-Za-z_][\w.:-]*$/;
const compared = /([A-Za-z_.][\w.:-]*)\s*(?:=~|!~|!=|>=|<=|=|>|<)$/;
const ofAttributes = new Set([...words, 'by', 'select']);

/** What can stand at the caret of a TraceQL query; undefined where nothing can be offered. */
export async function traceqlOffers(text: string, caret: number, names: TraceqlNames): Promise<Offered | undefined> {
  const place = queryPlace(text, caret, nameSigns, '//');
  if (place === undefined) return undefined;
  const { before, from, word, open } = place;
  const inner = open.at(-1);
  const within = open.some(({ sign }) => sign === '{');
  const attribute = compared.exec(before)?.[1];
  if (place.string !== undefined) {
    if (attribute === undefined) return undefined;
    const values = await names.values(attribute);
    return {
      from,
      offers: values
        .filter(({ type }) => type === 'string')
        .map(({ value }) => ({
          label: value,
          apply: insideQuotes(value, place.string!.quote),
        })),
    };
  }
  if (within) {
    if (attribute !== undefined) {
      const values = await names.values(attribute);
      return {
        from,
        offers: values.map(({ type, value }) => ({ label: type === 'string' ? JSON.stringify(value) : value })),
      };
    }
    return /(?:[{(!]|&&|\|\|)$/.test(before) ? { from, offers: nameOffers(await names.attributes()) } : undefined;
  }
  if (inner?.sign === '(' && ofAttributes.has(inner.word)) {
    return /[(,]$/.test(before) ? { from, offers: nameOffers(await names.attributes()) } : undefined;
  }
  if (before.endsWith('|') && !before.endsWith('||')) return { from, offers: stages };
  return word !== '' && before.endsWith(')') ? { from, offers: by } : undefined;
}

const scopes = z.object({ scopes: z.array(z.object({ name: z.string(), tags: z.array(z.string()) })) });
const values = z.object({ tagValues: z.array(z.object({ type: z.string(), value: z.string() })) });

/** TraceQL that is completed from what came in between `from` and `to`, ms since the epoch. */
export function traceqlLanguage({ from, to }: { readonly from: number; readonly to: number }): CompletedLanguage {
  const time = { start: Math.floor(from / 1000), end: Math.ceil(to / 1000) };
  const names: TraceqlNames = {
    attributes: async () =>
      ((await knownNames('/tempo/api/v2/search/tags', {}, time, scopes))?.scopes ?? []).flatMap(({ name, tags }) =>
        name === 'intrinsic' ? tags : tags.map((tag) => `${name}.${tag}`),
      ),
    values: async (tag) =>
      (await knownNames('/tempo/api/v2/search/tag/:tag/values', { tag }, time, values))?.tagValues ?? [],
  };
  return { comment: '//', words, offer: async (text, caret) => traceqlOffers(text, caret, names) };
}
