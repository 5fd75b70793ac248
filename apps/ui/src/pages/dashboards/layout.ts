import { gridColumns, type DashboardPanel, type PanelPlace, type VariableValues } from '@sightline/contract';

/** A panel where it stands on the page. A repeated one stands several times, each with one value of its variable. */
export interface PlacedPanel {
  /** The panel's id; of a copy, with the value behind. */
  readonly key: string;
  readonly panel: DashboardPanel;
  readonly place: PanelPlace;
  /** What the copy stands for, over the page's variables. */
  readonly own: VariableValues;
}

const copiesAtMost = 24;
const none: VariableValues = {};

/** The rows of a dashboard: each row panel with what lies below it, up to the next. */
interface Band {
  readonly row: DashboardPanel | undefined;
  readonly panels: readonly DashboardPanel[];
}

function bandsOf(panels: readonly DashboardPanel[]): readonly Band[] {
  const bands: { row: DashboardPanel | undefined; panels: DashboardPanel[] }[] = [{ row: undefined, panels: [] }];
  for (const panel of inOrder(panels)) {
    if (panel.type === 'row') bands.push({ row: panel, panels: [] });
    else bands.at(-1)?.panels.push(panel);
  }
  return bands;
}

/** As they are read: from the top, from the left. */
export function inOrder(panels: readonly DashboardPanel[]): readonly DashboardPanel[] {
  return panels.toSorted((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
}

/**
 * All panels that are shown, where they are shown: closed rows hide what lies below them and what follows moves up; repeated
 * panels and rows stand once for each chosen value. `closed` are the ids of rows.
 */
export function placePanels(
  panels: readonly DashboardPanel[],
  values: VariableValues,
  closed: ReadonlySet<string>,
): readonly PlacedPanel[] {
  const placed: PlacedPanel[] = [];
  let line = 0;
  for (const { row, panels: inside } of bandsOf(panels)) {
    for (const { suffix, own } of copiesOf(row?.repeat ?? '', values)) {
      if (row !== undefined) {
        placed.push({ key: row.id + suffix, panel: row, place: { x: 0, y: line, w: gridColumns, h: 1 }, own });
        line += 1;
      }
      if (row !== undefined && closed.has(row.id)) continue;
      line = placeBand(inside, line, suffix, own, values, placed);
    }
  }
  return placed;
}

function placeBand(
  inside: readonly DashboardPanel[],
  line: number,
  suffix: string,
  own: VariableValues,
  values: VariableValues,
  placed: PlacedPanel[],
): number {
  const first = Math.min(...inside.map(({ place }) => place.y));
  let pushed = 0;
  let end = line;
  for (const panel of inside) {
    const copies =
      panel.repeat !== '' && !Object.hasOwn(own, panel.repeat)
        ? copiesOf(panel.repeat, values)
        : [{ suffix: '', own: none }];
    const { w, h } = panel.place;
    const x = panel.place.x;
    const top = line + panel.place.y - first + pushed;
    // Copies stand side by side from where the panel stood, then in lines below: what follows is pushed down.
    const across = Math.max(1, Math.floor((gridColumns - x) / w));
    copies.forEach((copy, index) => {
      const place = { x: x + (index % across) * w, y: top + Math.floor(index / across) * h, w, h };
      placed.push({ key: panel.id + suffix + copy.suffix, panel, place, own: { ...own, ...copy.own } });
      end = Math.max(end, place.y + h);
    });
    if (copies.length > 1) pushed += (Math.ceil(copies.length / across) - 1) * h;
  }
  return end;
}

function copiesOf(repeat: string, values: VariableValues): readonly { suffix: string; own: VariableValues }[] {
  const chosen = repeat === '' ? undefined : values[repeat];
  if (chosen === undefined || chosen.asIs || chosen.values.length === 0) return [{ suffix: '', own: none }];
  return chosen.values.slice(0, copiesAtMost).map((value) => ({
    suffix: `:${value}`,
    own: { [repeat]: { values: [value], multi: chosen.multi } },
  }));
}

const overlaps = (a: PanelPlace, b: PanelPlace): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Panels after one was moved or resized: it stands where it was put, others give way downwards, and gaps close upwards. */
export function movePanel(
  panels: readonly DashboardPanel[],
  id: string,
  wanted: PanelPlace,
): readonly DashboardPanel[] {
  const w = Math.max(1, Math.min(gridColumns, Math.round(wanted.w)));
  const place = {
    w,
    h: Math.max(1, Math.min(100, Math.round(wanted.h))),
    x: Math.max(0, Math.min(gridColumns - w, Math.round(wanted.x))),
    y: Math.max(0, Math.round(wanted.y)),
  };
  const moved = panels.map((panel) => (panel.id === id ? { ...panel, place } : panel));
  return closeGaps(moved, id);
}

/** Every panel as high up as those above it let it; `fixed` goes before others at its line. */
export function closeGaps(panels: readonly DashboardPanel[], fixed = ''): readonly DashboardPanel[] {
  const order = panels.toSorted(
    (a, b) => a.place.y - b.place.y || Number(b.id === fixed) - Number(a.id === fixed) || a.place.x - b.place.x,
  );
  const settled: DashboardPanel[] = [];
  let rowEnd = 0;
  for (const panel of order) {
    let y = rowEnd;
    if (panel.type === 'row') y = Math.max(0, ...settled.map(({ place }) => place.y + place.h));
    const at = (line: number): PanelPlace => ({ ...panel.place, y: line });
    for (let hit = firstHit(settled, at(y)); hit !== undefined; hit = firstHit(settled, at(y)))
      y = hit.place.y + hit.place.h;
    settled.push({ ...panel, place: at(y) });
    if (panel.type === 'row') rowEnd = y + 1;
  }
  const byId = new Map(settled.map((panel) => [panel.id, panel]));
  return panels.map((panel) => byId.get(panel.id) ?? panel);
}

function firstHit(settled: readonly DashboardPanel[], place: PanelPlace): DashboardPanel | undefined {
  return settled.find((other) => overlaps(other.place, place));
}

/** An id that no panel has. */
export function freeId(panels: readonly DashboardPanel[]): string {
  const taken = new Set(panels.map(({ id }) => id));
  let number = panels.length + 1;
  while (taken.has(`p${number}`)) number++;
  return `p${number}`;
}

/**
 * Where a new panel of this size goes: beside those that begin on the last lines, where there is room, else below everything. Holes higher
 * up stay: a panel that was added is looked for at the end.
 */
export function freePlace(panels: readonly DashboardPanel[], { w, h }: Pick<PanelPlace, 'w' | 'h'>): PanelPlace {
  const end = endLine(panels);
  const last = panels.reduce((line, { place, type }) => Math.max(line, type === 'row' ? place.y + 1 : place.y), 0);
  for (let y = last; y < end; y++) {
    for (let x = 0; x + w <= gridColumns; x++) {
      const place = { x, y, w, h };
      if (firstHit(panels, place) === undefined) return place;
    }
  }
  return { x: 0, y: end, w, h };
}

/** The line below everything. */
function endLine(panels: readonly DashboardPanel[]): number {
  return Math.max(0, ...panels.map(({ place }) => place.y + place.h));
}
