import { describe, expect, it } from 'vitest';
import { groupKeyOf, stepGroup, type GroupState } from './group-state.ts';

const labels = { site: 'STORE_001' };
const holds = { labels, value: 9, holds: true, keeps: true };
const keeps = { labels, value: 9, holds: false, keeps: true };
const well = { labels, value: 1, holds: false, keeps: false };
const readings = { H: holds, k: keeps, '.': well, ' ': undefined };

/** The life of a group over one evaluation every 10 s: P pending, F told firing, A told again, R resolved, - nothing to write. */
function life(seen: string, rule: { forMs?: number; clearMs?: number; tellEveryMs?: number }): string {
  let state: GroupState | undefined;
  return Array.from(seen)
    .map((mark, i) => {
      const step = stepGroup(state, readings[mark as keyof typeof readings], i * 10_000, {
        forMs: 0,
        clearMs: 0,
        tellEveryMs: 1e9,
        ...rule,
      });
      if ('next' in step) state = step.next;
      if (step.kind === 'resolved' || step.kind === 'forgotten') state = undefined;
      return { none: '-', noted: '-', pending: 'P', firing: 'F', 'told-again': 'A', forgotten: 'x', resolved: 'R' }[
        step.kind
      ];
    })
    .join('');
}

describe('a group', () => {
  it.each([
    ['fires at once and is over at once', '.HH..', {}, '-F-R-'],
    ['waits for its `for`', 'HHHH', { forMs: 20_000 }, 'P-F-'],
    ['is forgotten when it did not last', 'HH.H', { forMs: 20_000 }, 'P-xP'],
    ['is over only when it was over for a while', 'H..H...', { clearMs: 20_000 }, 'F-----R'],
    ['is over when it is not seen any more', 'H   ', { clearMs: 20_000 }, 'F--R'],
    ['keeps firing on less than what begins it', 'kHkk.', {}, '-F--R'],
    ['does not wait on less than what begins it', 'Hk', { forMs: 20_000 }, 'Px'],
    ['is told again after a while', 'HHHHHH', { tellEveryMs: 20_000 }, 'F-A-A-'],
  ] as const)('%s', (_, seen, rule, told) => expect(life(seen, rule)).toBe(told));

  it('is known by its labels, whatever their order', () => {
    expect(groupKeyOf({ a: '1', b: '2' })).toBe(groupKeyOf({ b: '2', a: '1' }));
    expect(groupKeyOf({ a: '1' })).not.toBe(groupKeyOf({ a: '2' }));
    expect(groupKeyOf({})).toMatch(/^[0-9a-f]{32}$/);
  });
});
