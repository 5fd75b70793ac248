import { readdirSync } from 'node:fs';
import path from 'node:path';
import { builtInVariables, fillVariables, type DashboardPanel, type VariableValue } from '@sightline/contract';
import { parsePromql, selectorsIn } from '@sightline/query/promql';
import { expect, test } from 'vitest';
import { readyDashboards, readyNames } from './ready-dashboards.ts';

const all = [...readyDashboards()];

test('every file is listed', () => {
  const files = readdirSync(path.join(import.meta.dirname, 'ready')).map((file) => file.replace('.json', ''));
  expect(files.toSorted()).toEqual([...readyNames].toSorted());
});

test.each(all)('%s fits the contract', (_, { panels, title }) => {
  expect(title).not.toBe('');
  expect(panels.length).toBeGreaterThan(4);
  for (const panel of panels.filter(({ type }) => type !== 'row' && type !== 'text'))
    expect(panel.queries, `${panel.title} asks something`).not.toEqual([]);
});

test.each(all)('no two panels of %s lie upon each other', (_, { panels }) => {
  const cells = new Map<string, string>();
  const taken = ({ id, place: { x, y, w, h } }: DashboardPanel): string[] => {
    const found: string[] = [];
    for (let column = x; column < x + w; column++)
      for (let line = y; line < y + h; line++) {
        const before = cells.get(`${column},${line}`);
        if (before !== undefined) found.push(`${id} on ${before}`);
        cells.set(`${column},${line}`, id);
      }
    return found;
  };
  expect(panels.flatMap(taken)).toEqual([]);
});

test.each(all)('every variable that %s refers to is defined', (_, { panels, variables }) => {
  const values: Record<string, VariableValue> = { ...builtInVariables(0, 3_600_000, 15_000) };
  for (const { name } of variables) values[name] = { values: ['x'], multi: true };
  const texts = panels.flatMap((panel) => [
    ...panel.queries.map((query) =>
      query.kind === 'promql' ? query.expression : query.kind === 'logs' ? query.q : '',
    ),
    ...panel.links.map(({ url }) => url),
  ]);
  expect(texts.map((text) => fillVariables(text, values, 'promql')).filter((text) => /\$[a-z_]/i.test(text))).toEqual(
    [],
  );
});

test.each(all)('every query of %s is PromQL, all and one chosen', (_, { panels, variables }) => {
  for (const chosen of [
    { values: ['STORE_001', 'STORE_002'], multi: true },
    { values: ['.*'], multi: true, asIs: true },
  ]) {
    const values: Record<string, VariableValue> = { ...builtInVariables(0, 3_600_000, 15_000) };
    for (const { name } of variables) values[name] = chosen;
    const faults = panels.flatMap((panel) =>
      panel.queries.flatMap((query) => {
        if (query.kind !== 'promql') return [];
        const read = parsePromql(fillVariables(query.expression, values, 'promql'));
        return read.ok ? [] : [`${panel.title}: ${read.error.message}`];
      }),
    );
    expect(faults).toEqual([]);
  }
});

test.each(all.filter(([, { variables }]) => variables.some(({ name }) => name === 'site')))(
  'whoever chooses a site in %s sees no other in any chart',
  (_, { panels, variables }) => {
    const values: Record<string, VariableValue> = { ...builtInVariables(0, 3_600_000, 15_000) };
    for (const { name } of variables) values[name] = { values: ['STORE_001'], multi: true };
    const others = panels.flatMap((panel) =>
      panel.queries.flatMap((query) => {
        const parsed =
          query.kind === 'promql' ? parsePromql(fillVariables(query.expression, values, 'promql')) : undefined;
        if (!parsed?.ok) return [];
        return selectorsIn(parsed.value)
          .filter(
            ({ matchers }) => !matchers.some(({ label, value }) => label === 'site' && value.includes('STORE_001')),
          )
          .map(() => panel.title);
      }),
    );
    expect(others).toEqual([]);
  },
);
