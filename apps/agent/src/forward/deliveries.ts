import type { RunOfFrames, Segment, SegmentName } from '@sightline/ingest/site';
import { framesBetween, indexOf, type SegmentIndex } from './segment-index.ts';
import { accountLane, siteLanes } from './site-lanes.ts';
import type { SiteSpool } from './site-spool.ts';

/** What is sent with one request. */
export interface Delivery {
  readonly runs: readonly RunOfFrames[];
  readonly segments: readonly Segment[];
  readonly sizeBytes: number;
  readonly frames: number;
}

interface Cursor {
  readonly index: SegmentIndex;
  next: number;
}

/** Which part of the spool: what lay there when the link came up, or what came since. */
export type Part = 'live' | 'backlog';

/** The account first: it is small. Then what is worth most. */
const order = [accountLane, ...[...siteLanes].sort((a, b) => b.worth - a.worth).map(({ name }) => name)];
const goneLimit = 1000;
/** Runs of one batch; the server takes 500. */
const runsLimit = 200;

/**
 * What goes next, and how far each segment came. The place in a segment is kept in memory only: after a start the server answers
 * where it goes on.
 */
export class Deliveries {
  readonly #spool: SiteSpool;
  readonly #cursors = new Map<string, Cursor>();
  /** Newest segment of each lane that belongs to the backlog. */
  readonly #boundaries = new Map<string, string>();
  #gone: SegmentName[] = [];
  readonly #removedFrom = new Set<string>();

  constructor(spool: SiteSpool) {
    this.#spool = spool;
  }

  /** From here on, all that lies in the spool is backlog; what grows too, or only what is closed. */
  async beginBacklog(close: 'any' | 'none'): Promise<void> {
    for (const lane of order) {
      const newest = (await this.#spool.segments(lane, close)).at(-1);
      if (newest) this.#boundaries.set(lane, newest.name);
    }
  }

  /** The oldest frames of a part, across lanes by age, up to a number of bytes and frames; at least one. Undefined when there are none. */
  async next(part: Part, mostBytes: number, mostFrames: number): Promise<Delivery | undefined> {
    const runs: RunOfFrames[] = [];
    const segments: Segment[] = [];
    let sizeBytes = 0;
    let frames = 0;
    for (const segment of oldestFirst(await this.#lanesOf(part))) {
      const { index, next } = await this.#cursor(segment);
      const last = index.records.length;
      if (next >= last) {
        await this.#finish(segment, index);
        continue;
      }
      let to = next;
      while (to < last && frames < mostFrames) {
        const size = (index.offsets[to + 1] ?? 0) - (index.offsets[to] ?? 0);
        if (frames > 0 && sizeBytes + size > mostBytes) break;
        sizeBytes += size;
        frames++;
        to++;
      }
      if (to === next) break;
      const bytes = await framesBetween(segment, index, next, to);
      runs.push({ lane: segment.lane, segment: segment.name, first: next, frames: bytes });
      segments.push(segment);
      if (to < last || runs.length >= runsLimit) break;
    }
    return runs.length === 0 ? undefined : { runs, segments, sizeBytes, frames };
  }

  /** True when frames of the backlog are left. */
  async hasBacklog(): Promise<boolean> {
    return (await this.#lanesOf('backlog')).some((lane) => lane.length > 0);
  }

  /** Notes how far the server says a segment came. True when that is further than before. */
  async advance(segment: Segment, next: number): Promise<boolean> {
    const cursor = await this.#cursor(segment);
    const moved = next > cursor.next;
    cursor.next = next;
    const records = cursor.index.records.slice(0, next).reduce((sum, count) => sum + count, 0);
    this.#spool.delivered(segment, Math.min(records, segment.records));
    if (next >= cursor.index.records.length) await this.#finish(segment, cursor.index);
    return moved;
  }

  /** Gives up one frame that the server cannot take; the loss is counted here and in the ledger. */
  async skip(segment: Segment, frame: number, reason: 'malformed' | 'too-large'): Promise<void> {
    const { index } = await this.#cursor(segment);
    await this.#spool.giveUp(segment.lane, reason, index.records[frame] ?? 0);
    await this.advance(segment, frame + 1);
  }

  /** Removed segments that the server may forget; they are named until `told`. Safe against power cuts. */
  async gone(): Promise<readonly SegmentName[]> {
    await this.#spool.sync(this.#removedFrom);
    this.#removedFrom.clear();
    return this.#gone.slice(0, goneLimit);
  }

  told(names: readonly SegmentName[]): void {
    this.#gone = this.#gone.slice(names.length);
  }

  /** The oldest segment of each lane. */
  async oldest(): Promise<SegmentName[]> {
    const found: SegmentName[] = [];
    for (const lane of order) {
      const [segment] = await this.#spool.segments(lane, 'none');
      if (segment) found.push({ lane, segment: segment.name });
    }
    return found;
  }

  async #lanesOf(part: Part): Promise<Segment[][]> {
    const lanes: Segment[][] = [];
    for (const lane of order) {
      const boundary = this.#boundaries.get(lane) ?? '';
      // Without a link nothing is gained by closing what grows: there would be a file for each look.
      const closed = await this.#spool.segments(lane, part === 'live' ? 'due' : 'none');
      lanes.push(closed.filter(({ name }) => name > boundary === (part === 'live')));
    }
    return lanes;
  }

  async #cursor(segment: Segment): Promise<Cursor> {
    let cursor = this.#cursors.get(segment.name);
    if (!cursor) this.#cursors.set(segment.name, (cursor = { index: await indexOf(segment), next: 0 }));
    return cursor;
  }

  async #finish(segment: Segment, index: SegmentIndex): Promise<void> {
    if (index.damaged) {
      const read = index.records.reduce((sum, count) => sum + count, 0);
      this.#spool.countRejected('damaged', segment.lane, Math.max(0, segment.records - read));
    }
    await this.#spool.remove(segment);
    this.#cursors.delete(segment.name);
    this.#removedFrom.add(segment.lane);
    this.#gone = [...this.#gone, { lane: segment.lane, segment: segment.name }].slice(-2 * goneLimit);
  }
}

/** Segments of several lanes, each oldest first: always the lane whose first is oldest. The order within a lane stays. */
function* oldestFirst(lanes: readonly (readonly Segment[])[]): Generator<Segment> {
  const heads = lanes.map(() => 0);
  for (;;) {
    let found = -1;
    for (const [at, lane] of lanes.entries()) {
      const head = lane[heads[at] ?? 0];
      const best = found < 0 ? undefined : lanes[found]?.[heads[found] ?? 0];
      if (head && (!best || head.openedAtMs < best.openedAtMs)) found = at;
    }
    const segment = found < 0 ? undefined : lanes[found]?.[heads[found] ?? 0];
    if (!segment) return;
    heads[found] = (heads[found] ?? 0) + 1;
    yield segment;
  }
}
