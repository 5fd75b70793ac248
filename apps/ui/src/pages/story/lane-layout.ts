import type { story } from '@sightline/contract';
import type { z } from 'zod';

export type Story = z.infer<typeof story.reply>;
export type StoryEntry = Story['entries'][number];

/** A span on its lane. `start` and `end` are shares of the story's length, `row` counts from the top of the lane. */
export interface LaneBar {
  readonly entry: StoryEntry & { readonly kind: 'span' };
  readonly index: number;
  readonly row: number;
  readonly start: number;
  readonly end: number;
}

/** A log line or an error on its lane. */
export interface LaneMark {
  readonly entry: StoryEntry;
  readonly index: number;
  readonly at: number;
}

export interface Lane {
  readonly name: string;
  /** Rows that its spans need so that none covers another; at least one. */
  readonly rows: number;
  readonly bars: readonly LaneBar[];
  readonly marks: readonly LaneMark[];
}

export interface StoryLayout {
  readonly lanes: readonly Lane[];
  readonly originNs: bigint;
  readonly durationNs: number;
}

/** A lane shows no more rows of spans than this; further spans share the last. */
const mostRows = 8;

/** What an entry is about: its span, log line or error, which all say where they come from. */
export function subjectOf(entry: StoryEntry): { service: string; device: string; site: string; traceId: string } {
  if (entry.kind === 'span') return entry.span;
  return entry.kind === 'log' ? entry.log : entry.error;
}

/** The lane of an entry: its service, or the device or site where those are lanes; otherwise a lane of its service. */
export function laneOf(entry: StoryEntry, lanes: readonly string[]): string {
  const { service, device, site } = subjectOf(entry);
  return (
    [service, device, site].find((name) => name !== '' && lanes.includes(name)) ??
    (service || device || site || 'unknown')
  );
}

function nsOf(entry: StoryEntry): bigint {
  return /^\d{1,19}$/.test(entry.tsNs) ? BigInt(entry.tsNs) : BigInt(Math.max(0, Math.round(entry.at))) * 1_000_000n;
}

/** Puts a story on lanes and one time line; lanes keep the server's order, lanes it did not name follow. */
export function layoutLanes(told: Pick<Story, 'lanes' | 'entries'>): StoryLayout {
  const starts = told.entries.map(nsOf);
  const originNs = starts.reduce((least, ns) => (ns < least ? ns : least), starts[0] ?? 0n);
  const placed = told.entries.map((entry, index) => {
    const startNs = Number((starts[index] ?? originNs) - originNs);
    return { entry, index, startNs, endNs: startNs + (entry.kind === 'span' ? Math.max(0, entry.span.durationNs) : 0) };
  });
  const durationNs = placed.reduce((most, { endNs }) => Math.max(most, endNs), 0);
  const share = (ns: number) => (durationNs === 0 ? 0 : ns / durationNs);
  const names = [...new Set([...told.lanes, ...told.entries.map((entry) => laneOf(entry, told.lanes))])];
  const lanes = names.map((name): Lane => {
    const rowEnds: number[] = [];
    const bars: LaneBar[] = [];
    const marks: LaneMark[] = [];
    const own = placed.filter(({ entry }) => laneOf(entry, told.lanes) === name);
    for (const { entry, index, startNs, endNs } of own.toSorted((a, b) => a.startNs - b.startNs || b.endNs - a.endNs)) {
      if (entry.kind === 'span') {
        const row = freeRow(rowEnds, startNs);
        rowEnds[row] = Math.max(rowEnds[row] ?? 0, endNs);
        bars.push({ entry, index, row, start: share(startNs), end: share(endNs) });
      } else marks.push({ entry, index, at: share(startNs) });
    }
    return { name, rows: Math.max(1, rowEnds.length), bars, marks };
  });
  return { lanes: lanes.filter(({ bars, marks }) => bars.length + marks.length > 0), originNs, durationNs };
}

function freeRow(rowEnds: readonly number[], startNs: number): number {
  const free = rowEnds.findIndex((end) => end <= startNs);
  if (free >= 0) return free;
  return Math.min(rowEnds.length, mostRows - 1);
}
