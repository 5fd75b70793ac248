import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Logger } from '@sightline/base';
import type { LoadedMetrics, MetricSegment } from '@sightline/ingest/metric-formats';
import type { ResourcePromotion } from '@sightline/record';
import { Catalogue } from '../series/catalogue.ts';
import { grown } from '../series/family.ts';
import { Announcements } from './announcements.ts';
import { Cutter } from './cutter.ts';
import type { HeadBlock } from './head-block.ts';
import { HeadBlocks } from './head-blocks.ts';
import type { HeadEngine, HeadSettings } from './head-settings.ts';
import { HeadLog } from './log.ts';
import { Manifest, type PendingCut } from './manifest.ts';
import { SegmentStage } from './segment-stage.ts';
import {
  type Consumed,
  decodeTransaction,
  type Definition,
  encodeTransaction,
  SampleColumnsStage,
  type Total,
  type TransactionHead,
} from './transaction.ts';

const announceEveryMs = 10_000;
const trimEveryMs = 30_000;
/** A metric that was asked for since then stays in memory: a query may be under way. */
const unusedMs = 60_000;
/** A block that was opened anew is cut after so long even if samples keep coming. */
const longestOpenMs = 1_800_000;
/**
 * A past block of so many samples is worth a part of its own as soon as nothing comes any more, or half as many have come for other blocks since: who
 * sends days at once does not fill the memory.
 */
const largeSamples = 500_000;
const largeIdleMs = 5000;
/** An open log file of which nothing is needed any more is left behind beyond so many bytes. */
const uselessBytes = 65_536;
/** Segments that wait for their turn. */
const waitingLimit = 16;

/** Figures of the head since it started. */
export interface HeadFigures {
  readonly series: number;
  readonly samples: number;
  readonly folded: number;
  readonly duplicates: number;
  readonly late: number;
  readonly memoryBytes: number;
  readonly logBytes: number;
  readonly openBlocks: number;
  readonly cuts: number;
  readonly chunks: number;
  readonly chunkBytes: number;
  readonly exemplarsDropped: number;
}

export interface HeadParts {
  readonly settings: HeadSettings;
  readonly engine: HeadEngine;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The write side of the metric store: takes segments, keeps their samples in memory and in its own log, and cuts blocks of two hours
 * into the engine. A segment counts once, whatever is killed when: its name stands in the log with its samples, and a cut is one
 * insert under one token that the manifest knows.
 */
export class Head {
  readonly catalogue: Catalogue;
  readonly blocks: HeadBlocks;
  /** Cuts of each block that are in the engine since this start, by its start. */
  readonly changes = new Map<number, number>();
  readonly #parts: HeadParts;
  readonly #manifest: Manifest;
  readonly #stage: SegmentStage;
  readonly #announcements: Announcements;
  readonly #cutter: Cutter;
  #log!: HeadLog;
  #seq = 0;
  readonly #consumed = new Map<string, Consumed>();
  /** By sid: the log file that defines the series. */
  #definedIn: Uint32Array = new Uint32Array(1024);
  #serial: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #cuts: Promise<void> = Promise.resolve();
  #announcedAtMs = 0;
  #trimmedAtMs = 0;
  #announcing: Promise<void> | undefined;
  readonly #stop = new AbortController();

  private constructor(parts: HeadParts, manifest: Manifest) {
    const { settings, engine, clock, logger } = parts;
    this.#parts = parts;
    this.#manifest = manifest;
    this.catalogue = new Catalogue(settings.limits);
    const { catalogue } = this;
    const { folder } = settings;
    const run = `${manifest.id.slice(0, 8)}-${clock.now().toString(36)}`;
    this.#announcements = new Announcements({ folder, engine, catalogue, clock, logger, run });
    const { keptMs, promotion } = settings;
    this.#stage = new SegmentStage({ catalogue, announcements: this.#announcements, keptMs, promotion });
    this.#cutter = new Cutter({ folder, engine, catalogue, manifest });
    this.blocks = new HeadBlocks({
      memoryBytes: settings.memoryBytes * 2,
      cutUpTo: manifest.cuts,
      joined: (sid, atMs, block) => this.#joined(sid, atMs, block),
    });
  }

  /** Opens the folder: finishes cuts that were under way and takes what the log holds back into memory. */
  static async open(parts: HeadParts): Promise<Head> {
    const { folder } = parts.settings;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const manifest = await Manifest.read(path.join(folder, 'manifest.json'));
    const head = new Head(parts, manifest);
    await manifest.write();
    await head.#cutter.finishPending();
    await head.#recover(folder);
    return head;
  }

  /** Resolves when everything of the segment is durable. A segment that was taken before changes nothing. */
  async load(segment: MetricSegment): Promise<LoadedMetrics> {
    if (this.#waiting >= waitingLimit) throw new Error('the metric store does not keep up');
    this.#waiting++;
    try {
      await this.#room();
      return await this.#inTurn(() => this.#take(segment));
    } finally {
      this.#waiting--;
    }
  }

  /** Other attributes of OTLP resources become labels from now on. */
  promote(promotion: ResourcePromotion): void {
    this.#stage.promotion = promotion;
  }

  /** To be called about every second: announces what is new and cuts what is due. */
  tick(): void {
    const now = this.#parts.clock.now();
    if (now - this.#announcedAtMs >= announceEveryMs && !this.#announcing) {
      this.#announcedAtMs = now;
      this.#announcing = this.announce()
        .catch((error: unknown) =>
          this.#parts.logger.warn('series of metrics could not be announced yet', { error: String(error) }),
        )
        .finally(() => (this.#announcing = undefined));
    }
    if (now - this.#trimmedAtMs >= trimEveryMs) {
      this.#trimmedAtMs = now;
      this.catalogue.trim(this.#parts.settings.indexBytes, now - unusedMs);
    }
    const due = this.#due(now);
    if (due.length > 0) this.#cut(due);
  }

  /** Writes rows of new series, metadata, sites and exemplars now. */
  async announce(): Promise<void> {
    const seq = this.#seq;
    const exemplars = this.#announcements.exemplarsWaiting;
    await this.#announcements.flush();
    if (exemplars === 0) return;
    this.#manifest.exemplarsSeq = seq;
    await this.#manifest.write();
  }

  /** Cuts all blocks now, or those before a time. Resolves when they are in the engine. */
  async cutAll(beforeMs = Infinity): Promise<void> {
    this.#cut([...this.blocks.open.values()].filter((block) => block.endMs <= beforeMs || beforeMs === Infinity));
    await this.#cuts;
  }

  /** The head's clock. */
  now(): number {
    return this.#parts.clock.now();
  }

  figures(): HeadFigures {
    const { blocks } = this;
    const all = blocks.all();
    const sum = (of: (block: HeadBlock) => number): number =>
      [...blocks.open.values()].reduce((total, block) => total + of(block), 0);
    return {
      series: this.catalogue.active,
      samples: blocks.appended,
      folded: this.#stage.folded,
      duplicates: blocks.duplicates + sum((block) => block.duplicates),
      late: blocks.late + sum((block) => block.lateSamples),
      memoryBytes: blocks.bytes,
      logBytes: this.#log.bytes,
      openBlocks: all.length,
      cuts: this.#cutter.cuts,
      chunks: this.#cutter.chunks,
      chunkBytes: this.#cutter.chunkBytes,
      exemplarsDropped: this.#announcements.exemplarsDropped,
    };
  }

  /** Finishes what is under way; what is in memory is in the log as well. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#serial.catch(() => undefined);
    await this.#cuts;
    await this.#announcing;
    await this.announce().catch((error: unknown) =>
      this.#parts.logger.warn('series of metrics could not be announced at the stop', { error: String(error) }),
    );
    await this.#log.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#serial.catch(() => undefined).then(work);
    this.#serial = turn.catch(() => undefined);
    return turn;
  }

  async #take(segment: MetricSegment): Promise<LoadedMetrics> {
    const known = this.#consumed.get(segment.name);
    if (known) return known;
    if (this.#log.full) await this.#beginFile();
    const stage = this.#stage;
    await stage.read(await readFile(segment.path), segment.format);
    const consumed: Consumed = {
      segment: segment.name,
      path: segment.path,
      entries: stage.account.entries(),
      culprits: stage.culprits,
      readBytes: stage.readBytes,
    };
    const seq = ++this.#seq;
    const totals = stage.growth.staged();
    const sids = this.#newDefinitions(stage, totals);
    const head: TransactionHead = {
      seq,
      consumed: [consumed],
      definitions: sids.map((sid) => this.#definition(sid)),
      rich: stage.rich,
      exemplars: stage.exemplars,
      totals,
    };
    const parts = encodeTransaction(head, stage.samples);
    await this.#log.append(seq, parts, sids.length > 0 ? (parts[1]?.length ?? 0) : 0);
    for (const sid of sids) this.#definedIn[sid] = this.#log.fileNumber;
    this.blocks.apply(seq, stage.samples, stage.rich, this.#parts.clock.now(), false);
    stage.growth.keep(totals);
    for (const exemplar of stage.exemplars) this.#announcements.exemplar(exemplar);
    this.#consumed.set(segment.name, consumed);
    return consumed;
  }

  /** A new log file begins with what must outlive the older ones: segments that the spool still holds, and totals. */
  async #beginFile(): Promise<void> {
    await this.#log.begin();
    for (const [name, { path: file }] of this.#consumed) if (!existsSync(file)) this.#consumed.delete(name);
    const totals = this.#stage.growth.all();
    const seq = ++this.#seq;
    const sids = totals.map(({ sid }) => sid);
    const head: TransactionHead = {
      seq,
      consumed: [...this.#consumed.values()],
      definitions: sids.map((sid) => this.#definition(sid)),
      rich: [],
      exemplars: [],
      totals,
    };
    await this.#log.append(seq, encodeTransaction(head, new SampleColumnsStage()));
    for (const sid of sids) this.#definedIn[sid] = this.#log.fileNumber;
    await this.#releaseLog();
  }

  /** Series of the stage that the open file does not define yet. */
  #newDefinitions(stage: SegmentStage, totals: readonly Total[]): number[] {
    const { samples, rich, exemplars } = stage;
    const file = this.#log.fileNumber;
    this.#definedIn = grown(this.#definedIn, this.catalogue.families.length);
    const sids = new Set<number>();
    for (let i = 0; i < samples.count; i++) {
      const sid = samples.sids[i] as number;
      if (this.#definedIn[sid] !== file) sids.add(sid);
    }
    for (const { sid } of [...rich, ...exemplars, ...totals]) if (this.#definedIn[sid] !== file) sids.add(sid);
    return [...sids];
  }

  #definition(sid: number): Definition {
    const family = this.catalogue.families[sid];
    if (!family) throw new Error(`series ${sid} is not in memory`);
    const member = this.catalogue.members[sid] as number;
    const known = this.#announcements.of(sid);
    return {
      sid,
      organisation: family.organisation,
      metric: family.metric,
      pairs: family.pairsOf(member),
      fpLo: family.fpLo[member] as number,
      fpHi: family.fpHi[member] as number,
      site: known?.site ?? '',
      service: known?.service ?? '',
      type: known?.type ?? '',
      unit: known?.unit ?? '',
    };
  }

  async #recover(folder: string): Promise<void> {
    const samples = new SampleColumnsStage();
    const now = this.#parts.clock.now();
    let file = -1;
    let sids: number[] = [];
    this.#log = await HeadLog.open(folder, (bytes, number) => {
      const head = decodeTransaction(bytes, samples);
      if (number !== file) sids = [];
      file = number;
      for (const definition of head.definitions) sids[definition.sid] = this.#restore(definition, now);
      const sidOf = (written: number): number => {
        const sid = sids[written];
        if (sid === undefined) throw new Error(`the log names series ${written} before it defines it`);
        return sid;
      };
      for (let i = 0; i < samples.count; i++) samples.sids[i] = sidOf(samples.sids[i] as number);
      const rich = head.rich.map((entry) => ({ ...entry, sid: sidOf(entry.sid) }));
      // Old samples were left long enough: their blocks are cut at once.
      this.blocks.apply(head.seq, samples, rich, 0, true);
      this.#stage.growth.keep(head.totals.map((total) => ({ ...total, sid: sidOf(total.sid) })));
      if (head.seq > this.#manifest.exemplarsSeq)
        for (const entry of head.exemplars) this.#announcements.exemplar({ ...entry, sid: sidOf(entry.sid) });
      for (const consumed of head.consumed) this.#consumed.set(consumed.segment, consumed);
      this.#seq = head.seq;
      return head.seq;
    });
    for (const [name, { path: segment }] of this.#consumed) if (!existsSync(segment)) this.#consumed.delete(name);
    // Series of samples that were cut before are not in the head.
    for (const [sid] of this.catalogue.families.entries()) if (!this.blocks.isHeld(sid)) this.#retire(sid);
    this.#recycle();
  }

  #restore(definition: Definition, nowMs: number): number {
    const { organisation, metric, pairs, fpLo, fpHi, site, service, type, unit } = definition;
    const sid = this.catalogue.restore(organisation, metric, pairs, fpLo, fpHi, nowMs);
    if (!this.#announcements.of(sid)) this.#announcements.made(sid, organisation, { site, service, type, unit });
    return sid;
  }

  #joined(sid: number, atMs: number, block: HeadBlock): void {
    const family = this.catalogue.families[sid];
    if (!family) return;
    const member = this.catalogue.members[sid] as number;
    if (atMs < (family.first[member] as number)) family.first[member] = atMs;
    if (block.endMs > (family.last[member] as number)) family.last[member] = block.endMs;
    this.#announcements.alive(sid, atMs);
  }

  #due(now: number): HeadBlock[] {
    const { settings } = this.#parts;
    const open = [...this.blocks.open.values()];
    const due = open.filter(
      (block) =>
        now >= block.endMs + settings.windowMs &&
        (now - block.touchedAtMs >= (block.samples >= largeSamples ? largeIdleMs : settings.idleMs) ||
          (block.samples >= largeSamples && this.blocks.appended - block.touchedAtSample >= block.samples / 2) ||
          now - block.openedAtMs >= longestOpenMs),
    );
    const crowded = open.length - due.length - settings.openBlocks;
    const full = this.blocks.bytes > settings.memoryBytes && this.blocks.cutting.length === 0;
    if (due.length === 0 && (crowded > 0 || full)) {
      open.sort((a, b) => a.touchedAtMs - b.touchedAtMs || a.startMs - b.startMs);
      // Half at a time: a store that is filled with months of samples writes few large parts instead of many small ones.
      due.push(...open.slice(0, Math.max(1, crowded, full ? open.length >> 1 : 0)));
    }
    return due;
  }

  #cut(blocks: readonly HeadBlock[]): void {
    for (const block of blocks) {
      this.blocks.freeze(block);
      this.#cuts = this.#cuts.then(() => this.#cutOne(block));
    }
  }

  /** Tried until it is done or the head stops: then the log, or the manifest, keeps the block for the next start. */
  async #cutOne(block: HeadBlock): Promise<void> {
    const { clock, logger } = this.#parts;
    const signal = this.#stop.signal;
    let pending: PendingCut | 'nothing' | undefined;
    for (let delayMs = 500; ; delayMs = Math.min(delayMs * 2, 30_000)) {
      try {
        pending ??= (await this.#cutter.write(block)) ?? 'nothing';
        await this.#announcements.flush();
        if (pending !== 'nothing') await this.#cutter.insert(pending);
        break;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const start = new Date(block.startMs).toISOString();
        logger.warn('a block of metrics could not be cut yet and will be tried again', { start, delayMs, reason });
      }
      if (!signal.aborted) await clock.sleep(delayMs, signal);
      if (signal.aborted) return;
    }
    this.changes.set(block.startMs, (this.changes.get(block.startMs) ?? 0) + 1);
    await this.#inTurn(async () => {
      for (const sid of this.blocks.drop(block)) this.#retire(sid);
      if (this.catalogue.retired > Math.max(1000, this.catalogue.active / 10)) this.#recycle();
      await this.#releaseLog();
      // Nothing of the open file is needed either.
      if (this.blocks.all().length === 0 && this.#log.openBytes > uselessBytes && !signal.aborted)
        await this.#beginFile().catch((error: unknown) =>
          logger.warn('the log of metrics could not be begun anew yet', { error: String(error) }),
        );
    });
  }

  #retire(sid: number): void {
    this.#stage.growth.forget(sid);
    this.#announcements.forget(sid);
    this.catalogue.retire(sid);
    if (sid < this.#definedIn.length) this.#definedIn[sid] = 0;
  }

  #recycle(): void {
    this.#stage.forget();
    this.catalogue.recycle();
  }

  async #releaseLog(): Promise<void> {
    await this.#log.release(
      Math.min(
        this.blocks.firstSeq,
        this.#announcements.exemplarsWaiting > 0 ? this.#manifest.exemplarsSeq + 1 : Infinity,
      ),
    );
    this.#manifest.prune(this.#log.firstSeq);
  }

  /** Waits while memory is far over its bound: until a block was cut. */
  async #room(): Promise<void> {
    const { memoryBytes } = this.#parts.settings;
    for (let waited = 0; this.blocks.bytes > memoryBytes * 1.5 && waited < 600; waited++) {
      this.tick();
      await this.#parts.clock.sleep(100, this.#stop.signal);
      if (this.#stop.signal.aborted) throw new Error('the metric store is stopping');
    }
  }
}
