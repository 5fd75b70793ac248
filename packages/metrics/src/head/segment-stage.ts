import { randomBytes } from 'node:crypto';
import {
  decodeOtlpMetrics,
  decodeSpooled,
  decodeWriteRequest2,
  type MetricSegment,
  type SpooledRecord,
  WriteRequestCursor,
} from '@sightline/ingest/metric-formats';
import type { Reason, ReceivedSeries, ResourcePromotion } from '@sightline/record';
import { type LabelDefaults, seriesLabels } from '../labels/series-labels.ts';
import type { Catalogue } from '../series/catalogue.ts';
import { Hash64, HashTable } from '@sightline/base';
import type { Announcements } from './announcements.ts';
import { Growth } from './growth.ts';
import { SegmentAccount } from './segment-account.ts';
import { type ExemplarEntry, type RichEntry, SampleColumnsStage } from './transaction.ts';

const dayMs = 86_400_000;
/** Scopes whose labels are remembered by their bytes. */
const scopesLimit = 10_000;
/** Entries of the tables of label bytes before they begin anew. */
const rawLimit = 4_000_000;
const staleLo = 2;
const staleHi = 0x7ff00000;
/** How long frames are decoded before others get a turn, milliseconds. */
const turnMs = 8;

interface Scope {
  readonly organisation: string;
  readonly defaults: LabelDefaults;
  readonly seedLo: number;
  readonly seedHi: number;
}

/** Makes the frames of a segment samples of numbered series. One for all segments: it knows series by the bytes of their labels. */
export class SegmentStage {
  readonly samples = new SampleColumnsStage();
  rich: RichEntry[] = [];
  exemplars: ExemplarEntry[] = [];
  culprits: { index: number; message: string }[] = [];
  /** Bytes of the segment that were frames. */
  readBytes = 0;
  account = new SegmentAccount();
  readonly growth = new Growth();
  /** Samples that were folded since the start. */
  folded = 0;
  readonly #catalogue: Catalogue;
  readonly #announcements: Announcements;
  readonly #keptMs: number;
  /** Of frames that are decoded from now on. */
  promotion: ResourcePromotion;
  readonly #cursor = new WriteRequestCursor();
  readonly #hash = new Hash64();
  readonly #scopes = new Map<string, Scope>();
  /** Series by the bytes of their labels; apart from those whose samples are folded. */
  #raw = new HashTable(1024);
  #rawFolded = new HashTable(16);
  #folds = new Map<number, Map<number, number>>();
  readonly #double = new Float64Array(1);
  readonly #words = new Uint32Array(this.#double.buffer);
  #rejected = new Map<Reason, number>();
  #receivedAtMs = 0;

  constructor(parts: {
    readonly catalogue: Catalogue;
    readonly announcements: Announcements;
    readonly keptMs: number;
    readonly promotion: ResourcePromotion;
  }) {
    this.#catalogue = parts.catalogue;
    this.#announcements = parts.announcements;
    this.#keptMs = parts.keptMs;
    this.promotion = parts.promotion;
  }

  /** Decodes all frames of a segment's bytes. Lets others run from time to time. */
  async read(content: Buffer, format: MetricSegment['format']): Promise<void> {
    this.#begin();
    let turnEnds = performance.now() + turnMs;
    for (let at = 0, index = 0; at < content.length; index++) {
      const frame = decodeSpooled(content, at);
      // The disk's fault: the loader has told of it, and what follows is lost.
      if (!frame) break;
      at += frame.frame.length;
      this.readBytes = at;
      this.#frame(frame, format, index);
      if (performance.now() < turnEnds) continue;
      await new Promise((resolve) => setImmediate(resolve));
      turnEnds = performance.now() + turnMs;
    }
    this.#unfold();
  }

  /** Forgets which bytes stand for which series: their numbers are given to others. */
  forget(): void {
    this.#raw = new HashTable(1024);
    this.#rawFolded = new HashTable(16);
  }

  #begin(): void {
    this.samples.clear();
    this.rich = [];
    this.exemplars = [];
    this.culprits = [];
    this.readBytes = 0;
    this.account = new SegmentAccount();
    this.growth.begin();
    this.#folds = new Map();
    if (this.#raw.size + this.#rawFolded.size > rawLimit) this.forget();
  }

  #frame(frame: SpooledRecord, format: MetricSegment['format'], index: number): void {
    this.#rejected = new Map();
    this.#receivedAtMs = frame.receivedAtMs;
    const scope = this.#scopeOf(frame);
    const foldedBefore = this.folded;
    const problem = format === 'rw1' ? this.#writeRequest(frame, scope) : this.#decoded(frame, scope, format);
    if (problem === '') this.account.frame(frame, this.#rejected, this.folded - foldedBefore);
    else {
      this.culprits.push({ index, message: problem });
      this.account.unreadable(frame);
    }
  }

  /** What is wrong with the frame; '' when nothing is. What was read before stays. */
  #writeRequest(frame: SpooledRecord, scope: Scope): string {
    const cursor = this.#cursor;
    cursor.open(frame.bytes);
    const earliest = frame.receivedAtMs - this.#keptMs;
    const latest = frame.receivedAtMs + dayMs;
    while (cursor.next()) {
      const sid = this.#seriesOf(cursor, scope);
      if (sid < 0) {
        this.#reject('malformed', cursor.samples);
        continue;
      }
      const { samples, times, bits } = cursor;
      const fold = this.#wasFolded;
      if (!fold) this.#announcements.heard(sid, frame.receivedAtMs);
      if (!fold && areWithin(times, samples, earliest, latest)) this.samples.pushAll(sid, times, bits, samples);
      else
        for (let i = 0; i < samples; i++) {
          const atMs = times[i] as number;
          if (atMs < earliest || atMs > latest) this.#reject(atMs < earliest ? 'too-old' : 'too-new', 1);
          else if (fold) this.#fold(sid, atMs, bits[i * 2] as number, bits[i * 2 + 1] as number);
          else this.samples.push(sid, atMs, bits[i * 2] as number, bits[i * 2 + 1] as number);
        }
      if (cursor.histogramsAt.length > 0) this.#histograms(cursor, sid, fold, earliest, latest);
      if (cursor.exemplarsAt.length > 0 && !fold)
        for (const { labels, value, atMs } of cursor.exemplars()) this.exemplars.push({ sid, atMs, value, labels });
    }
    for (const { metric, type, help, unit } of cursor.metadata)
      this.#announcements.metadata({ organisation: scope.organisation, metric, type, unit, help });
    return cursor.bad ? 'the frame is no prometheus.WriteRequest' : '';
  }

  #histograms(cursor: WriteRequestCursor, sid: number, fold: boolean, earliest: number, latest: number): void {
    for (const { atMs, startMs, histogram, stale } of cursor.histograms()) {
      if (atMs < earliest || atMs > latest) this.#reject(atMs < earliest ? 'too-old' : 'too-new', 1);
      else if (fold) this.folded++;
      else if (stale) this.samples.push(sid, atMs, staleLo, staleHi);
      else this.rich.push({ sid, atMs, lo: 0, hi: 0, histogram, startMs });
    }
  }

  #decoded(frame: SpooledRecord, scope: Scope, format: 'rw2' | 'otlp'): string {
    const { series, refused } =
      format === 'otlp' ? decodeOtlpMetrics(frame, this.promotion) : decodeWriteRequest2(frame);
    for (const { reason, records } of refused) this.#reject(reason, records);
    for (const received of series) this.#receive(received, scope, frame);
    return '';
  }

  #receive(received: ReceivedSeries, scope: Scope, frame: SpooledRecord): void {
    const sid = this.#resolve(received.labels, scope, received.type, received.unit);
    if (sid < 0) {
      this.#reject('malformed', received.times.length);
      return;
    }
    const fold = this.#wasFolded;
    if (!fold) this.#announcements.heard(sid, frame.receivedAtMs);
    const { times, values, histograms, startTimes, stale } = received;
    for (let i = 0; i < times.length; i++) {
      const atMs = times[i] as number;
      if (atMs < frame.receivedAtMs - this.#keptMs) this.#reject('too-old', 1);
      else if (atMs > frame.receivedAtMs + dayMs) this.#reject('too-new', 1);
      else {
        const isStale = stale?.includes(i) ?? false;
        let value = values[i] as number;
        let histogram = histograms?.[i];
        if (received.delta && !isStale && !fold) {
          const grown = this.growth.add(sid, atMs, value, histogram);
          value = grown.value;
          histogram = grown.histogram;
        }
        this.#double[0] = value;
        const lo = isStale ? staleLo : (this.#words[0] as number);
        const hi = isStale ? staleHi : (this.#words[1] as number);
        const startMs = received.delta ? 0 : (startTimes?.[i] ?? 0);
        if (fold) {
          if (histogram) this.folded++;
          else this.#fold(sid, atMs, lo, hi);
        } else if (histogram || startMs !== 0) this.rich.push({ sid, atMs, lo, hi, histogram, startMs });
        else this.samples.push(sid, atMs, lo, hi);
      }
    }
    if (fold) return;
    for (const { labels, value, atMs } of received.exemplars ?? []) this.exemplars.push({ sid, atMs, value, labels });
    const family = this.#catalogue.families[sid];
    if (family && received.type !== 'unknown')
      this.#announcements.metadata({
        organisation: scope.organisation,
        metric: familyName(family.metric, received.type),
        type: received.type,
        unit: received.unit,
        help: received.help,
      });
  }

  #wasFolded = false;

  /** Number of the cursor's series, -1 when it may not be kept; `#wasFolded` tells whether its samples go into an overflow series. */
  #seriesOf(cursor: WriteRequestCursor, scope: Scope): number {
    this.#wasFolded = false;
    if (cursor.scattered) return this.#resolve(cursor.labels(), scope, 'unknown', '');
    this.#hash.bytes(cursor.view, cursor.labelsFrom, cursor.labelsTo, scope.seedLo, scope.seedHi);
    const { lo, hi } = this.#hash;
    const known = this.#raw.get(lo, hi);
    if (known >= 0 && this.#catalogue.families[known]) return known;
    const folded = this.#rawFolded.get(lo, hi);
    if (folded >= 0 && this.#catalogue.families[folded]) {
      this.#wasFolded = true;
      return folded;
    }
    const sid = this.#resolve(cursor.labels(), scope, 'unknown', '');
    if (sid >= 0) (this.#wasFolded ? this.#rawFolded : this.#raw).set(lo, hi, sid);
    return sid;
  }

  #resolve(labels: readonly string[], scope: Scope, type: ReceivedSeries['type'], unit: string): number {
    this.#wasFolded = false;
    const kept = seriesLabels(labels, scope.defaults);
    if (!kept) return -1;
    const found = this.#catalogue.find(scope.organisation, kept.metric, kept.pairs, this.#receivedAtMs);
    this.#wasFolded = found.folded;
    if (found.made)
      this.#announcements.made(found.sid, scope.organisation, {
        site: found.folded ? '' : kept.site,
        service: found.folded ? '' : kept.service,
        type: type === 'unknown' ? typeByName(kept.metric) : type,
        unit,
      });
    return found.sid;
  }

  /** Samples of folded series that have one time are added up. */
  #fold(sid: number, atMs: number, lo: number, hi: number): void {
    this.folded++;
    this.#words[0] = lo;
    this.#words[1] = hi;
    const value = this.#double[0] as number;
    if (Number.isNaN(value)) return;
    let sums = this.#folds.get(sid);
    if (!sums) this.#folds.set(sid, (sums = new Map()));
    sums.set(atMs, (sums.get(atMs) ?? 0) + value);
  }

  #unfold(): void {
    for (const [sid, sums] of this.#folds)
      for (const [atMs, sum] of [...sums].sort(([a], [b]) => a - b)) {
        this.#double[0] = sum;
        this.samples.push(sid, atMs, this.#words[0] as number, this.#words[1] as number);
      }
  }

  #reject(reason: Reason, records: number): void {
    if (records > 0) this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + records);
  }

  #scopeOf({ scope }: SpooledRecord): Scope {
    const key = `${scope.organisation}\u0000${scope.site}\u0000${scope.service}`;
    let known = this.#scopes.get(key);
    if (!known) {
      if (this.#scopes.size >= scopesLimit) {
        this.#scopes.clear();
        this.forget();
      }
      // Seeds that nobody can guess: labels whose hashes collide cannot be made on purpose.
      const seeds = randomBytes(8);
      known = {
        organisation: scope.organisation,
        defaults: { site: scope.site, service: scope.service },
        seedLo: seeds.readUInt32LE(0),
        seedHi: seeds.readUInt32LE(4),
      };
      this.#scopes.set(key, known);
    }
    return known;
  }
}

function areWithin(times: Float64Array, count: number, earliest: number, latest: number): boolean {
  for (let i = 0; i < count; i++)
    if (!((times[i] as number) >= earliest && (times[i] as number) <= latest)) return false;
  return true;
}

/** What the name says of the type, where the client did not say it. */
function typeByName(metric: string): string {
  return metric.endsWith('_total') ? 'counter' : metric.endsWith('_bucket') ? 'histogram' : 'unknown';
}

/** The name under which Prometheus keeps metadata: that of the histogram or summary, not of its parts. */
function familyName(metric: string, type: ReceivedSeries['type']): string {
  return type === 'histogram' || type === 'summary' || type === 'gaugehistogram'
    ? metric.replace(/_(?:bucket|sum|count)$/, '')
    : metric;
}
