import type { Labels } from '@sightline/query/promql';
import { labelsAt, tableOf, type HeadPieces, type Selection } from '../selection.ts';

interface Member {
  readonly metric: string;
  readonly fp: bigint;
  /** Selection it is of, and its number there. */
  readonly from: number;
  readonly i: number;
}

/**
 * One selection of several of the same request: each series once, with the pieces of all. What is stored is not known of it, as each knew only
 * its own. Pieces of one series lie one selection after the other: whoever reads them merges by time.
 */
export function mergeSelections(selections: readonly Selection[]): Selection {
  const [only] = selections;
  if (only && selections.length === 1) return only;
  const members = selections.flatMap(membersOf).sort(byMetricAndFp);
  const numbers = selections.map(({ fps }) => new Uint32Array(fps.length));
  const distinct: Member[] = [];
  for (const member of members) {
    const last = distinct.at(-1);
    if (!last || last.fp !== member.fp || last.metric !== member.metric) distinct.push(member);
    (numbers[member.from] as Uint32Array)[member.i] = distinct.length - 1;
  }
  const metrics: string[] = [];
  const ends: number[] = [];
  for (const [i, { metric }] of distinct.entries()) {
    if (metrics.at(-1) !== metric) ends.push(metrics.push(metric));
    ends[ends.length - 1] = i + 1;
  }
  return {
    fps: BigUint64Array.from(distinct, ({ fp }) => fp),
    metrics,
    metricEnds: Uint32Array.from(ends),
    ...(only?.groups ? { groups: groupsOf(selections, distinct) } : { labels: labelsOf(selections, distinct) }),
    head: piecesOf(selections, numbers),
  };
}

function membersOf({ fps, metrics, metricEnds }: Selection, from: number): Member[] {
  let metric = 0;
  return Array.from(fps, (fp, i) => {
    while (i >= (metricEnds[metric] ?? Infinity)) metric++;
    return { metric: metrics[metric] ?? '', fp, from, i };
  });
}

const byMetricAndFp = (a: Member, b: Member): number =>
  a.metric === b.metric ? (a.fp < b.fp ? -1 : a.fp > b.fp ? 1 : a.from - b.from) : a.metric < b.metric ? -1 : 1;

const labelsOf = (selections: readonly Selection[], distinct: readonly Member[]): NonNullable<Selection['labels']> =>
  tableOf(
    distinct.map(({ from, i }) => {
      const table = selections[from]?.labels;
      return table ? labelsAt(table, i) : {};
    }),
  );

function groupsOf(selections: readonly Selection[], distinct: readonly Member[]): NonNullable<Selection['groups']> {
  const labels: Labels[] = [];
  const known = new Map<string, number>();
  const numbers = selections.map(({ groups }) =>
    (groups?.labels ?? []).map((group) => {
      const key = JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
      const number = known.get(key) ?? labels.push(group) - 1;
      known.set(key, number);
      return number;
    }),
  );
  const of = Uint32Array.from(distinct, ({ from, i }) => numbers[from]?.[selections[from]?.groups?.of[i] ?? 0] ?? 0);
  return { labels, of };
}

function piecesOf(selections: readonly Selection[], numbers: readonly Uint32Array[]): HeadPieces {
  const pages = selections.flatMap(({ head }) => head.pages);
  const pieces: { series: number; from: number; p: number }[] = [];
  for (const [from, { head }] of selections.entries())
    for (const [p, series] of head.series.entries()) pieces.push({ series: numbers[from]?.[series] ?? 0, from, p });
  pieces.sort((a, b) => a.series - b.series || a.from - b.from || a.p - b.p);
  const firstPage: number[] = [];
  for (const [from] of selections.entries())
    firstPage[from] = from === 0 ? 0 : (firstPage[from - 1] ?? 0) + (selections[from - 1]?.head.pages.length ?? 0);
  const places = new Uint32Array(4 * pieces.length);
  for (const [at, { from, p }] of pieces.entries()) {
    places.set(selections[from]?.head.places.subarray(4 * p, 4 * p + 4) ?? [], 4 * at);
    places[4 * at] = (places[4 * at] ?? 0) + (firstPage[from] ?? 0);
  }
  return { series: Uint32Array.from(pieces, ({ series }) => series), places, pages };
}
