import { expect, it } from 'vitest';
import { nearLimit } from './near-limit.ts';

it.each([
  [79, 100, ''],
  [80, 100, 'near the limit'],
  [100, 100, 'at the limit'],
  [101, 100, 'at the limit'],
  [101, null, ''],
])('%s of %s: %s', (series, limit, word) => expect(nearLimit(series, limit).word).toBe(word));
