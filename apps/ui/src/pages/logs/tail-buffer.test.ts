import { describe, expect, it } from 'vitest';
import type { LogRow } from '@sightline/contract';
import { countDropped, emptyTail, mostTailRows, receiveRows, showWaiting } from './tail-buffer.ts';

const rows = (...ids: string[]) => ids.map((id) => ({ id }) as LogRow);
const ids = (list: readonly LogRow[]) => list.map(({ id }) => id).join(' ');

describe('a live tail', () => {
  it('shows the newest first while the reader is at the top', () => {
    const tail = receiveRows(receiveRows(emptyTail, rows('1', '2'), false), rows('3'), false);
    expect(ids(tail.shown)).toBe('3 2 1');
    expect(tail.unread).toBe(0);
  });
  it('moves nothing while the reader reads further down, and catches up when asked', () => {
    const held = receiveRows(receiveRows(emptyTail, rows('1'), false), rows('2', '3'), true);
    expect(ids(held.shown)).toBe('1');
    expect(held.unread).toBe(2);
    const caught = showWaiting(held);
    expect(ids(caught.shown)).toBe('3 2 1');
    expect(caught.unread).toBe(0);
  });
  it('shows what waited together with what comes after', () => {
    const tail = receiveRows(receiveRows(emptyTail, rows('1'), true), rows('2'), false);
    expect(ids(tail.shown)).toBe('2 1');
  });
  it('takes a line once, as a reconnect may send it again', () => {
    const tail = receiveRows(receiveRows(emptyTail, rows('1', '1'), false), rows('1', '2'), false);
    expect(ids(tail.shown)).toBe('2 1');
  });
  it('is bounded, and still counts what it let go', () => {
    const many = rows(...Array.from({ length: mostTailRows + 500 }, (_, i) => String(i)));
    const held = receiveRows(emptyTail, many, true);
    expect(held.waiting).toHaveLength(mostTailRows);
    expect(held.unread).toBe(mostTailRows + 500);
    expect(receiveRows(emptyTail, many, false).shown).toHaveLength(mostTailRows);
  });
  it.each([
    [3, 3],
    [0, 0],
    [-1, 0],
    [Number.NaN, 0],
  ])('counts %d dropped as %d', (dropped, counted) => expect(countDropped(emptyTail, dropped).dropped).toBe(counted));
});
