import { dashboardPanel, type DashboardPanel } from '@sightline/contract';
import { describe, expect, test } from 'vitest';
import { freePlace, movePanel, placePanels } from './layout.ts';

const panel = (id: string, x: number, y: number, w: number, h: number, more: object = {}): DashboardPanel =>
  dashboardPanel.parse({ id, type: 'stat', place: { x, y, w, h }, ...more });
const row = (id: string, y: number, more: object = {}) => panel(id, 0, y, 24, 1, { type: 'row', ...more });
const at = (placed: readonly { key: string; place: object }[]) =>
  placed.map(({ key, place }) => `${key} ${Object.values(place).join(',')}`);
const open: ReadonlySet<string> = new Set();

describe('where panels stand', () => {
  test('a closed row hides what lies below it, and the rest moves up', () => {
    const panels = [row('r1', 0), panel('a', 0, 1, 12, 8), row('r2', 9), panel('b', 0, 10, 12, 8)];
    expect(at(placePanels(panels, {}, new Set(['r1'])))).toEqual(['r1 0,0,24,1', 'r2 0,1,24,1', 'b 0,2,12,8']);
  });

  test('a repeated panel stands once for each value and pushes down what follows', () => {
    const panels = [panel('a', 0, 0, 12, 4, { repeat: 'site' }), panel('b', 0, 4, 24, 4)];
    const placed = placePanels(panels, { site: { values: ['X', 'Y', 'Z'], multi: true } }, open);
    expect(at(placed)).toEqual(['a:X 0,0,12,4', 'a:Y 12,0,12,4', 'a:Z 0,4,12,4', 'b 0,8,24,4']);
    expect(placed[1]?.own).toEqual({ site: { values: ['Y'], multi: true } });
  });

  test('a repeated row takes its panels along', () => {
    const panels = [row('r', 0, { repeat: 'site' }), panel('a', 0, 1, 24, 4)];
    const placed = placePanels(panels, { site: { values: ['X', 'Y'], multi: true } }, open);
    expect(at(placed)).toEqual(['r:X 0,0,24,1', 'a:X 0,1,24,4', 'r:Y 0,5,24,1', 'a:Y 0,6,24,4']);
    expect(placed[3]?.own).toMatchObject({ site: { values: ['Y'] } });
  });

  test('values that are one expression stand once', () => {
    const values = { site: { values: ['.*'], multi: true, asIs: true } };
    expect(placePanels([panel('a', 0, 0, 12, 4, { repeat: 'site' })], values, open)).toHaveLength(1);
  });
});

describe('a new panel', () => {
  test.each([
    ['begins at the top', [], { w: 12, h: 8 }, '0,0'],
    ['stands beside the last where there is room', [panel('a', 0, 0, 12, 8)], { w: 12, h: 8 }, '12,0'],
    ['goes below where there is none', [panel('a', 0, 0, 12, 8), panel('b', 12, 0, 12, 8)], { w: 6, h: 4 }, '0,8'],
    ['leaves holes higher up alone', [panel('a', 0, 0, 6, 4), panel('b', 0, 4, 24, 4)], { w: 6, h: 4 }, '0,8'],
    ['goes below a row', [panel('a', 0, 0, 6, 4), row('r', 4)], { w: 6, h: 4 }, '0,5'],
    ['as a row goes below everything', [panel('a', 0, 0, 6, 4)], { w: 24, h: 1 }, '0,4'],
  ])('%s', (_what, panels, size, at) => {
    const { x, y } = freePlace(panels, size);
    expect(`${x},${y}`).toBe(at);
  });
});

describe('moving', () => {
  const places = (panels: readonly DashboardPanel[]) =>
    panels.map(({ id, place }) => `${id} ${place.x},${place.y},${place.w},${place.h}`);

  test('others give way', () => {
    const panels = [panel('a', 0, 0, 12, 4), panel('b', 12, 0, 12, 4), panel('c', 0, 4, 24, 4)];
    expect(places(movePanel(panels, 'a', { x: 12, y: 0, w: 12, h: 4 }))).toEqual([
      'a 12,0,12,4',
      'b 12,4,12,4',
      'c 0,8,24,4',
    ]);
  });

  test('gaps close upwards', () => {
    const panels = [panel('a', 0, 0, 12, 4), panel('b', 0, 4, 12, 4)];
    expect(places(movePanel(panels, 'a', { x: 12, y: 0, w: 12, h: 4 }))).toEqual(['a 12,0,12,4', 'b 0,0,12,4']);
  });

  test('nothing leaves the grid, and panels stay under their row', () => {
    const panels = [panel('a', 0, 0, 12, 4), row('r', 4), panel('b', 0, 5, 12, 4)];
    expect(places(movePanel(panels, 'b', { x: 20, y: 9, w: 12, h: 4 }))).toEqual([
      'a 0,0,12,4',
      'r 0,4,24,1',
      'b 12,5,12,4',
    ]);
    expect(places(movePanel(panels, 'a', { x: -3, y: -1, w: 40, h: 0 }))[0]).toBe('a 0,0,24,1');
  });
});
