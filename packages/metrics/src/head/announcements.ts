import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Logger } from '@sightline/base';
import type { Catalogue } from '../series/catalogue.ts';
import { type HeadEngine, pathLiteral } from './head-settings.ts';
import { RowBinaryWriter } from './row-binary.ts';
import type { ExemplarEntry } from './transaction.ts';

const dayMs = 86_400_000;
/** Rows of one insert. */
const batchRows = 50_000;
const metadataLimit = 200_000;
/** Exemplars of one series within a minute, and of all series that wait. */
const exemplarsPerMinute = 4;
const exemplarsWaiting = 200_000;

/** What is said of a series beside its labels; one for all that are alike. */
interface Origin {
  readonly site: string;
  readonly service: string;
  readonly type: string;
  readonly unit: string;
  /** Place in the list of what was heard. */
  readonly seen: number;
}
interface Seen {
  readonly organisation: string;
  readonly site: string;
  readonly service: string;
  firstMs: number;
  lastMs: number;
}
interface Metadata {
  readonly organisation: string;
  readonly metric: string;
  readonly type: string;
  readonly unit: string;
  readonly help: string;
}

/**
 * What the engine's tables are told beside samples: series (when new, and once a day), metadata of metrics (when it changes), when a
 * site was heard, exemplars. Written in batches; after a kill a row may come a second time, which these tables do not mind.
 */
export class Announcements {
  readonly #folder: string;
  readonly #engine: HeadEngine;
  readonly #catalogue: Catalogue;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #run: string;
  readonly #origins = new Map<string, Origin>();
  /** By sid. */
  readonly #known: (Origin | undefined)[] = [];
  /** By sid: until when the table says that the series is alive, milliseconds. */
  #announcedMs: Float64Array = new Float64Array(1024);
  readonly #dirty = new Set<number>();
  readonly #seen: Seen[] = [];
  readonly #seenIds = new Map<string, number>();
  readonly #heard = new Set<number>();
  readonly #metadata = new Map<string, Metadata>();
  #newMetadata: Metadata[] = [];
  #exemplars: ExemplarEntry[] = [];
  readonly #exemplarCounts = new Map<string, number>();
  #exemplarMinute = 0;
  #batches = 0;
  /** One at a time: whoever flushes after another knows that the other's rows are in the engine. */
  #flushing: Promise<void> = Promise.resolve();
  exemplarsDropped = 0;

  constructor(parts: {
    readonly folder: string;
    readonly engine: HeadEngine;
    readonly catalogue: Catalogue;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly run: string;
  }) {
    this.#folder = parts.folder;
    this.#engine = parts.engine;
    this.#catalogue = parts.catalogue;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#run = parts.run;
  }

  /** A series got its number. */
  made(sid: number, organisation: string, said: Omit<Origin, 'seen'>): void {
    const { site, service, type, unit } = said;
    const key = [organisation, site, service, type, unit].join('\u0000');
    let origin = this.#origins.get(key);
    if (!origin) {
      origin = { ...said, seen: this.#seenOf(organisation, site, service) };
      this.#origins.set(key, origin);
    }
    this.#known[sid] = origin;
    if (sid >= this.#announcedMs.length) {
      const wider = new Float64Array(Math.max(sid + 1, this.#announcedMs.length * 2));
      wider.set(this.#announcedMs);
      this.#announcedMs = wider;
    }
    this.#announcedMs[sid] = -Infinity;
  }

  #seenOf(organisation: string, site: string, service: string): number {
    const key = [organisation, site, service].join('\u0000');
    let seen = this.#seenIds.get(key);
    if (seen === undefined) {
      seen = this.#seen.push({ organisation, site, service, firstMs: 0, lastMs: 0 }) - 1;
      this.#seenIds.set(key, seen);
    }
    return seen;
  }

  of(sid: number): Omit<Origin, 'seen'> | undefined {
    return this.#known[sid];
  }

  /** The head got a sample of the series at this time, the first one of a block. */
  alive(sid: number, atMs: number): void {
    if (!this.#known[sid] || atMs <= (this.#announcedMs[sid] as number)) return;
    this.#announcedMs[sid] = (Math.floor(atMs / dayMs) + 1) * dayMs - 1;
    this.#dirty.add(sid);
  }

  /** A client sent the series at this time, by our clock. */
  heard(sid: number, receivedAtMs: number): void {
    const known = this.#known[sid];
    if (!known) return;
    const seen = this.#seen[known.seen] as Seen;
    if (receivedAtMs <= seen.lastMs) return;
    seen.lastMs = receivedAtMs;
    seen.firstMs ||= receivedAtMs;
    this.#heard.add(known.seen);
  }

  /** Exemplars that are not in the engine yet. */
  get exemplarsWaiting(): number {
    return this.#exemplars.length;
  }

  /** The head holds nothing of the series any more; its number may be given to another. */
  forget(sid: number): void {
    this.#known[sid] = undefined;
    this.#dirty.delete(sid);
  }

  metadata(entry: Metadata): void {
    const key = `${entry.organisation}\u0000${entry.metric}`;
    const known = this.#metadata.get(key);
    if (known?.type === entry.type && known.unit === entry.unit && known.help === entry.help) return;
    if (!known && this.#metadata.size >= metadataLimit) return;
    this.#metadata.set(key, entry);
    this.#newMetadata.push(entry);
  }

  /** Keeps an exemplar, a few for each series and minute. */
  exemplar(entry: ExemplarEntry): void {
    const minute = Math.floor(entry.atMs / 60_000);
    if (minute !== this.#exemplarMinute) {
      this.#exemplarMinute = minute;
      this.#exemplarCounts.clear();
    }
    const key = `${entry.sid}`;
    const count = this.#exemplarCounts.get(key) ?? 0;
    if (count >= exemplarsPerMinute || this.#exemplars.length >= exemplarsWaiting) {
      this.exemplarsDropped++;
      return;
    }
    this.#exemplarCounts.set(key, count + 1);
    this.#exemplars.push(entry);
  }

  /** Writes what is new. Rejects when the engine does not take it; then it stays new. */
  flush(): Promise<void> {
    const flushing = this.#flushing
      .catch(() => undefined)
      .then(async () => {
        await this.#flushSeries();
        await this.#flushMetadata();
        await this.#flushSeen();
        await this.#flushExemplars();
      });
    this.#flushing = flushing;
    return flushing;
  }

  async #flushSeries(): Promise<void> {
    while (this.#dirty.size > 0) {
      const batch: number[] = [];
      for (const sid of this.#dirty) if (batch.push(sid) >= batchRows) break;
      const rows = new RowBinaryWriter();
      for (const sid of batch) this.#seriesRow(rows, sid);
      for (const sid of batch) this.#dirty.delete(sid);
      try {
        await this.#insert(
          'metric_series',
          'organisation String, metric String, fp UInt64, site String, service String, type String, unit String, labels Map(String, String), first_seen Int64, last_seen Int64',
          rows,
        );
      } catch (error) {
        for (const sid of batch) this.#dirty.add(sid);
        throw error;
      }
    }
  }

  #seriesRow(rows: RowBinaryWriter, sid: number): void {
    const family = this.#catalogue.families[sid];
    const known = this.#known[sid];
    if (!family || !known) return;
    const member = this.#catalogue.members[sid] as number;
    rows.string(family.organisation);
    rows.string(family.metric);
    rows.halves(family.fpLo[member] as number, family.fpHi[member] as number);
    rows.string(known.site);
    rows.string(known.service);
    rows.string(known.type);
    rows.string(known.unit);
    rows.map(family.pairsOf(member));
    rows.int64(family.first[member] as number);
    rows.int64(Math.max(this.#announcedMs[sid] as number, family.last[member] as number));
  }

  async #flushMetadata(): Promise<void> {
    const batch = this.#newMetadata.splice(0, batchRows);
    if (batch.length === 0) return;
    const rows = new RowBinaryWriter();
    for (const entry of batch) {
      for (const text of [entry.organisation, entry.metric, entry.type, entry.unit, entry.help]) rows.string(text);
      rows.int64(this.#clock.now());
    }
    try {
      await this.#insert(
        'metric_metadata',
        'organisation String, metric String, type String, unit String, help String, last_seen Int64',
        rows,
      );
    } catch (error) {
      this.#newMetadata.unshift(...batch);
      throw error;
    }
  }

  async #flushSeen(): Promise<void> {
    const batch = [...this.#heard];
    if (batch.length === 0) return;
    this.#heard.clear();
    const rows = new RowBinaryWriter();
    for (const id of batch) {
      const { organisation, site, service, firstMs, lastMs } = this.#seen[id] as Seen;
      for (const text of [organisation, site, service]) rows.string(text);
      rows.int64(firstMs);
      rows.int64(lastMs);
    }
    try {
      await this.#insert(
        'seen (organisation, site, service, environment, first_seen, last_seen, release)',
        'organisation String, site String, service String, first Int64, last Int64',
        rows,
        `organisation, site, service, '' AS environment, fromUnixTimestamp64Milli(min(first)) AS first_seen,
          fromUnixTimestamp64Milli(max(last)) AS last_seen, argMaxState('', fromUnixTimestamp64Milli(last)) AS release`,
        'GROUP BY organisation, site, service',
      );
    } catch (error) {
      for (const id of batch) this.#heard.add(id);
      throw error;
    }
  }

  async #flushExemplars(): Promise<void> {
    const batch = this.#exemplars.splice(0, batchRows);
    if (batch.length === 0) return;
    const rows = new RowBinaryWriter();
    for (const { sid, atMs, value, labels } of batch) {
      const family = this.#catalogue.families[sid];
      if (!family) continue;
      const member = this.#catalogue.members[sid] as number;
      rows.string(family.organisation);
      rows.string(family.metric);
      rows.halves(family.fpLo[member] as number, family.fpHi[member] as number);
      rows.int64(atMs);
      rows.double(value);
      rows.map(labels);
    }
    try {
      await this.#insert(
        'metric_exemplars',
        'organisation String, metric String, fp UInt64, t Int64, value Float64, labels Map(String, String)',
        rows,
      );
    } catch (error) {
      this.#exemplars.unshift(...batch);
      throw error;
    }
  }

  async #insert(table: string, structure: string, rows: RowBinaryWriter, select = '*', tail = ''): Promise<void> {
    if (rows.length === 0) return;
    const name = `rows-${this.#run}-${this.#batches++}`;
    const file = path.join(this.#folder, `${name}.rows`);
    const handle = await open(file, 'w', 0o600);
    try {
      await handle.writeFile(rows.take());
    } finally {
      await handle.close();
    }
    try {
      await this.#engine.execute(
        `INSERT INTO ${table} SELECT ${select} FROM file(${pathLiteral(file)}, RowBinary, '${structure}') ${tail}`,
        {},
        name,
      );
    } finally {
      await rm(file, { force: true }).catch((error: unknown) =>
        this.#logger.warn('a file of rows could not be removed', { error }),
      );
    }
  }
}
