import { expect, test } from 'vitest';
import { seriesLabels } from './series-labels.ts';

const nothing = { site: '', service: '' };
const key = { site: 'STORE_7', service: 'till' };

test.each([
  [
    'as it came, sorted',
    { __name__: 'up', job: 'n', a: 'b' },
    nothing,
    { metric: 'up', pairs: ['a', 'b', 'job', 'n'], site: '', service: 'n' },
  ],
  [
    'site of the key',
    { __name__: 'up' },
    key,
    { metric: 'up', pairs: ['site', 'STORE_7'], site: 'STORE_7', service: 'till' },
  ],
  [
    'own site wins',
    { __name__: 'up', site: 'X' },
    key,
    { metric: 'up', pairs: ['site', 'X'], site: 'X', service: 'till' },
  ],
  [
    'a label like a site',
    { __name__: 'up', store_id: '9' },
    key,
    { metric: 'up', pairs: ['site', '9', 'store_id', '9'], site: '9', service: 'till' },
  ],
  [
    'service before job',
    { __name__: 'up', job: 'j', service: 's' },
    nothing,
    { metric: 'up', pairs: ['job', 'j', 'service', 's'], site: '', service: 's' },
  ],
  [
    'empty values are no labels',
    { __name__: 'up', a: '' },
    nothing,
    { metric: 'up', pairs: [], site: '', service: '' },
  ],
  [
    'secrets',
    { __name__: 'up', a: 'jane@example.com', password: 'x' },
    nothing,
    { metric: 'up', pairs: ['a', '<email>', 'password', '<secret>'], site: '', service: '' },
  ],
  ['no name', { a: 'b' }, nothing, undefined],
])('%s', (_, labels, defaults, expected) => {
  expect(seriesLabels(Object.entries(labels).flat(), defaults)).toEqual(expected);
});

test('more labels than the limit are refused', () => {
  const labels = Array.from({ length: 257 }, (_, i) => [`l${i}`, 'x']).flat();
  expect(seriesLabels(['__name__', 'x', ...labels], nothing)).toBeUndefined();
});
