/** The statement that reads chunks of a share's series. */
import type { ChunkQuery } from './engine-reader.ts';

export interface WantedChunks {
  readonly organisation: string;
  readonly metrics: readonly string[];
  /** Two words for each series, the lower first. */
  readonly words: Uint32Array;
  readonly members: Uint32Array;
  /** Series of these metrics altogether; absent where it is not known. */
  readonly family?: number;
  /** Chunks whose `t` lies here, both included: that of a chunk is somewhere in its block. */
  readonly startMs: number;
  readonly endMs: number;
  readonly timeoutMs: number;
  /** Roll-ups instead of samples: where they lie. Of two with the same series and time the newest comes first. */
  readonly rollups?: string;
}

/** Up to here fingerprints are named one by one; more are read as a range, of which the others are skipped. */
const mostNamed = 2000;
const mostNamedOfMany = 30_000;

export function chunkQuery(wanted: WantedChunks): ChunkQuery {
  const { organisation, metrics, members, family, startMs, endMs, timeoutMs, rollups } = wanted;
  const named =
    members.length <= mostNamed || (members.length <= mostNamedOfMany && (family ?? 0) > 3 * members.length);
  const fps = named ? listed(wanted) : range(wanted);
  const [only] = metrics;
  const byMetric = metrics.length === 1 ? 'metric = {metric:String}' : 'metric IN {metrics:Array(String)}';
  // Numbers are made here, so that nothing of a client's becomes part of the text.
  const sql = `SELECT fp, t, chunk FROM ${rollups ?? 'metric_chunks'}
WHERE organisation = {organisation:String} AND ${byMetric} AND ${fps} AND t BETWEEN ${whole(startMs)} AND ${whole(endMs)}
ORDER BY metric, fp, t${rollups === undefined ? '' : ', version DESC'}`;
  return {
    sql,
    timeoutMs,
    parameters: {
      organisation: escaped(organisation),
      ...(metrics.length === 1
        ? { metric: escaped(only ?? '') }
        : { metrics: `[${metrics.map((name) => `'${escaped(name).replaceAll("'", "\\'")}'`).join(',')}]` }),
    },
  };
}

export const whole = (ms: number): string => BigInt(Math.trunc(Math.max(-(2 ** 62), Math.min(2 ** 62, ms)))).toString();

function listed({ words, members }: WantedChunks): string {
  const names: string[] = [];
  for (const member of members)
    names.push(((BigInt(words[2 * member + 1] ?? 0) << 32n) | BigInt(words[2 * member] ?? 0)).toString());
  return `fp IN (${names.join(',')})`;
}

function range({ words, members }: WantedChunks): string {
  let least = 2n ** 64n;
  let greatest = 0n;
  for (const member of members) {
    const fp = (BigInt(words[2 * member + 1] ?? 0) << 32n) | BigInt(words[2 * member] ?? 0);
    if (fp < least) least = fp;
    if (fp > greatest) greatest = fp;
  }
  return `fp BETWEEN ${least} AND ${greatest}`;
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '\\0' };

/** A text as the HTTP interface takes it for a parameter. */
export function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\\\t\n\r\0]/g, (c) => escapes[c] ?? c);
}
