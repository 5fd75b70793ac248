import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';

type Body = Record<string, unknown>;

/**
 * Where a scroll or a point in time stands. It is the id itself that says it, so that nothing of it is kept here, no process of an installation
 * needs to know of the other's, and none expires. It is no secret and no right: whose documents are read, the key of each request says.
 */
const cursor = z.object({
  index: z.string().max(2000),
  /** Documents that were stored later are not part of it, milliseconds since the epoch. */
  untilMs: z.number().min(0).max(8.64e15),
  /** The search of a scroll. */
  body: z.record(z.string(), z.unknown()).optional(),
  /** Values of the last hit's sort keys. */
  after: z.array(z.unknown()).max(20).optional(),
  total: z.object({ value: z.number(), relation: z.enum(['eq', 'gte']) }).optional(),
});
export type Cursor = z.infer<typeof cursor>;

const longestId = 64 * 1024;
const longestBody = 256 * 1024;

/** The id of a cursor; undefined where its search is too long for one. */
export function cursorId(value: Cursor): string | undefined {
  const text = JSON.stringify(value);
  if (text.length > longestBody) return undefined;
  const id = deflateRawSync(text).toString('base64url');
  return id.length > longestId ? undefined : id;
}

/** The cursor of an id; undefined where it is none. */
export function readCursor(id: unknown): Cursor | undefined {
  if (typeof id !== 'string' || id.length > longestId || !/^[\w-]+$/.test(id)) return undefined;
  try {
    const text = inflateRawSync(Buffer.from(id, 'base64url'), { maxOutputLength: longestBody }).toString('utf8');
    const read = cursor.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    // No bytes of ours.
    return undefined;
  }
}

/** A search within what a cursor has seen, its hits in an order in which each has a place of its own. */
export function withinCursor(body: Body, { untilMs, after }: Cursor): Body {
  const { query, sort } = body;
  const stored = { range: { 'event.ingested': { lte: untilMs } } };
  return {
    ...body,
    query: { bool: { filter: [...(query === undefined || query === null ? [] : [query]), stored] } },
    sort: ordered(sort),
    ...(after ? { search_after: after } : {}),
  };
}

const newestFirst = [{ '@timestamp': 'desc' }];
const oldestFirst = [{ '@timestamp': 'asc' }];
const tie = '_shard_doc';

function ordered(sort: unknown): unknown[] {
  const keys: unknown[] = sort === undefined || sort === null ? newestFirst : Array.isArray(sort) ? sort : [sort];
  const named = (key: unknown): string =>
    typeof key === 'string' ? (key.split(':')[0] ?? '') : (Object.keys(key as object)[0] ?? '');
  const last = keys.at(-1);
  // In any order: then the one in which the engine reads.
  if (keys.length === 0 || (keys.length === 1 && ['_doc', tie].includes(named(last)))) return [...oldestFirst, tie];
  return ['_doc', tie, '_id'].includes(named(last)) ? keys : [...keys, tie];
}
