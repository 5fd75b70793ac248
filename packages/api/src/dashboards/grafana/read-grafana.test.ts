import { describe, expect, test } from 'vitest';
import { readImport } from '../read-import.ts';
import { toneOf } from './tones.ts';

const place = (x: number, y: number, w = 12, h = 8) => ({ gridPos: { x, y, w, h } });
const grafana = (panels: object[], more: object = {}) => ({ title: 'Till', schemaVersion: 39, panels, ...more });
const series = (expr: string, more: object = {}) => ({ refId: 'A', expr, ...more });

function read(source: object) {
  const found = readImport(source as Record<string, unknown>);
  if (!found.ok) throw new Error(found.error);
  expect(found.value.from).toBe('grafana');
  const { document, notes } = found.value;
  return { ...document, notes: notes.map(({ panel, text }) => `${panel}: ${text}`) };
}

describe('panels of Grafana', () => {
  test('a time series with unit, thresholds, legend and stacking', () => {
    const { panels, notes } = read(
      grafana([
        {
          id: 7,
          type: 'timeseries',
          title: 'Sales',
          ...place(12, 3),
          targets: [
            series('rate(sales_total[5m])', { legendFormat: '{{till}}' }),
            series('x', { refId: 'B', hide: true, legendFormat: '__auto' }),
          ],
          fieldConfig: {
            defaults: {
              unit: 'percentunit',
              min: 0,
              decimals: 2,
              custom: { stacking: { mode: 'normal' }, thresholdsStyle: { mode: 'line' } },
              thresholds: {
                mode: 'absolute',
                steps: [
                  { color: 'green', value: null },
                  { color: '#E02F44', value: 0.8 },
                ],
              },
              mappings: [{ type: 'value', options: { '1': { text: 'open', color: 'green' } } }],
            },
            overrides: [],
          },
          options: { legend: { displayMode: 'table', calcs: ['lastNotNull', 'mean'] } },
        },
      ]),
    );
    expect(notes).toEqual([]);
    expect(panels).toMatchObject([
      {
        id: 'p7',
        type: 'timeseries',
        place: { x: 12, y: 0, w: 12, h: 8 },
        unit: 'share',
        queries: [
          { ref: 'A', expression: 'rate(sales_total[5m])', legend: '{{till}}', hidden: false },
          { ref: 'B', legend: '', hidden: true },
        ],
        thresholds: { base: 'good', steps: [{ at: 0.8, tone: 'bad' }] },
        options: {
          draw: 'stacked',
          min: 0,
          decimals: 2,
          legend: 'table',
          legendValues: ['last', 'mean'],
          thresholdLines: true,
          words: [{ value: 1, text: 'open', tone: 'good' }],
        },
      },
    ]);
  });

  test.each([
    ['graph', 'timeseries'],
    ['stat', 'stat'],
    ['singlestat', 'stat'],
    ['gauge', 'gauge'],
    ['bargauge', 'bar'],
    ['barchart', 'bar'],
    ['piechart', 'bar'],
    ['table', 'table'],
    ['heatmap', 'heatmap'],
    ['logs', 'loglist'],
    ['state-timeline', 'statetimeline'],
    ['status-history', 'statetimeline'],
  ])('%s becomes %s', (type, expected) => {
    expect(read(grafana([{ type, title: 'x', ...place(0, 0), targets: [series('up')] }])).panels).toMatchObject([
      { type: expected },
    ]);
  });

  test('what is not known keeps its place and says what it was', () => {
    const { panels, notes } = read(
      grafana([
        { type: 'nodeGraph', title: 'Map of calls', ...place(0, 0), targets: [series('calls')] },
        { type: 'timeseries', title: 'Beside it', ...place(12, 0), targets: [series('up')] },
      ]),
    );
    expect(panels).toMatchObject([
      { type: 'text', options: { text: expect.stringContaining('calls') as string } },
      { type: 'timeseries' },
    ]);
    expect(notes).toEqual([
      'Map of calls: Panels of the type nodeGraph are not known here. Its place holds this sentence.',
    ]);
  });

  test('what is left behind is named, panel by panel', () => {
    const { notes } = read(
      grafana([
        {
          type: 'table',
          title: 'Hosts',
          ...place(0, 0),
          targets: [series('up'), { refId: 'B', rawSql: 'SELECT 1', datasource: { type: 'mysql' } }],
          transformations: [{ id: 'organize' }, { id: 'merge' }],
          fieldConfig: {
            defaults: { unit: 'dateTimeAsIso' },
            overrides: [{ matcher: {}, properties: [{ id: 'custom.width' }] }],
          },
          timeFrom: '1d',
          alert: { name: 'x' },
        },
        { type: 'text', title: 'About', ...place(0, 9), options: { mode: 'html', content: '<b>Ring</b> 112' } },
      ]),
    );
    expect(notes).toEqual([
      'Hosts: Transformations are left out: organize, merge.',
      'Hosts: What single series or fields override is left out: custom.width.',
      'Hosts: Its alert is left out: make a rule of it under Rules.',
      'Hosts: A time range of its own is left out: the panel follows the page.',
      'Hosts: The unit dateTimeAsIso is not known here; values stand without it.',
      'Hosts: Query B asks mysql and is left out.',
      'About: HTML is shown as plain text.',
    ]);
  });

  test('forms of old: graph with axes, singlestat with limits as text, rows of spans', () => {
    const { panels } = read({
      title: 'Old',
      schemaVersion: 14,
      rows: [
        {
          title: 'Top',
          showTitle: true,
          height: '250px',
          panels: [
            {
              id: 1,
              type: 'singlestat',
              span: 4,
              title: 'Load',
              format: 'short',
              valueName: 'avg',
              thresholds: '70,90',
              colors: ['rgba(50, 172, 45, 0.97)', 'rgba(237, 129, 40, 0.89)', 'rgba(245, 54, 54, 0.9)'],
              colorValue: true,
              targets: [series('load')],
            },
            {
              id: 2,
              type: 'graph',
              span: 8,
              title: 'IO',
              stack: true,
              yaxes: [{ format: 'bytes', min: '0', logBase: 10 }],
              targets: [series('io')],
            },
          ],
        },
      ],
    });
    expect(panels).toMatchObject([
      { type: 'row', title: 'Top', place: { y: 0 } },
      {
        type: 'stat',
        place: { x: 0, y: 1, w: 8, h: 7 },
        thresholds: {
          base: 'good',
          steps: [
            { at: 70, tone: 'warn' },
            { at: 90, tone: 'bad' },
          ],
        },
        options: { reduce: 'mean' },
      },
      {
        type: 'timeseries',
        place: { x: 8, y: 1, w: 16 },
        unit: 'By',
        options: { draw: 'stacked', min: 0, logarithmic: true },
      },
    ]);
  });

  test('closed rows hold their panels; places of two rows never meet', () => {
    const { panels } = read(
      grafana([
        {
          id: 1,
          type: 'row',
          title: 'Closed',
          collapsed: true,
          ...place(0, 0, 24, 1),
          panels: [{ id: 2, type: 'stat', title: 'a', ...place(0, 1), targets: [series('a')] }],
        },
        { id: 3, type: 'row', title: 'Open', collapsed: false, ...place(0, 1, 24, 1), repeat: 'node' },
        { id: 4, type: 'stat', title: 'b', ...place(0, 2), targets: [series('b')] },
      ]),
    );
    expect(panels.map(({ title, place: { y } }) => [title, y])).toEqual([
      ['Closed', 0],
      ['a', 1],
      ['Open', 9],
      ['b', 10],
    ]);
    expect(panels[0]?.options.collapsed).toBe(true);
    expect(panels[2]?.repeat).toBe('node');
  });
});

test('variables of all kinds', () => {
  const { variables, notes } = read(
    grafana([{ type: 'stat', title: 'x', ...place(0, 0), targets: [series('up{i="$instance", x="$nowhere"}')] }], {
      templating: {
        list: [
          { type: 'datasource', name: 'DS' },
          {
            type: 'query',
            name: 'instance',
            query: { query: 'label_values(node_uname_info{job="$job", a=~"b,c"}, instance)' },
            regex: '/(.*):.*/',
            multi: true,
            includeAll: true,
            sort: 3,
          },
          { type: 'query', name: 'job', query: 'label_values(job)', current: { value: 'node' } },
          { type: 'query', name: 'mounts', query: 'query_result(topk(3, disk))' },
          { type: 'query', name: 'all', query: 'metrics(node_.*)' },
          { type: 'custom', name: 'q', query: 'Half : 0.5,0.9', current: { value: '0.9' } },
          { type: 'interval', name: 'step', query: '1m,10m,auto', auto: true, current: { value: '10m' } },
          { type: 'constant', name: 'c', query: 'fixed' },
          { type: 'textbox', name: 't', query: 'abc' },
          { type: 'adhoc', name: 'filters' },
        ],
      },
    }),
  );
  expect(variables).toMatchObject([
    {
      type: 'query',
      name: 'instance',
      of: 'instance',
      match: 'node_uname_info{job="$job", a=~"b,c"}',
      regex: '(.*):.*',
      multi: true,
      all: true,
      sort: 'number',
    },
    { type: 'query', name: 'job', of: 'job', match: '' },
    { type: 'query', name: 'mounts', expression: 'topk(3, disk)' },
    { type: 'query', name: 'all', of: '__name__', match: '{__name__=~"node_.*"}' },
    {
      type: 'custom',
      name: 'q',
      options: [
        { text: 'Half', value: '0.5' },
        { text: '0.9', value: '0.9' },
      ],
      initial: ['0.9'],
    },
    { type: 'interval', name: 'step', options: ['1m', '10m'], initial: ['10m'] },
    { type: 'custom', name: 'c', hidden: true, options: [{ value: 'fixed' }] },
    { type: 'text', name: 't', initial: ['abc'] },
  ]);
  expect(notes).toEqual([
    ': The variable step no longer chooses "auto": use $__interval for that.',
    ': The variable filters is left out: variables of the type adhoc are not known here.',
    'x: Query A refers to $nowhere, which is not defined.',
  ]);
});

test.each([
  [{ dashboard: grafana([{ type: 'stat', title: 'x', ...place(0, 0) }]), meta: {} }, true],
  [grafana([]), false],
  [{ apiVersion: 'dashboard.grafana.app/v2', kind: 'Dashboard', spec: { elements: {} } }, false],
])('%j is read: %s', (source, expected) => {
  expect(readImport(source).ok).toBe(expected);
});

test('ranges come to the nearest that there is; links out of Grafana stay', () => {
  const panel = { type: 'stat', title: 'x', ...place(0, 0) };
  expect(read(grafana([panel], { time: { from: 'now-3h', to: 'now' } })).range).toBe('6h');
  expect(read(grafana([panel], { time: { from: 'now-2d' } })).range).toBe('24h');
  const { links, notes } = read(
    grafana([panel], {
      links: [
        { type: 'link', title: 'Book', url: 'https://books.example/x' },
        { type: 'dashboards', title: '', tags: ['os'] },
      ],
    }),
  );
  expect(links).toMatchObject([{ title: 'Book', url: 'https://books.example/x', keepScope: false }]);
  expect(notes).toEqual([': The list of dashboards tagged os is left out.']);
});

test.each([
  ['semi-dark-green', 'good'],
  ['#EAB839', 'warn'],
  ['rgba(245, 54, 54, 0.9)', 'bad'],
  ['dark-orange', 'warn'],
  ['blue', 'idle'],
  ['#d44a3a', 'bad'],
  ['#808080', 'idle'],
])('%s is %s', (colour, tone) => {
  expect(toneOf(colour)).toBe(tone);
});
