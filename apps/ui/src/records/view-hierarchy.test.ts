import { describe, expect, it } from 'vitest';
import { isViewHierarchy, readViewHierarchy } from './view-hierarchy.ts';

describe('view hierarchy', () => {
  it('is read as a tree', () => {
    const text = JSON.stringify({
      rendering_system: 'Jetpack Compose',
      windows: [
        {
          type: 'DecorView',
          width: 1080,
          height: 2009.6,
          x: 0,
          y: 0,
          children: [{ type: 'Button', identifier: 'pay', visibility: 'gone' }, 7],
        },
      ],
    });
    expect(readViewHierarchy(text)).toEqual({
      system: 'Jetpack Compose',
      truncated: false,
      windows: [
        {
          type: 'DecorView',
          identifier: '',
          place: '1080 × 2010 at 0, 0',
          hidden: false,
          children: [
            { type: 'Button', identifier: 'pay', place: '', hidden: true, children: [] },
            { type: 'View', identifier: '', place: '', hidden: false, children: [] },
          ],
        },
      ],
    });
  });
  it.each(['', 'null', '[]', '{"windows": 1}', '{"windows": [', '"x"'])('%j is none', (text) =>
    expect(readViewHierarchy(text)).toBeUndefined(),
  );
  it('is bounded in number and depth', () => {
    const wide = { windows: Array.from({ length: 3000 }, () => ({ type: 'A' })) };
    const found = readViewHierarchy(JSON.stringify(wide));
    expect([found?.windows.length, found?.truncated]).toEqual([1000, true]);
    let deep: object = {};
    for (let i = 0; i < 500; i++) deep = { children: [deep] };
    expect(readViewHierarchy(JSON.stringify({ windows: [deep] }))?.truncated).toBe(true);
  });
  it.each([
    ['view-hierarchy.json', true],
    ['views.json', false],
  ])('%s by its name: %s', (name, is) => expect(isViewHierarchy(name)).toBe(is));
});
