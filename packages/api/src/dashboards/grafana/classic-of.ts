import { listOf, numberOf, objectOf, objectsOf, textOf, within, type Json } from './json.ts';
import type { Notes } from './notes.ts';

/** Grafana's resources: `kind: Dashboard` with a `spec`, in the classic form (v0, v1) or with `elements` and a `layout` (v2). */
export const isResource = (source: Json): boolean =>
  source['kind'] === 'Dashboard' || 'elements' in objectOf(source['spec']);

const panelsAtMost = 500;
/** Rows in tabs in rows, at most. */
const deepest = 5;

/**
 * A resource in the classic form (https://grafana.com/docs/grafana/latest/as-code/observability-as-code/schema-v2/): elements stand where the layout puts
 * them, tabs become rows, an automatic grid a plain one. Notes say what that changes.
 */
export function classicOf(resource: Json, notes: Notes): Json {
  const spec = objectOf(resource['spec']);
  if (!('elements' in spec)) return spec;
  return {
    schemaVersion: 42,
    title: spec['title'],
    description: spec['description'],
    tags: spec['tags'],
    links: spec['links'],
    time: { from: within(spec, 'timeSettings', 'from') },
    templating: { list: objectsOf(spec['variables']).map(variableOf) },
    annotations: {
      list: objectsOf(spec['annotations']).map(({ spec: annotation }) => ({
        name: within(annotation, 'name'),
        builtIn: within(annotation, 'builtIn') === true ? 1 : 0,
      })),
    },
    panels: new Placing(objectOf(spec['elements']), notes).panels(objectOf(spec['layout'])),
  };
}

const variableTypes: Readonly<Record<string, string>> = {
  QueryVariable: 'query',
  CustomVariable: 'custom',
  ConstantVariable: 'constant',
  IntervalVariable: 'interval',
  TextVariable: 'textbox',
  DatasourceVariable: 'datasource',
  AdhocVariable: 'adhoc',
  GroupByVariable: 'groupby',
  SwitchVariable: 'switch',
};
const sorts = [
  'disabled',
  'alphabeticalAsc',
  'alphabeticalDesc',
  'numericalAsc',
  'numericalDesc',
  'alphabeticalCaseInsensitiveAsc',
  'alphabeticalCaseInsensitiveDesc',
  'naturalAsc',
  'naturalDesc',
];

function variableOf({ kind, spec }: Json): Json {
  const one = objectOf(spec);
  const query = objectOf(one['query']);
  const asked = objectOf(query['spec']);
  return {
    ...one,
    type: variableTypes[textOf(kind)] ?? textOf(kind),
    sort: Math.max(0, sorts.indexOf(textOf(one['sort']))),
    query:
      typeof one['query'] === 'string'
        ? one['query']
        : textOf(asked['query']) || textOf(asked['__legacyStringValue']) || textOf(one['definition']),
  };
}

/** A panel of the second form as the first has it. */
function panelOf(element: Json): Json {
  const spec = objectOf(element['spec']);
  const id = spec['id'];
  if (element['kind'] === 'LibraryPanel') return { id, title: spec['title'], libraryPanel: spec['libraryPanel'] };
  const shown = objectOf(spec['vizConfig']);
  const group = objectOf(within(spec, 'data', 'spec'));
  return {
    id,
    type: textOf(shown['group']) || textOf(shown['kind']),
    title: spec['title'],
    description: spec['description'],
    links: spec['links'],
    fieldConfig: within(shown, 'spec', 'fieldConfig'),
    options: within(shown, 'spec', 'options'),
    targets: objectsOf(group['queries']).map((query) => {
      const { refId, hidden, query: asked } = objectOf(query['spec']);
      const kind = textOf(within(asked, 'kind'));
      return {
        ...objectOf(within(asked, 'spec')),
        refId,
        hide: hidden === true,
        datasource: { type: textOf(within(asked, 'group')) || (kind === 'DataQuery' ? '' : kind) },
      };
    }),
    transformations: objectsOf(group['transformations']).map((one) => ({
      ...objectOf(one['spec']),
      id: textOf(within(one, 'spec', 'id')) || textOf(one['group']) || textOf(one['kind']),
    })),
    timeFrom: within(group, 'queryOptions', 'timeFrom'),
    timeShift: within(group, 'queryOptions', 'timeShift'),
  };
}

/** Puts elements where the layout says, rows one below the other. */
class Placing {
  readonly #elements: Json;
  readonly #notes: Notes;
  #count = 0;

  constructor(elements: Json, notes: Notes) {
    this.#elements = elements;
    this.#notes = notes;
  }

  /** Rows come after what stands in none: a row holds all that follows. */
  panels(layout: Json, depth = 0): Json[] {
    const inside = objectOf(layout['spec']);
    switch (layout['kind']) {
      case 'RowsLayout':
        return this.#rows(
          objectsOf(inside['rows']).map((row) => objectOf(row['spec'])),
          depth,
        );
      case 'TabsLayout':
        this.#notes.add('', 'Tabs stand one below the other, as rows.');
        return this.#rows(
          objectsOf(inside['tabs']).map((tab) => objectOf(tab['spec'])),
          depth,
        );
      case 'AutoGridLayout':
        return this.#autoGrid(inside);
      default:
        return this.#grid(inside);
    }
  }

  #rows(rows: readonly Json[], depth: number): Json[] {
    if (depth >= deepest) {
      this.#notes.add('', `What lies more than ${deepest} rows or tabs deep is left out.`);
      return [];
    }
    const placed: Json[] = [];
    for (const row of rows) {
      this.#noteCondition(row, textOf(row['title']));
      const inside = this.panels(objectOf(row['layout']), depth + 1);
      const below = inside.findIndex(({ type }) => type === 'row');
      const own = below < 0 ? inside : inside.slice(0, below);
      const bare = row['hideHeader'] === true && placed.length === 0;
      const at = { x: 0, w: 24, h: 1 };
      const head = {
        type: 'row',
        title: row['title'],
        collapsed: row['collapse'] === true,
        repeat: within(row, 'repeat', 'value'),
        panels: own,
      };
      if (bare) placed.push(...own);
      else placed.push({ ...head, gridPos: at });
      placed.push(...inside.slice(own.length));
    }
    // Whoever reads the panels goes by their lines: each row below what stands before it.
    let line = placed.reduce((end, { gridPos, type }) => (type === 'row' ? end : Math.max(end, endOf(gridPos))), 0);
    return placed.map((one) => (one['type'] === 'row' ? { ...one, gridPos: { x: 0, y: line++, w: 24, h: 1 } } : one));
  }

  #grid(spec: Json): Json[] {
    return objectsOf(spec['items']).flatMap(({ kind, spec: item }) => {
      const { x, y, width, height } = objectOf(item);
      if (kind === 'GridLayoutRow') {
        const { title, collapsed, elements } = objectOf(item);
        const panels = this.#grid({ items: elements });
        const row = { type: 'row', title, gridPos: { x: 0, y, w: 24, h: 1 }, repeat: within(item, 'repeat', 'value') };
        return [{ ...row, collapsed: collapsed === true, panels }];
      }
      return this.#element(objectOf(item), { x, y, w: width, h: height });
    });
  }

  #autoGrid(spec: Json): Json[] {
    const columns = Math.max(1, Math.min(6, numberOf(spec['maxColumnCount']) ?? 3));
    const w = Math.floor(24 / columns);
    const heights: Readonly<Record<string, number>> = { short: 5, standard: 9, tall: 14 };
    const h = heights[textOf(spec['rowHeightMode'])] ?? 9;
    return objectsOf(spec['items']).flatMap(({ spec: item }, n) =>
      this.#element(objectOf(item), { x: (n % columns) * w, y: Math.floor(n / columns) * h, w, h }),
    );
  }

  #element(item: Json, gridPos: Json): Json[] {
    const name = textOf(within(item, 'element', 'name'));
    const element = Object.hasOwn(this.#elements, name) ? objectOf(this.#elements[name]) : undefined;
    if (!element) {
      this.#notes.add('', `The element ${name || '?'} is named in the layout and not in the file.`);
      return [];
    }
    if (++this.#count > panelsAtMost) return [];
    const panel = panelOf(element);
    this.#noteCondition(item, textOf(panel['title']) || name);
    return [{ ...panel, gridPos, repeat: within(item, 'repeat', 'value') }];
  }

  #noteCondition(item: Json, title: string): void {
    if (listOf(within(item, 'conditionalRendering', 'spec', 'items')).length > 0)
      this.#notes.add(title, 'It is shown always: conditions on what is shown are not known here.');
  }
}

const endOf = (place: unknown): number => (numberOf(within(place, 'y')) ?? 0) + (numberOf(within(place, 'h')) ?? 8);
