import type { Json } from '../fault.ts';
import { readComposite } from '../composite.ts';
import type { QuerySql } from '../query-sql.ts';
import type { BucketKind } from './bucket-kind.ts';
import { dateHistogramBuckets } from './date-histogram.ts';
import { histogramBuckets } from './histogram.ts';

/** A bucket for each combination of values, a page at a time. */
export function compositeBuckets(compiler: QuerySql, body: Json): BucketKind {
  const { sql, where, end, shownKey } = readComposite(body, compiler, {
    dateHistogram: (source) => dateHistogramBuckets(compiler, source).level,
    histogram: (source) => histogramBuckets(compiler, source).level,
  });
  return {
    level: { sql, where },
    columns: [],
    end: (around) => end(`k${around}`),
    within: (parents) => {
      const kept = [...parents.values()].flatMap((buckets) => buckets.map(({ key }) => key));
      return { sql, where: `${where} AND has(${compiler.bind('Array(String)', kept)}, ${sql})` };
    },
    fills: false,
    rest: false,
    show: (buckets, sub) => {
      const last = buckets.at(-1);
      return {
        ...(last ? { after_key: shownKey(last.key) } : {}),
        buckets: buckets.map(({ key, count }) => ({ key: shownKey(key), doc_count: count, ...sub(key) })),
      };
    },
  };
}
