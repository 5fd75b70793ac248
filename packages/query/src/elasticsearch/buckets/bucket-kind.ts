import type { Json } from '../fault.ts';
import { ElasticFault } from '../fault.ts';
import type { ElasticField } from '../fields.ts';

/** No more buckets are answered, as in Elasticsearch (`search.max_buckets`). */
export const mostBuckets = 65_535;

/** One aggregation as it was asked for. */
export interface Aggregation {
  readonly name: string;
  readonly kind: string;
  readonly body: Json;
  readonly inner: readonly Aggregation[];
}

/** A level of buckets around an aggregation: an expression that gives each document its bucket (as text) and a condition. */
export interface Level {
  readonly sql: string;
  readonly where: string;
}

/** A bucket that has documents. */
export interface Bucket {
  readonly key: string;
  readonly count: number;
}

/** How documents fall into the buckets of an aggregation, and how those are shown. */
export interface BucketKind {
  readonly level: Level;
  readonly columns: readonly string[];
  readonly end: (around: number) => string;
  /** The level for what stands inside: of buckets that are shown alone. */
  readonly within: (parents: ReadonlyMap<string, readonly Bucket[]>) => Level;
  /** True where buckets without documents are shown. */
  readonly fills: boolean;
  /** True where documents outside the shown buckets are counted. */
  readonly rest: boolean;
  readonly show: (buckets: readonly Bucket[], sub: (key: string) => object, all: number) => unknown;
}

/** More buckets than are answered. `found`: how many there would be, where that is known. */
export const tooManyBuckets = (found?: number): ElasticFault =>
  new ElasticFault(
    'too_many_buckets_exception',
    `Trying to create too many buckets. Must be less than or equal to: [${mostBuckets}]${found === undefined ? '' : ` but was [${found}]`}`,
  );

/** `HAVING` for `min_doc_count`, where it leaves any bucket out. */
export const leastDocuments = (least: number): string => (least > 1 ? `HAVING n >= ${Math.trunc(least)}` : '');

/** The names of the keys around, in SQL. */
export const keysAround = (around: number): string[] => Array.from({ length: around }, (_, index) => `k${index}`);

/** A key with what people read of it, where it is a time. */
export function shownKey(key: string, field: ElasticField): object {
  return field.kind === 'date' ? { key: Number(key), key_as_string: new Date(Number(key)).toISOString() } : { key };
}
