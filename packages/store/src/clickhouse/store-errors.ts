/** ClickHouse's endings in the port's words. */
import { StoreError } from '../port/index.ts';

const kinds: Readonly<Record<number, StoreError['kind']>> = {
  159: 'timeout',
  160: 'timeout',
  209: 'timeout',
  241: 'memory',
  173: 'memory',
  158: 'too-many-rows',
  307: 'too-many-rows',
  396: 'too-many-rows',
  394: 'cancelled',
  202: 'unavailable',
  210: 'unavailable',
  // What the bytes of a file, a format or a value can cause.
  6: 'bad-data',
  26: 'bad-data',
  27: 'bad-data',
  33: 'bad-data',
  38: 'bad-data',
  41: 'bad-data',
  70: 'bad-data',
  72: 'bad-data',
  117: 'bad-data',
  130: 'bad-data',
  190: 'bad-data',
  321: 'bad-data',
  349: 'bad-data',
  354: 'bad-data',
  376: 'bad-data',
  407: 'bad-data',
  427: 'bad-data',
  432: 'bad-data',
  441: 'bad-data',
  444: 'bad-data',
  457: 'bad-data',
  467: 'bad-data',
  632: 'bad-data',
  636: 'bad-data',
  675: 'bad-data',
  676: 'bad-data',
  691: 'bad-data',
};

/** The `StoreError` for an answer that is not 2xx, or for the block that ends a broken stream. */
export function errorFromText(text: string, code = Number(/Code: (\d+)/.exec(text)?.[1] ?? 0)): StoreError {
  return new StoreError(kinds[code] ?? 'bug', text.trim().slice(0, 4000), code);
}

const unreachable = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'EPIPE',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ETIMEDOUT',
]);

/** True when the request never reached the store, or the store vanished under it. */
export function isUnreachable(error: unknown): boolean {
  return unreachable.has((error as NodeJS.ErrnoException | null)?.code ?? '');
}

/** True when the request certainly never reached the store, so that it can be sent again whatever it does. */
export function neverSent(error: unknown): boolean {
  return ['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN'].includes(
    (error as NodeJS.ErrnoException | null)?.code ?? '',
  );
}
