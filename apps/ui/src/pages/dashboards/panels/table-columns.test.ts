import { expect, test } from 'vitest';
import { shownColumns } from './table-columns.ts';

const column = (name: string, title = '', hidden = false) => ({ name, title, hidden });
const values = [
  { ref: 'A', title: 'CPU' },
  { ref: 'B', title: 'B' },
];
const titles = (columns: ReturnType<typeof column>[], otherColumns = true): string =>
  shownColumns(['host', 'job'], values, { columns, otherColumns })
    .map(({ label, value, title }) => `${label}${value ?? ''}:${title}`)
    .join(' ');

test.each([
  [[], true, 'host:host job:job 0:CPU 1:B'],
  [[column('job', '', true)], true, 'host:host 0:CPU 1:B'],
  [[column('Value #B', 'Memory'), column('host', 'Host')], true, '1:Memory host:Host job:job 0:CPU'],
  [[column('Value #A'), column('host')], false, '0:CPU host:host'],
  [[column('nothing')], false, ''],
])('%j, others %s', (columns, others, expected) => expect(titles(columns, others)).toBe(expected));
