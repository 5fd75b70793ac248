import { dashboardPanel } from '@sightline/contract';
import { expect, it } from 'vitest';
import { singleValues } from './single-values.ts';

const panel = dashboardPanel.parse({ id: 'p', type: 'stat', place: { x: 0, y: 0, w: 6, h: 4 } });
const column = (labels: Record<string, string>, values: (number | null)[]) => ({
  name: Object.values(labels).join(),
  labels,
  values,
});
const frame = { ref: 'A', times: [1, 2], instant: false };

it('a series is its last value, and that of a week before by its labels whatever their order and name', () => {
  const columns = [column({ site: 'A', code: '5' }, [1, 2]), column({ site: 'B', code: '5' }, [3, null])];
  const before = [{ ...column({ code: '5', site: 'A' }, [7, 8]), name: 'another' }];
  expect(
    singleValues(panel, { frames: [{ ...frame, columns, before }] }).map(({ value, before: then }) => [value, then]),
  ).toEqual([
    [2, 8],
    [3, null],
  ]);
});

it('nothing is compared where nothing was asked', () => {
  const columns = [column({}, [1])];
  expect(singleValues(panel, { frames: [{ ...frame, columns }] })[0]?.before).toBeUndefined();
});
