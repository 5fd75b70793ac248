import { dashboardPanel, type DashboardPanel, type PanelPlace, type PanelType } from '@sightline/contract';
import { listOf, objectOf, objectsOf, textOf, within, type Json } from './json.ts';
import type { Notes } from './notes.ts';
import { readLook } from './read-options.ts';
import { applyOverrides, fixedColour, type DraftQuery } from './read-overrides.ts';
import { applyTransformations } from './read-transformations.ts';

const types: Readonly<Record<string, PanelType>> = {
  timeseries: 'timeseries',
  graph: 'timeseries',
  stat: 'stat',
  singlestat: 'stat',
  gauge: 'gauge',
  bargauge: 'bar',
  barchart: 'bar',
  piechart: 'bar',
  'grafana-piechart-panel': 'bar',
  table: 'table',
  'table-old': 'table',
  heatmap: 'heatmap',
  text: 'text',
  logs: 'loglist',
  'state-timeline': 'statetimeline',
  'status-history': 'statetimeline',
  row: 'row',
};
const instead: Readonly<Record<string, string>> = {
  piechart: 'The pie is drawn as bars: shares are read more easily from lengths.',
  'grafana-piechart-panel': 'The pie is drawn as bars: shares are read more easily from lengths.',
  'status-history': 'Drawn as a state time line.',
};

/** One panel of Grafana as ours; undefined, with a note, where it cannot be read at all. */
export function readPanel(panel: Json, id: string, place: PanelPlace, notes: Notes): DashboardPanel | undefined {
  const title = textOf(panel['title']).slice(0, 200);
  const named = textOf(panel['type']);
  const said = title || `Panel ${textOf(panel['id'])}`;
  const type = types[named];
  const base = {
    id,
    title,
    description: textOf(panel['description']).slice(0, 4000),
    place,
    repeat: textOf(panel['repeat']).slice(0, 200),
  };
  const found =
    type === undefined
      ? unknownPanel(base, panel, named, said, notes)
      : {
          ...base,
          type: within(panel, 'gauge', 'show') === true && named === 'singlestat' ? 'gauge' : type,
          ...(type === 'row' ? {} : readContent(panel, type, said, notes)),
        };
  if (type !== undefined && instead[named] !== undefined) notes.add(said, instead[named]);
  const read = dashboardPanel.safeParse(found);
  if (read.success) return read.data;
  const [fault] = read.error.issues;
  notes.add(said, `The panel is left out: ${fault?.path.join('.') ?? ''} ${fault?.message ?? 'not readable'}.`);
  return undefined;
}

function unknownPanel(base: object, panel: Json, named: string, said: string, notes: Notes): object {
  const library = textOf(within(panel, 'libraryPanel', 'name'));
  const reason =
    library === ''
      ? `Panels of the type ${named || '?'} are not known here.`
      : `The library panel ${library} lies in the Grafana it comes from, not in this file.`;
  notes.add(said, `${reason} Its place holds this sentence.`);
  const expressions = objectsOf(panel['targets'])
    .map(({ expr }) => textOf(expr))
    .filter((expr) => expr !== '');
  const text = [reason, ...expressions.map((expr) => `\`\`\`\n${expr}\n\`\`\``)].join('\n\n').slice(0, 20_000);
  return { ...base, type: 'text', options: { text } };
}

function readContent(panel: Json, type: PanelType, said: string, notes: Notes): object {
  noteLeftBehind(panel, said, notes);
  if (type === 'text') return { options: { text: readText(panel, said, notes) } };
  const { options, ...look } = readLook(panel, type, said, notes);
  const asked = objectsOf(panel['targets'])
    .flatMap((target, index) => readTarget(target, panel, type, index, said, notes))
    .slice(0, 26);
  const { options: more, queries } = applyTransformations(panel, type, asked, said, notes);
  applyPanelColour(panel, type, queries);
  applyOverrides(panel, type, queries, said, notes);
  const links = readLinks(panel['links'], said, notes);
  return { ...look, options: { ...options, ...more }, queries, links };
}

/** One colour for the panel is that of its query; several queries in one colour could not be told apart. */
function applyPanelColour(panel: Json, type: PanelType, queries: readonly DraftQuery[]): void {
  const colour = fixedColour(within(panel, 'fieldConfig', 'defaults', 'color'));
  const [only, ...more] = queries;
  if (type === 'timeseries' && only && more.length === 0 && colour !== undefined) only.look = { ...only.look, colour };
}

function readText(panel: Json, said: string, notes: Notes): string {
  const mode = textOf(within(panel, 'options', 'mode')) || textOf(panel['mode']);
  const content = textOf(within(panel, 'options', 'content')) || textOf(panel['content']);
  if (mode !== 'html') return content.slice(0, 20_000);
  notes.add(said, 'HTML is shown as plain text.');
  return content
    .replaceAll(/<(?:br|\/p|\/div|\/li|\/h\d)[^>]*>/gi, '\n')
    .replaceAll(/<[^>]*>/g, '')
    .trim()
    .slice(0, 20_000);
}

function readTarget(
  target: Json,
  panel: Json,
  type: PanelType,
  index: number,
  said: string,
  notes: Notes,
): DraftQuery[] {
  const ref = (textOf(target['refId']) || String.fromCharCode(65 + (index % 26))).slice(0, 50);
  const source = textOf(within(target, 'datasource', 'type')) || textOf(within(panel, 'datasource', 'type'));
  const expression = textOf(target['expr']).trim();
  if (source !== '' && source !== 'prometheus' && !source.startsWith('$')) {
    notes.add(
      said,
      `Query ${ref} asks ${source === '__expr__' ? "Grafana's own expressions" : source} and is left out.`,
    );
    return [];
  }
  if (type === 'loglist') {
    notes.add(said, `Query ${ref} is LogQL; the panel shows the logs of the scope until a search is given.`);
    return [{ kind: 'logs', ref, q: '' }];
  }
  if (expression === '') {
    const other = ['rawSql', 'query', 'target', 'metricQuery'].find((name) => target[name] !== undefined);
    if (other !== undefined) notes.add(said, `Query ${ref} is no PromQL and is left out.`);
    return [];
  }
  const legend = textOf(target['legendFormat']);
  return [
    {
      kind: 'promql',
      ref,
      expression: expression.slice(0, 8000),
      legend: legend === '__auto' ? '' : legend.slice(0, 200),
      instant: target['instant'] === true && target['range'] !== true,
      hidden: target['hide'] === true,
    },
  ];
}

/** Links of panels and dashboards: addresses within Grafana lead nowhere here. */
export function readLinks(links: unknown, said: string, notes: Notes): object[] {
  return objectsOf(links)
    .flatMap((link) => {
      const url = textOf(link['url']);
      const title = (textOf(link['title']) || url).slice(0, 200);
      if (/^https?:\/\//.test(url) && url.length <= 2000) return [{ title, url, keepScope: false }];
      if (title !== '' || url !== '') notes.add(said, `The link ${title || url} leads into Grafana and is left out.`);
      return [];
    })
    .slice(0, 20);
}

function noteLeftBehind(panel: Json, said: string, notes: Notes): void {
  if (Object.keys(objectOf(panel['alert'])).length > 0)
    notes.add(said, 'Its alert is left out: make a rule of it under Rules.');
  if (listOf(within(panel, 'fieldConfig', 'defaults', 'links')).length > 0)
    notes.add(said, 'Links on values are left out.');
  if (textOf(panel['timeFrom']) !== '' || textOf(panel['timeShift']) !== '')
    notes.add(said, 'A time range of its own is left out: the panel follows the page.');
}
