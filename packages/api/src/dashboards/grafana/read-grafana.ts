import { fail, ok, type Result } from '@sightline/base';
import {
  builtInVariables,
  dashboardDocument,
  dashboardSchemaVersion,
  type DashboardDocument,
  type DashboardPanel,
  type DashboardVariable,
  fillVariables,
  type ImportNote,
  type VariableValue,
  variablesIn,
} from '@sightline/contract';
import { parsePromql } from '@sightline/query/promql';
import { classicOf, isResource } from './classic-of.ts';
import { numberOf, objectOf, objectsOf, listOf, textOf, within, type Json } from './json.ts';
import { Notes } from './notes.ts';
import { readSections } from './read-layout.ts';
import { readLinks, readPanel } from './read-panel.ts';
import { readVariables } from './read-variables.ts';

const panelsAtMost = 500;

/** True for Grafana's classic JSON, alone or as its API wraps it, and for its resources. */
export function isGrafana(source: Json): boolean {
  const inner = unwrap(source);
  return (
    inner['schemaVersion'] !== undefined ||
    Array.isArray(inner['rows']) ||
    (Array.isArray(inner['panels']) && inner['schema'] === undefined) ||
    isResource(inner)
  );
}

const unwrap = (source: Json): Json => (Object.hasOwn(source, 'dashboard') ? objectOf(source['dashboard']) : source);

/**
 * Grafana's dashboard JSON (classic, schema versions up to 42, and resources of v1 and v2:
 * https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/) as ours. What cannot be
 * carried over is noted panel by panel; one panel that cannot be read costs no other.
 */
export function readGrafana(
  source: Json,
): Result<{ document: DashboardDocument; notes: readonly ImportNote[] }, string> {
  const notes = new Notes();
  const inner = unwrap(source);
  const dashboard = isResource(inner) ? classicOf(inner, notes) : inner;
  const title = (textOf(dashboard['title']).trim() || 'Imported dashboard').slice(0, 200);
  const variables = readVariables(dashboard, notes);
  const panels = readPanels(dashboard, notes);
  if (panels.length === 0) return fail('There are no panels in it that could be read.');
  noteUnknownVariables(panels, new Set(variables.map(({ name }) => name)), dashboard, notes);
  noteUnreadable(panels, variables, notes);
  noteDashboard(dashboard, notes);
  const read = dashboardDocument.safeParse({
    schema: dashboardSchemaVersion,
    title,
    description: textOf(dashboard['description']).slice(0, 4000),
    tags: listOf(dashboard['tags'])
      .map((tag) => textOf(tag).trim().slice(0, 50))
      .filter((tag) => tag !== '')
      .slice(0, 20),
    range: rangeOf(textOf(within(dashboard, 'time', 'from'))),
    variables: unique(variables, ({ name }) => name),
    links: readLinks(dashboard['links'], '', notes),
    panels,
    imported: { from: 'Grafana', title, notes: notes.list },
  });
  if (!read.success)
    return fail(`${read.error.issues[0]?.path.join('.') ?? ''}: ${read.error.issues[0]?.message ?? ''}`);
  return ok({ document: read.data, notes: notes.list });
}

function readPanels(dashboard: Json, notes: Notes): DashboardPanel[] {
  const panels: DashboardPanel[] = [];
  const taken = new Set<string>();
  const idOf = (panel: Json): string => {
    const wanted = `p${numberOf(panel['id']) ?? panels.length + 1}`.replaceAll(/[^\w-]/g, '');
    let id = wanted;
    for (let copy = 2; taken.has(id); copy++) id = `${wanted}-${copy}`;
    taken.add(id);
    return id;
  };
  let line = 0;
  for (const { row, collapsed, panels: inside } of readSections(dashboard)) {
    if (row !== undefined) {
      const read = readPanel(row, idOf(row), { x: 0, y: line, w: 24, h: 1 }, notes);
      if (read) panels.push({ ...read, options: { ...read.options, collapsed } });
      line += 1;
    }
    let end = line;
    for (const { panel, place } of inside) {
      const read = readPanel(panel, idOf(panel), { ...place, y: place.y + line }, notes);
      if (read) panels.push(read);
      end = Math.max(end, line + place.y + place.h);
    }
    line = end;
  }
  if (panels.length > panelsAtMost) notes.add('', `Panels after the ${panelsAtMost}th are left out.`);
  return panels.slice(0, panelsAtMost);
}

function unique<T>(list: readonly T[], key: (one: T) => string): T[] {
  return [...new Map(list.map((one) => [key(one), one])).values()];
}

function noteUnknownVariables(
  panels: readonly DashboardPanel[],
  known: ReadonlySet<string>,
  dashboard: Json,
  notes: Notes,
): void {
  const builtIn = builtInVariables(0, 1, 1000);
  const named = new Set(objectsOf(within(dashboard, 'templating', 'list')).map(({ name }) => textOf(name)));
  for (const panel of panels) {
    for (const query of panel.queries) {
      if (query.kind !== 'promql') continue;
      for (const name of variablesIn(query.expression)) {
        if (/^\d/.test(name) || known.has(name) || Object.hasOwn(builtIn, name)) continue;
        const why = named.has(name) ? 'was left out' : 'is not defined';
        notes.add(panel.title || panel.id, `Query ${query.ref} refers to $${name}, which ${why}.`);
      }
    }
  }
}

/** Queries that are no PromQL once their variables are filled in: they are kept, and say why nothing is drawn. */
function noteUnreadable(
  panels: readonly DashboardPanel[],
  variables: readonly DashboardVariable[],
  notes: Notes,
): void {
  const values: Record<string, VariableValue> = { ...builtInVariables(0, 3_600_000, 15_000) };
  for (const variable of variables) values[variable.name] = { values: [exampleOf(variable)], multi: false };
  for (const panel of panels) {
    for (const query of panel.queries) {
      if (query.kind !== 'promql') continue;
      const read = parsePromql(fillVariables(query.expression, values, 'promql'));
      if (!read.ok) notes.add(panel.title || panel.id, `Query ${query.ref} cannot be read: ${read.error.message}.`);
    }
  }
}

/** A value that the variable may take: a duration where the author's are durations. */
function exampleOf(variable: DashboardVariable): string {
  const [first] = variable.initial;
  if (first !== undefined && first !== '') return first;
  if (variable.type === 'interval') return variable.options[0] ?? '1m';
  if (variable.type === 'custom') return variable.options[0]?.value ?? '1';
  return 'x';
}

function noteDashboard(dashboard: Json, notes: Notes): void {
  for (const annotation of objectsOf(within(dashboard, 'annotations', 'list')))
    if (annotation['builtIn'] !== 1)
      notes.add(
        '',
        `The annotation ${textOf(annotation['name']) || '?'} is left out; incidents and deploys are marked.`,
      );
  for (const link of objectsOf(dashboard['links']))
    if (link['type'] === 'dashboards')
      notes.add(
        '',
        `The list of dashboards tagged ${listOf(link['tags']).map(textOf).join(', ') || '(all)'} is left out.`,
      );
}

/** `now-3h` as a range of ours; seconds and months in minutes and days, what cannot be read is an hour. */
function rangeOf(from: string): string {
  const [, count = '', unit = ''] = /^now-([1-9]\d{0,4})([smhdwMy])/.exec(from) ?? [];
  if (unit === 's') return `${Math.ceil(Number(count) / 60)}m`;
  if (unit === 'M') return `${Number(count) * 30}d`;
  return count === '' ? '1h' : `${count}${unit}`;
}
