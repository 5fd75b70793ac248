import { expect, it } from 'vitest';
import { addressOfSearch, searchOfAddress } from './saved-searches.ts';

const saved = { id: 'search_1', name: 'Declined', createdAt: 0, createdBy: 'ann' };

it.each([
  [{ q: 'declined', site: 'STORE_012', range: '24h', columns: 'device,order.id', row: '1-2' }, { range: '24h' }],
  [{ q: 'a OR b', environment: 'staging', service: 'pay', from: '1', to: '2' }, { range: undefined }],
])('%j is found again', (address, rest) => {
  const { row: _, from: _from, to: _to, ...kept }: Record<string, string> = address;
  const again = addressOfSearch({ ...saved, ...searchOfAddress(address) });
  expect(again).toMatchObject(kept);
  expect(again['row']).toBe('');
  expect(again['range']).toBe(rest.range);
});

it('leaves the scope that it does not name', () => {
  const scope = { environment: '', site: '', service: '', range: '' } as const;
  expect(Object.keys(addressOfSearch({ ...saved, query: '', scope, columns: [] })).toSorted()).toEqual([
    'columns',
    'q',
    'row',
    'tail',
    'view',
  ]);
});
