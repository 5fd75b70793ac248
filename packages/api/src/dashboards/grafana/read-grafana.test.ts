import { describe, expect, test } from 'vitest';
import { readImport } from '../read-import.ts';
import { seriesColourOf, toneOf } from './tones.ts';

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
          transformations: [{ id: 'groupBy' }, { id: 'merge' }, { id: 'sortBy' }],
          fieldConfig: {
            defaults: { unit: 'dateTimeAsIso' },
            overrides: [{ matcher: { id: 'byName', options: 'job' }, properties: [{ id: 'custom.width' }] }],
          },
          timeFrom: '1d',
          alert: { name: 'x' },
        },
        { type: 'text', title: 'About', ...place(0, 9), options: { mode: 'html', content: '<b>Ring</b> 112' } },
      ]),
    );
    expect(notes).toEqual([
      'Hosts: Its alert is left out: make a rule of it under Rules.',
      'Hosts: A time range of its own is left out: the panel follows the page.',
      'Hosts: The unit dateTimeAsIso is not known here; values stand without it.',
      'Hosts: Query B asks mysql and is left out.',
      'Hosts: Transformations are left out: groupBy, sortBy.',
      'Hosts: What “job” overrides is left out: custom.width.',
      'About: HTML is shown as plain text.',
    ]);
  });

  test.each([
    ['none', { base: 'idle', steps: [] }],
    ['value', { base: 'good', steps: [{ at: 80, tone: 'bad' }] }],
  ])('a stat whose colour mode is %s has thresholds accordingly', (colorMode, thresholds) => {
    const { panels } = read({
      panels: [
        {
          type: 'stat',
          title: 'RAM',
          gridPos: { x: 0, y: 0, w: 4, h: 4 },
          targets: [series('ram')],
          options: { colorMode },
          fieldConfig: { defaults: { thresholds: { steps: [{ color: 'green' }, { color: 'red', value: 80 }] } } },
        },
      ],
    });
    expect(panels).toMatchObject([{ thresholds }]);
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
  [{ apiVersion: 'dashboard.grafana.app/v1', kind: 'Dashboard', spec: {} }, false],
  [
    {
      apiVersion: 'dashboard.grafana.app/v1beta1',
      kind: 'Dashboard',
      metadata: { name: 'x' },
      spec: grafana([{ type: 'stat', title: 'x', ...place(0, 0) }]),
    },
    true,
  ],
])('%j is read: %s', (source, expected) => {
  expect(readImport(source).ok).toBe(expected);
});

describe('overrides', () => {
  const panel = (overrides: object[], more: object = {}) =>
    read(
      grafana([
        {
          type: 'timeseries',
          title: 'IO',
          ...place(0, 0),
          targets: [
            series('rate(in_bytes[5m])', { legendFormat: 'In' }),
            series('rate(out_bytes[5m])', { refId: 'B', legendFormat: '{{device}} - Transmit' }),
            series('errors', { refId: 'C' }),
          ],
          fieldConfig: { defaults: {}, overrides },
          ...more,
        },
      ]),
    );
  const override = (id: string, options: unknown, properties: Record<string, unknown>) => ({
    matcher: { id, options },
    properties: Object.entries(properties).map(([name, value]) => ({ id: name, value })),
  });

  test('become the look of the queries whose series they mean', () => {
    const { panels, notes } = panel([
      override('byName', 'In', { unit: 'percentunit', max: 1, 'custom.axisPlacement': 'right', displayName: 'Inside' }),
      override('byRegexp', '/.*Trans.*/', { 'custom.drawStyle': 'bars', decimals: 1 }),
      override('byFrameRefID', 'C', {
        'custom.stacking': { mode: 'normal', group: 'A' },
        'custom.fillOpacity': 40,
        displayName: 'Errors of ${__field.labels.device}',
      }),
    ]);
    expect(notes).toEqual([]);
    expect(panels[0]?.queries).toMatchObject([
      { ref: 'A', legend: 'Inside', look: { unit: 'share', max: 1, axis: 'right', draw: null } },
      { ref: 'B', look: { draw: 'bars', decimals: 1, axis: 'left' } },
      { ref: 'C', legend: 'Errors of {{device}}', look: { draw: 'stacked' } },
    ]);
  });

  test('a series that stacks by itself is not stacked with the others', () => {
    const alone = { 'custom.stacking': { mode: 'normal', group: false }, 'custom.fillOpacity': 0 };
    expect(panel([override('byName', 'In', alone)]).panels[0]?.queries[0]).toMatchObject({
      ref: 'A',
      look: { draw: 'lines', fill: 0 },
    });
  });

  test('a series that is hidden is a query that is', () => {
    const hide = { 'custom.hideFrom': { viz: true, legend: true, tooltip: true } };
    expect(panel([override('byFrameRefID', 'B', hide)]).panels[0]?.queries[1]?.hidden).toBe(true);
  });

  test.each<[string, object, string[]]>([
    [
      'a name that no query has',
      override('byName', 'eth0', { unit: 's' }),
      ['IO: What “eth0” overrides is left out: unit.'],
    ],
    [
      'an expression that some labels match',
      override('byRegexp', '/^eth.*/', { unit: 's' }),
      ['IO: What “/^eth.*/” overrides is left out: unit.'],
    ],
    [
      'an expression that is none',
      override('byRegexp', '/(/', { unit: 's' }),
      ['IO: What “/(/” overrides is left out: unit.'],
    ],
    ['a type', override('byType', 'number', { unit: 's' }), ['IO: What the type number overrides is left out: unit.']],
    [
      'colours that follow the value, and curves',
      override('byFrameRefID', 'A', { color: { mode: 'thresholds' }, 'custom.lineInterpolation': 'smooth', min: 0 }),
      ['IO: What query A overrides is left out: color, custom.lineInterpolation.'],
    ],
    [
      'a unit of dates',
      override('byName', 'In', { unit: 'dateTimeAsIso' }),
      ['IO: What “In” overrides is left out: unit.'],
    ],
    [
      'names of a field',
      override('byName', 'In', { displayName: '${__series.name}' }),
      ['IO: What “In” overrides is left out: displayName.'],
    ],
  ])('%s is noted', (_, one, notes) => expect(panel([one]).notes).toEqual(notes));

  test('single series of old graphs', () => {
    const { panels, notes } = panel([], {
      type: 'graph',
      yaxes: [{ format: 'Bps' }, { format: 'percent', max: '100' }],
      seriesOverrides: [
        { alias: 'In', yaxis: 2, bars: true },
        { alias: '/.*Trans.*/', transform: 'negative-Y', fill: 3, color: 'red' },
        { alias: 'other', color: 'blue' },
      ],
    });
    expect(panels[0]?.queries).toMatchObject([
      { look: { axis: 'right', unit: '%', max: 100, draw: 'bars' } },
      { look: { draw: 'area', fill: 30, colour: 'red' }, expression: '-(rate(out_bytes[5m]))' },
      { ref: 'C' },
    ]);
    expect(notes).toEqual(['IO: What “other” overrides is left out: color.']);
  });

  test('all names but some, and what is clicked away', () => {
    const targets = [
      series('a', { legendFormat: 'Used' }),
      series('b', { refId: 'B', legendFormat: 'Limit' }),
      series('c', { refId: 'C', legendFormat: 'Free' }),
    ];
    const away = { 'custom.hideFrom': { viz: true, legend: false, tooltip: false } };
    const { panels, notes } = panel([override('byNames', { mode: 'exclude', names: ['Used'] }, away)], { targets });
    expect(panels[0]?.queries.map(({ hidden }) => hidden)).toEqual([false, true, true]);
    expect(notes).toEqual([]);
    const some = panel([override('byNames', { mode: 'include', names: ['In'] }, { unit: 's' })]);
    expect(some.panels[0]?.queries[0]).toMatchObject({ look: { unit: 's' } });
    // A name made of labels may be any of them.
    expect(panel([override('byNames', { mode: 'exclude', names: ['In'] }, away)]).notes).toHaveLength(1);
  });

  test('what means nothing in Grafana either is no loss', () => {
    const targets = [series('a', { legendFormat: 'Used' }), series('b', { refId: 'B', legendFormat: 'Free' })];
    const stale = [override('byName', 'Apps', { unit: 's' }), override('byRegexp', '/^Swap/', { unit: 's' })];
    expect(panel(stale, { targets }).notes).toEqual([]);
    expect(panel(stale, { targets, transformations: [{ id: 'organize', options: {} }] }).notes).not.toEqual([]);
    expect(panel(stale).notes).toHaveLength(1);
    expect(panel([...stale, override('byName', 'Used', { displayName: 'Apps' })], { targets }).notes).toHaveLength(1);
  });

  test('colours, widths, fills and broken lines', () => {
    const { panels, notes } = panel([
      override('byName', 'In', {
        color: { mode: 'fixed', fixedColor: 'semi-dark-orange' },
        'custom.lineWidth': 3,
        'custom.lineStyle': { fill: 'dash', dash: [10, 10] },
      }),
      override('byRegexp', '/Transmit$/', {
        color: { mode: 'fixed', fixedColor: '#1F78C1' },
        'custom.fillOpacity': 0,
        'custom.lineStyle': { fill: 'solid' },
      }),
    ]);
    expect(notes).toEqual([]);
    expect(panels[0]?.queries).toMatchObject([
      { look: { colour: 'orange', width: 3, broken: true, fill: null } },
      { look: { colour: 'blue', width: null, broken: false, fill: 0, draw: 'lines' } },
      { ref: 'C' },
    ]);
  });

  test('shades of one colour are told apart, one colour for several stays one', () => {
    const fixed = (name: string) => ({ color: { mode: 'fixed', fixedColor: name } });
    const shades = ['dark-blue', 'light-blue', 'blue', 'blue', 'gray', 'text'];
    const targets = shades.map((_, n) => series(`a${n}`, { refId: `${n}`, legendFormat: `L${n}` }));
    const { panels, notes } = panel(
      shades.map((shade, n) => override('byName', `L${n}`, fixed(shade))),
      { targets },
    );
    expect(panels[0]?.queries.map((query) => ('look' in query ? query.look?.colour : ''))).toEqual([
      'blue',
      'indigo',
      'teal',
      'teal',
      'grey',
      'grey',
    ]);
    expect(notes).toEqual([]);
  });

  test('those of old graphs, and names with colours', () => {
    const { panels, notes } = panel([], {
      type: 'graph',
      linewidth: 2,
      fill: 4,
      aliasColors: { In: '#7EB26D', gone: '#E24D42' },
      seriesOverrides: [{ alias: '/Transmit/', linewidth: 0, dashes: true, dashLength: 4 }],
    });
    expect(panels[0]?.options).toMatchObject({ draw: 'area', lineWidth: 2, fill: 40 });
    expect(panels[0]?.queries).toMatchObject([{ look: { colour: 'green' } }, { look: { width: 0, broken: true } }, {}]);
    expect(notes).toEqual(['IO: What “gone” overrides is left out: color.']);
  });

  test('a panel in one colour is its only query in it; width and fill of every new panel are as ours', () => {
    const one = (targets: object[]) =>
      panel([], {
        targets,
        fieldConfig: {
          defaults: {
            color: { mode: 'fixed', fixedColor: 'dark-purple' },
            custom: { lineWidth: 1, fillOpacity: 10 },
          },
          overrides: [],
        },
      }).panels[0];
    expect(one([series('a')])?.queries).toMatchObject([{ look: { colour: 'purple' } }]);
    expect(one([series('a'), series('b', { refId: 'B' })])?.queries.map((query) => 'look' in query)).toEqual([
      false,
      false,
    ]);
    expect(one([series('a')])?.options).toMatchObject({ draw: 'area', lineWidth: null, fill: null });
  });
});

describe('transformations', () => {
  const table = (transformations: object[], more: object = {}) =>
    read(
      grafana([
        {
          type: 'table',
          title: 'Hosts',
          ...place(0, 0),
          targets: [
            series('sum by (host, job) (cpu)', { instant: true, range: false }),
            series('sum by (host, job) (ram)', { refId: 'B', instant: true, range: false }),
          ],
          transformations,
          ...more,
        },
      ]),
    );

  test('columns of a table are named, ordered and hidden', () => {
    const { panels, notes } = table([
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true, job: true, host: false },
          indexByName: { 'Value #B': 0, host: 1, 'Value #A': 2 },
          renameByName: { 'Value #A': 'CPU', 'Value #B': 'Memory', host: 'Host' },
        },
      },
    ]);
    expect(notes).toEqual([]);
    expect(panels[0]?.options).toMatchObject({
      otherColumns: true,
      columns: [
        { name: 'Value #B', title: 'Memory', hidden: false },
        { name: 'host', title: 'Host', hidden: false },
        { name: 'Value #A', title: 'CPU', hidden: false },
        { name: 'job', hidden: true },
      ],
    });
  });

  test('those that are chosen by name stand alone', () => {
    const { panels } = table([
      { id: 'filterFieldsByName', options: { include: { names: ['Time', 'host', 'Value #A'] } } },
    ]);
    expect(panels[0]?.options).toMatchObject({
      otherColumns: false,
      columns: [
        { name: 'host', hidden: false },
        { name: 'Value #A', hidden: false },
      ],
    });
  });

  test('a calculation is a query, a reduction the panel’s', () => {
    const { panels, notes } = table([
      {
        id: 'calculateField',
        options: {
          mode: 'binary',
          alias: 'Share',
          binary: { left: 'Value #A', operator: '/', right: { matcher: { id: 'byName', options: 'Value #B' } } },
          replaceFields: true,
        },
      },
      { id: 'calculateField', options: { mode: 'binary', binary: { left: 'Share', operator: '*', right: '100' } } },
      { id: 'reduce', options: { reducers: ['max', 'mean'] } },
    ]);
    expect(panels[0]?.queries).toMatchObject([
      { ref: 'A', hidden: true },
      { ref: 'B', hidden: true },
      {
        ref: 'C',
        expression: '(sum by (host, job) (cpu)) / (sum by (host, job) (ram))',
        legend: 'Share',
        hidden: false,
      },
      {
        ref: 'D',
        expression: '((sum by (host, job) (cpu)) / (sum by (host, job) (ram))) * 100',
        legend: 'Share * 100',
      },
    ]);
    expect(panels[0]?.options.reduce).toBe('max');
    expect(panels[0]?.queries.every((query) => query.kind === 'promql' && !query.instant)).toBe(true);
    expect(notes).toEqual(['Hosts: Of several reductions the first is kept: max.']);
  });

  test.each<[object, string[]]>([
    [
      { id: 'joinByField', options: { byField: 'host' } },
      ['Hosts: Rows are joined by all their labels, not by host alone.'],
    ],
    [
      { id: 'joinByField', options: { byField: 'Time' } },
      [
        'Hosts: Transformations are left out, because our table has a row for each set of labels, not for each moment: joinByField.',
      ],
    ],
    [
      { id: 'calculateField', options: { mode: 'reduceRow', reduce: { reducer: 'sum' } } },
      [
        'Hosts: Transformations are left out, because our queries calculate with two values and + - * / % ^ alone: calculateField.',
      ],
    ],
    [
      { id: 'calculateField', options: { mode: 'binary', binary: { left: 'x', operator: '+', right: 'y' } } },
      ['Hosts: Transformations are left out, because it is not known which query its fields are of: calculateField.'],
    ],
    [
      { id: 'filterFieldsByName', options: { include: { pattern: 'h.*' } } },
      ['Hosts: Transformations are left out, because columns are chosen by an expression: filterFieldsByName.'],
    ],
    [
      { id: 'organize', options: {}, filter: { id: 'byRefId', options: 'A' } },
      ['Hosts: Transformations are left out, because it is for a part of the queries: organize.'],
    ],
    [{ id: 'sortBy', disabled: true }, []],
    [{ id: 'labelsToFields' }, []],
  ])('%j', (one, notes) => expect(table([one]).notes).toEqual(notes));

  test('names of series become legends', () => {
    const { panels, notes } = table(
      [{ id: 'organize', options: { renameByName: { 'Value #A': 'CPU', eth0: 'Cable' } } }],
      {
        type: 'timeseries',
      },
    );
    expect(panels[0]?.queries).toMatchObject([{ legend: 'CPU' }, { legend: '' }]);
    expect(notes).toEqual([
      'Hosts: Transformations are left out, because names of single series are no legend: organize.',
    ]);
  });
});

describe('resources of version 2', () => {
  const element = (id: number, title: string, group: string, expr: string, more: object = {}) => ({
    kind: 'Panel',
    spec: {
      id,
      title,
      description: '',
      links: [],
      data: {
        kind: 'QueryGroup',
        spec: {
          queries: [
            {
              kind: 'PanelQuery',
              spec: {
                refId: 'A',
                hidden: false,
                query: {
                  kind: 'DataQuery',
                  group: 'prometheus',
                  version: 'v0',
                  spec: { expr, legendFormat: '{{till}}' },
                },
              },
            },
          ],
          transformations: [{ kind: 'Transformation', group: 'sortBy', spec: { options: {} } }],
          queryOptions: {},
        },
      },
      vizConfig: {
        kind: 'VizConfig',
        group,
        version: '12.4.0',
        spec: { options: {}, fieldConfig: { defaults: { unit: 's' }, overrides: [] } },
      },
      ...more,
    },
  });
  const item = (name: string, x: number, y: number, more: object = {}) => ({
    kind: 'GridLayoutItem',
    spec: { x, y, width: 12, height: 6, element: { kind: 'ElementReference', name }, ...more },
  });
  const resource = (layout: object, more: object = {}) => ({
    apiVersion: 'dashboard.grafana.app/v2beta1',
    kind: 'Dashboard',
    metadata: { name: 'tills' },
    spec: {
      title: 'Tills',
      tags: ['shop'],
      timeSettings: { from: 'now-6h', to: 'now' },
      elements: {
        a: element(1, 'Latency', 'timeseries', 'rate(latency[$step])'),
        b: element(2, 'Now', 'stat', 'up'),
        // As the first version of the second form wrote it.
        c: element(3, 'Old', '', 'up', {
          data: {
            kind: 'QueryGroup',
            spec: {
              queries: [
                {
                  kind: 'PanelQuery',
                  spec: { refId: 'B', hidden: true, query: { kind: 'prometheus', spec: { expr: 'down' } } },
                },
                { kind: 'PanelQuery', spec: { refId: 'C', query: { kind: 'loki', spec: { expr: '{a="b"}' } } } },
              ],
              transformations: [{ kind: 'merge', spec: { id: 'merge', options: {} } }],
            },
          },
          vizConfig: { kind: 'table', spec: { options: {}, fieldConfig: { defaults: {}, overrides: [] } } },
        }),
        d: { kind: 'LibraryPanel', spec: { id: 4, title: 'Shared', libraryPanel: { uid: 'x', name: 'Shared one' } } },
      },
      variables: [
        {
          kind: 'QueryVariable',
          spec: {
            name: 'till',
            hide: 'dontHide',
            multi: true,
            sort: 'numericalDesc',
            current: { text: 'x', value: 'x' },
            query: { kind: 'DataQuery', group: 'prometheus', spec: { query: 'label_values(up, till)' } },
          },
        },
        {
          kind: 'IntervalVariable',
          spec: { name: 'step', query: '1m,5m', current: { value: '5m' }, hide: 'hideVariable' },
        },
        { kind: 'SwitchVariable', spec: { name: 'on' } },
      ],
      annotations: [
        { kind: 'AnnotationQuery', spec: { name: 'Annotations & Alerts', builtIn: true } },
        { kind: 'AnnotationQuery', spec: { name: 'Restarts' } },
      ],
      layout,
      ...more,
    },
  });

  test('a grid, with variables, annotations and what is left behind', () => {
    const { panels, variables, range, title, tags, notes } = read(
      resource({
        kind: 'GridLayout',
        spec: {
          items: [
            item('a', 0, 0),
            item('b', 12, 0, { repeat: { mode: 'variable', value: 'till' } }),
            item('c', 0, 6),
            item('gone', 12, 6),
          ],
        },
      }),
    );
    expect({ title, tags, range }).toEqual({ title: 'Tills', tags: ['shop'], range: '6h' });
    expect(panels).toMatchObject([
      {
        id: 'p1',
        type: 'timeseries',
        unit: 's',
        place: { x: 0, y: 0, w: 12, h: 6 },
        queries: [{ ref: 'A', expression: 'rate(latency[$step])', legend: '{{till}}' }],
      },
      { type: 'stat', place: { x: 12, y: 0 }, repeat: 'till' },
      { type: 'table', place: { x: 0, y: 6 }, queries: [{ ref: 'B', hidden: true }] },
    ]);
    expect(variables).toMatchObject([
      { type: 'query', name: 'till', of: 'till', match: 'up', multi: true, sort: 'number-desc' },
      { type: 'interval', name: 'step', hidden: true, initial: ['5m'] },
    ]);
    expect(notes).toEqual([
      ': The element gone is named in the layout and not in the file.',
      ': The variable on is left out: variables of the type switch are not known here.',
      'Latency: Transformations are left out: sortBy.',
      'Now: Transformations are left out: sortBy.',
      'Old: Query C asks loki and is left out.',
      ': The annotation Restarts is left out; incidents and deploys are marked.',
    ]);
  });

  test('rows and tabs, one below the other', () => {
    const grid = (...items: object[]) => ({ kind: 'GridLayout', spec: { items } });
    const row = (title: string, layout: object, more: object = {}) => ({
      kind: 'RowsLayoutRow',
      spec: { title, layout, ...more },
    });
    const { panels, notes } = read(
      resource({
        kind: 'TabsLayout',
        spec: {
          tabs: [
            {
              kind: 'TabsLayoutTab',
              spec: {
                title: 'First',
                layout: {
                  kind: 'RowsLayout',
                  spec: { rows: [row('Inner', grid(item('a', 0, 3)), { collapse: true })] },
                },
              },
            },
            {
              kind: 'TabsLayoutTab',
              spec: {
                title: 'Second',
                repeat: { mode: 'variable', value: 'till' },
                conditionalRendering: { kind: 'ConditionalRenderingGroup', spec: { items: [{}] } },
                layout: {
                  kind: 'AutoGridLayout',
                  spec: {
                    maxColumnCount: 2,
                    rowHeightMode: 'short',
                    items: ['a', 'b', 'd'].map((name) => ({ kind: 'AutoGridLayoutItem', spec: { element: { name } } })),
                  },
                },
              },
            },
          ],
        },
      }),
    );
    expect(panels.map(({ type, title, place: { x, y, w } }) => `${type} ${title} ${x}/${y}/${w}`)).toEqual([
      'row First 0/0/24',
      'row Inner 0/1/24',
      'timeseries Latency 0/2/12',
      'row Second 0/8/24',
      'timeseries Latency 0/9/12',
      'stat Now 12/9/12',
      'text Shared 0/14/12',
    ]);
    expect(panels[1]?.options.collapsed).toBe(true);
    expect(panels[3]?.repeat).toBe('till');
    expect(notes).toContain(': Tabs stand one below the other, as rows.');
    expect(notes).toContain('Second: It is shown always: conditions on what is shown are not known here.');
    expect(notes).toContain(
      'Shared: The library panel Shared one lies in the Grafana it comes from, not in this file. Its place holds this sentence.',
    );
  });

  test('a layout that holds itself ends', () => {
    let layout: object = { kind: 'GridLayout', spec: { items: [item('a', 0, 0)] } };
    for (let n = 0; n < 50; n++)
      layout = { kind: 'RowsLayout', spec: { rows: [{ kind: 'RowsLayoutRow', spec: { title: `r${n}`, layout } }] } };
    const found = readImport(resource(layout));
    expect(found.ok && found.value.notes.map(({ text }) => text)).toContain(
      'What lies more than 5 rows or tabs deep is left out.',
    );
  });
});

test('ranges come to the nearest that there is; links out of Grafana stay', () => {
  const panel = { type: 'stat', title: 'x', ...place(0, 0) };
  expect(read(grafana([panel], { time: { from: 'now-3h', to: 'now' } })).range).toBe('3h');
  expect(read(grafana([panel], { time: { from: 'now-2d' } })).range).toBe('2d');
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

test.each([
  ['super-light-yellow', 'yellow'],
  ['text', 'grey'],
  ['#ffffff', 'grey'],
  ['transparent', undefined],
  ['rgba(255, 0, 0, 0)', undefined],
  ['rgba(255, 0, 0, 0.5)', 'red'],
  ['#EAB839', 'yellow'],
  ['#6ED0E0', 'teal'],
  ['#EF843C', 'orange'],
  ['#E24D42', 'red'],
  ['#BA43A9', 'pink'],
  ['#705DA0', 'purple'],
  ['rgb(58, 98, 216)', 'indigo'],
  ['nonsense', undefined],
])('a series in %s is %s', (colour, expected) => expect(seriesColourOf(colour)).toBe(expected));
