import {
  type GroupPart,
  type Grid,
  type FloatHistogram,
  type KernelCall,
  type Labels,
  QueryFailure,
  type Reduction,
  type SampleColumns,
  type ScanAnnotation,
} from '@sightline/query/promql';
import type { ResolutionMs } from '../rollup/resolutions.ts';
import type { HeadPieces, Selection } from '../selection.ts';

/** One thread's part of a scan: some series of a selection, and what to compute of them. Structured-cloneable. */
export interface Share {
  readonly organisation: string;
  readonly metrics: readonly string[];
  /** Index into `metrics` for each series. */
  readonly metricOf: Uint32Array;
  readonly fps: BigUint64Array;
  /** Series of these metrics altogether, wanted or not; absent where it is not known. */
  readonly family?: number;
  readonly groupOf?: Uint32Array;
  readonly groups?: readonly Labels[];
  readonly head: HeadPieces;
  readonly stored?: Selection['stored'];
  readonly grid: Grid;
  readonly kernel: KernelCall;
  readonly reduction?: Reduction;
  /** Samples later than this and up to `endMs` are read, milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  readonly limits: ShareLimits;
  /** From roll-ups of this width; days from `upToMs` on are rolled up on the way. */
  readonly rolled?: { readonly resolutionMs: ResolutionMs; readonly upToMs: number };
}

export interface ShareLimits {
  /** Samples that may still be looked at. */
  readonly samples: number;
  /** Wall time at which the query ends, milliseconds since the epoch. */
  readonly deadlineMs: number;
  /** Not 0 once the query is cancelled; shared memory. */
  readonly cancelled: Int32Array;
}

/** What a share computed. Arrays are transferred. */
export interface ShareResult {
  readonly samples: number;
  readonly annotations: readonly ScanAnnotation[];
  /** True where a reduction met a histogram: nothing else is set then. */
  readonly sawHistogram: boolean;
  /** True where roll-ups were asked for of a series that has none, for its native histograms: nothing else is set then. */
  readonly notRolled?: true;
  readonly groups?: readonly GroupPart[];
  readonly rows?: ShareRows;
}

/** Series that have a value: `series[r]` with values `r * steps` and on. */
export interface ShareRows {
  readonly series: Uint32Array;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly histograms: readonly (readonly [row: number, values: (FloatHistogram | undefined)[]])[];
  readonly samples: readonly (readonly [row: number, samples: SampleColumns])[];
}

/**
 * Takes `members` out of a selection as a share of its own. Typed arrays are copied, so that a share can be transferred. `members`
 * ascend.
 */
export function shareOf(
  selection: Selection,
  members: Uint32Array,
  rest: Pick<Share, 'organisation' | 'grid' | 'kernel' | 'startMs' | 'endMs' | 'limits'> &
    Partial<Pick<Share, 'reduction' | 'rolled'>>,
): Share {
  const { metricEnds, groups, stored } = selection;
  const metricOf = new Uint32Array(members.length);
  const fps = new BigUint64Array(members.length);
  const groupOf = groups && new Uint32Array(members.length);
  const metrics: string[] = [];
  let metric = 0;
  let named = -1;
  for (let m = 0; m < members.length; m++) {
    const i = members[m] ?? 0;
    while (i >= (metricEnds[metric] ?? Infinity)) metric++;
    if (named !== metric) metrics.push(selection.metrics[metric] ?? '');
    named = metric;
    metricOf[m] = metrics.length - 1;
    fps[m] = selection.fps[i] ?? 0n;
    if (groupOf && groups) groupOf[m] = groups.of[i] ?? 0;
  }
  return {
    ...rest,
    metrics,
    metricOf,
    fps,
    ...(groupOf && groups ? { groupOf, groups: groups.labels } : {}),
    head: headOf(selection.head, members, selection.fps.length),
    ...(stored ? { stored } : {}),
    ...(selection.family === undefined ? {} : { family: selection.family }),
  };
}

/** Words of `HeadPieces.places` for each piece. */
const placeWords = 4;

function headOf(head: HeadPieces, members: Uint32Array, all: number): HeadPieces {
  if (members.length === all) return head;
  const series = new Uint32Array(head.series.length);
  const places = new Uint32Array(head.places.length);
  let kept = 0;
  for (let p = 0, m = 0; p < head.series.length; p++) {
    const wanted = head.series[p] ?? 0;
    while (m < members.length && (members[m] ?? 0) < wanted) m++;
    if (members[m] !== wanted) continue;
    series[kept] = m;
    for (let w = 0; w < placeWords; w++) places[placeWords * kept + w] = head.places[placeWords * p + w] ?? 0;
    kept++;
  }
  return { series: series.subarray(0, kept), places: places.subarray(0, placeWords * kept), pages: head.pages };
}

/** Throws `QueryFailure` where a query was cancelled, is late, or has read more samples than it may. */
export function endAtLimits(limits: ShareLimits, samples: number): void {
  if (Atomics.load(limits.cancelled, 0) !== 0)
    throw new QueryFailure({ kind: 'canceled', message: 'query was canceled' });
  if (Date.now() > limits.deadlineMs)
    throw new QueryFailure({ kind: 'timeout', message: 'query timed out in query execution' });
  if (samples > limits.samples) {
    throw new QueryFailure({
      kind: 'execution',
      message: 'query processing would load too many samples into memory in query execution',
    });
  }
}
