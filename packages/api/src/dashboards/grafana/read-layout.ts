import { gridColumns, type PanelPlace } from '@sightline/contract';
import { listOf, numberOf, objectOf, objectsOf, textOf, type Json } from './json.ts';

/** Panels under one row, places counted from the row's first line. */
export interface Section {
  /** The row's own panel; undefined above the first row. */
  readonly row: Json | undefined;
  readonly collapsed: boolean;
  readonly panels: readonly { readonly panel: Json; readonly place: PanelPlace }[];
}

const panelsAtMost = 500;

/**
 * The panels of a dashboard by rows. Grafana keeps what lies in a closed row inside of the row, at lines that other panels may
 * have taken since: each section is counted from its own first line.
 */
export function readSections(dashboard: Json): Section[] {
  const old = objectsOf(dashboard['rows']);
  if (old.length > 0) return old.map(oldSection);
  const panels = objectsOf(dashboard['panels'])
    .slice(0, panelsAtMost)
    .toSorted((a, b) => lineOf(a) - lineOf(b) || columnOf(a) - columnOf(b));
  const sections: { row: Json | undefined; collapsed: boolean; panels: Json[] }[] = [
    { row: undefined, collapsed: false, panels: [] },
  ];
  for (const panel of panels) {
    if (panel['type'] === 'row')
      sections.push({ row: panel, collapsed: panel['collapsed'] === true, panels: [...objectsOf(panel['panels'])] });
    else sections.at(-1)?.panels.push(panel);
  }
  return sections
    .filter(({ row, panels: inside }) => row !== undefined || inside.length > 0)
    .map(({ row, collapsed, panels: inside }) => {
      const first = Math.min(...inside.map(lineOf));
      return { row, collapsed, panels: inside.map((panel) => ({ panel, place: placeOf(panel, first) })) };
    });
}

const lineOf = (panel: Json): number => numberOf(objectOf(panel['gridPos'])['y']) ?? 0;
const columnOf = (panel: Json): number => numberOf(objectOf(panel['gridPos'])['x']) ?? 0;
const between = (value: number | null, least: number, most: number): number =>
  Math.max(least, Math.min(most, Math.round(value ?? least)));

function placeOf(panel: Json, firstLine: number): PanelPlace {
  const { x, y, w, h } = objectOf(panel['gridPos']);
  const left = between(numberOf(x), 0, gridColumns - 1);
  return {
    x: left,
    y: between((numberOf(y) ?? 0) - firstLine, 0, 9000),
    w: Math.min(between(numberOf(w) ?? 12, 1, gridColumns), gridColumns - left),
    h: between(numberOf(h) ?? 8, 1, 100),
  };
}

/** Before version 5 a dashboard had rows of panels with a span of twelfths and no places. */
function oldSection(row: Json): Section {
  let x = 0;
  let y = 0;
  const height = between((numberOf(textOf(row['height']).replace('px', '')) ?? 250) / 38, 3, 100);
  const panels = objectsOf(row['panels']).map((panel) => {
    const w = between((numberOf(panel['span']) ?? 12) * 2, 1, gridColumns);
    if (x + w > gridColumns) {
      x = 0;
      y += height;
    }
    const place = { x, y, w, h: height };
    x += w;
    return { panel, place };
  });
  const named = row['showTitle'] === true || row['collapse'] === true || textOf(row['repeat']) !== '';
  return {
    row: named && listOf(row['panels']).length > 0 ? { ...row, type: 'row' } : undefined,
    collapsed: row['collapse'] === true,
    panels,
  };
}
