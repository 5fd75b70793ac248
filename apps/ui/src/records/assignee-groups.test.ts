import { expect, it } from 'vitest';
import { assigneeGroups } from './assignee-groups.ts';

it('offers me, my teams, other teams and people, and whoever else has it', () => {
  const groups = assigneeGroups({
    me: 'ann@shop.example',
    teams: [
      { slug: 'pay', name: 'Payments', mine: false },
      { slug: 'web', name: 'Web', mine: true },
    ],
    people: [
      { email: 'ann@shop.example', name: 'Ann' },
      { email: 'bob@shop.example', name: '' },
    ],
    also: ['', '#pay', 'gone@shop.example'],
  });
  expect(
    groups.map(({ group, items }) => `${group}: ${items.map(({ value, label }) => `${value} ${label}`).join()}`),
  ).toEqual([
    'Me: ann@shop.example ann@shop.example (me)',
    'My teams: #web #web',
    'Teams: #pay Payments #pay',
    'People: bob@shop.example bob@shop.example',
    'Others: gone@shop.example gone@shop.example',
  ]);
});

it('leaves out what is empty', () => {
  const groups = assigneeGroups({ me: 'ann@shop.example', teams: [], people: [], also: [] });
  expect(groups.map(({ group }) => group)).toEqual(['Me']);
});
