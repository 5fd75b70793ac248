import { expect, it } from 'vitest';
import { readColumns, toggleColumn } from './columns.ts';

it.each([
  [undefined, undefined],
  [' , ', undefined],
  ['site, order.id,site', ['site', 'order.id']],
  ['a,b,c,d,e,f,g', ['a', 'b', 'c', 'd', 'e', 'f']],
])('%j are the columns %j', (text, columns) => expect(readColumns(text)).toEqual(columns));

it.each([
  ['', 'site', 'site'],
  ['site,device', 'site', 'device'],
  ['site', 'site', ''],
  ['a,b,c,d,e,f', 'g', 'b,c,d,e,f,g'],
])('%j with %s toggled is %j', (text, name, after) => expect(toggleColumn(text, name)).toBe(after));
