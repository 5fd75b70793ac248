import { formatGoNumber } from '../histogram/format.ts';
import { formatTwoDigits } from './number-format.ts';
import type { ScanAnnotation } from '../source.ts';

type Level = ScanAnnotation['level'];

/** Buckets that had to be made monotonic: what Prometheus adds up over steps and series. */
interface Monotonicity {
  minMs: number;
  maxMs: number;
  minBucket: number;
  maxBucket: number;
  maxDifference: number;
  count: number;
}

interface Entry {
  readonly level: Level;
  readonly message: string;
  /** Offset into the query's text. */
  readonly position: number;
  readonly monotonicity?: Monotonicity;
  readonly count?: number;
}

const utf8 = new TextEncoder();

/** Line and column of an offset, columns in bytes, as Prometheus counts: `1:6`. */
function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return `${before.split('\n').length}:${utf8.encode(before.slice(lineStart)).length + 1}`;
}

/**
 * Warnings and infos of a query in Prometheus' words. The same words are said once, with the place that said them last
 * (https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview).
 */
export class Annotations {
  readonly #entries = new Map<string, Entry>();

  warn(message: string, position: number): void {
    this.add('warning', `PromQL warning: ${message}`, position);
  }

  info(message: string, position: number): void {
    this.add('info', `PromQL info: ${message}`, position);
  }

  /** With the whole message, `PromQL info: …`; `count` of those that are counted. */
  add(level: Level, message: string, position: number, count?: number): void {
    const counted = count === undefined ? undefined : count + (this.#entries.get(message)?.count ?? 0);
    this.#entries.set(message, { level, message, position, ...(counted !== undefined && { count: counted }) });
  }

  /** Classic buckets that were not monotonic at `atMs`. */
  forcedMonotonicity(
    metric: string,
    position: number,
    atMs: number,
    fix: { readonly minBucket: number; readonly maxBucket: number; readonly maxDifference: number },
  ): void {
    const message = `PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${named(metric)}`;
    const known = this.#entries.get(message)?.monotonicity;
    if (!known) {
      const monotonicity = { ...fix, minMs: atMs, maxMs: atMs, count: 1 };
      this.#entries.set(message, { level: 'info', message, position, monotonicity });
      return;
    }
    known.minMs = Math.min(known.minMs, atMs);
    known.maxMs = Math.max(known.maxMs, atMs);
    known.minBucket = Math.min(known.minBucket, fix.minBucket);
    known.maxBucket = Math.max(known.maxBucket, fix.maxBucket);
    known.maxDifference = Math.max(known.maxDifference, fix.maxDifference);
    known.count++;
  }

  /** All that was said, with places in `text`. */
  finish(text: string): { readonly warnings: readonly string[]; readonly infos: readonly string[] } {
    const said = (level: Level): string[] =>
      [...this.#entries.values()].filter((entry) => entry.level === level).map((entry) => phrase(entry, text));
    return { warnings: said('warning'), infos: said('info') };
  }
}

/** ` for metric name "x"`, or nothing where there is no name. */
export function named(metric: string): string {
  return metric === '' ? '' : ` for metric name ${JSON.stringify(metric)}`;
}

function phrase({ message, position, monotonicity, count }: Entry, text: string): string {
  const place = `(${lineAndColumn(text, position)})`;
  if (count !== undefined && count > 1) return `${message} (${count} occurrences) ${place}`;
  if (!monotonicity) return `${message} ${place}`;
  const { minBucket, maxBucket, maxDifference, minMs, maxMs } = monotonicity;
  const day = (ms: number): string => `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;
  return (
    `${message}, from buckets ${formatGoNumber(minBucket)} to ${formatGoNumber(maxBucket)}, with a max diff of ` +
    `${formatTwoDigits(maxDifference)}, over ${monotonicity.count} samples from ${day(minMs)} to ${day(maxMs)} ${place}`
  );
}
