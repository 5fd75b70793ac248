import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock, Logger } from '@sightline/base';
import { encodeSpooled, type MetricTarget, writeRw2Request } from '@sightline/ingest/metric-formats';
import type { ReceivedSeries } from '@sightline/record';
import type { TelemetryStore } from '@sightline/store/port';
import { seriesOf } from './old-series.ts';

export interface OldSamplesOptions {
  readonly store: TelemetryStore;
  readonly head: MetricTarget;
  /** Where segments lie until their day is carried over. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Row {
  readonly organisation: string;
  readonly metric: string;
  readonly service: string;
  readonly type: string;
  readonly unit: string;
  readonly temporality: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly times: readonly number[];
  /** Bytes of the values, eight each, in hexadecimal digits: JSON has no NaN. */
  readonly values: string;
}

/** Samples of one segment: its load takes the head some tens of milliseconds. */
const segmentSamples = 100_000;
const retryMs = 60_000;
const longestRestMs = 5000;
const statementMs = 600_000;

/**
 * Carries the rows of `samples` and `series`, in which the versions before chunks kept metrics, over to the head, which makes chunks of
 * them: day by day, oldest first, in the background. A segment is named by its bytes and its file stays until the day's rows are
 * dropped, so that the head takes it once, whatever is killed when.
 */
export class OldSamples {
  readonly #options: OldSamplesOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: OldSamplesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#loop();
  }

  /** What is half-carried is carried on after the next start. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { clock, logger } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await this.run();
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        logger.warn('samples of an earlier version could not be carried over yet', { error: String(error) });
      }
      await clock.sleep(retryMs, this.#stop.signal);
    }
  }

  /** Resolves when nothing is left to carry. */
  async run(): Promise<void> {
    const { store, folder, logger } = this.#options;
    const rows = await store.query<{ day: string }>(
      `SELECT partition AS day FROM system.parts WHERE database = currentDatabase() AND table = 'samples' AND active AND rows > 0
       GROUP BY partition ORDER BY partition`,
    );
    const days = rows.map(({ day }) => day);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Of days whose rows are gone: the head has them.
    for (const name of await readdir(folder))
      if (!days.some((day) => name.startsWith(`old-${day}-`))) await rm(path.join(folder, name), { force: true });
    for (const day of days) {
      const { samples, unnamed } = await this.#carry(day);
      if (this.#stop.signal.aborted) return;
      await store.execute(
        `ALTER TABLE samples DROP PARTITION ${partitionLiteral(day)}`,
        {},
        { timeoutMs: statementMs },
      );
      await this.#forget(day);
      logger.info('samples of an earlier version were carried over', { day, samples, unnamed });
    }
  }

  async #forget(day: string): Promise<void> {
    const { folder } = this.#options;
    for (const name of await readdir(folder))
      if (name.startsWith(`old-${day}-`)) await rm(path.join(folder, name), { force: true });
  }

  /** How many samples the head has taken, and how many have no name that could be kept. */
  async #carry(day: string): Promise<{ samples: number; unnamed: number }> {
    const dayStartMs = Date.parse(`${day}T00:00:00Z`);
    const carried = { samples: 0, unnamed: 0 };
    let organisation = '';
    let gathered: ReceivedSeries[] = [];
    let samples = 0;
    const hand = async (): Promise<void> => {
      if (gathered.length > 0) await this.#load(day, organisation, gathered, samples);
      carried.samples += samples;
      gathered = [];
      samples = 0;
    };
    for await (const row of this.#options.store.stream<Row>(sqlOf(day), {}, readLimits)) {
      if (this.#stop.signal.aborted) return carried;
      if (row.organisation !== organisation || samples >= segmentSamples) await hand();
      organisation = row.organisation;
      const bytes = Uint8Array.from(Buffer.from(row.values, 'hex'));
      const series = seriesOf({ ...row, values: new Float64Array(bytes.buffer) }, dayStartMs);
      if (!series) {
        carried.unnamed += row.times.length;
        continue;
      }
      gathered.push(series);
      samples += series.times.length;
    }
    await hand();
    return carried;
  }

  async #load(day: string, organisation: string, series: readonly ReceivedSeries[], records: number): Promise<void> {
    const { head, folder, clock } = this.#options;
    const began = clock.now();
    const bytes = encodeSpooled(
      { bytes: writeRw2Request(series), records, signal: 'metrics' },
      { organisation, keyId: '', site: '', device: '', service: '', environment: '' },
      { protocol: 'prometheus-remote-write', project: 0, receivedAtMs: Date.parse(`${day}T00:00:00Z`) },
      [],
    );
    const name = `old-${day}-${crc32(bytes).toString(16)}-${bytes.length}`;
    const target = path.join(folder, name);
    await writeDurably(target, bytes);
    await head.load({ name, path: target, format: 'rw2' });
    // At most half of the head's time.
    await clock.sleep(Math.min(longestRestMs, clock.now() - began), this.#stop.signal);
  }
}

const readLimits = {
  timeoutMs: statementMs,
  threads: 1,
  resultRows: 100_000_000,
  settings: { optimize_aggregation_in_order: 1, max_block_size: 1024 },
};

/** Series by series in the order in which rows lie, so that little of the day is in memory at a time. */
function sqlOf(day: string): string {
  return `SELECT d.organisation AS organisation, s.metric AS metric, s.service AS service, s.type AS type, s.unit AS unit, s.temporality AS temporality,
    s.labels AS labels, d.times AS times, d.values AS values
  FROM (SELECT organisation, fp, groupArray(toFloat64(toUnixTimestamp64Milli(ts))) AS times, arrayStringConcat(groupArray(hex(value))) AS values
    FROM (SELECT organisation, fp, ts, value FROM samples WHERE toDate(ts) = ${dateLiteral(day)} ORDER BY organisation, fp, ts) GROUP BY organisation, fp) AS d
  LEFT JOIN (SELECT organisation, fp, any(metric) AS metric, any(service) AS service, any(type) AS type, any(unit) AS unit,
    any(temporality) AS temporality, any(labels) AS labels FROM series GROUP BY organisation, fp) AS s ON d.organisation = s.organisation AND d.fp = s.fp`;
}

/** The engine's own name of a partition, checked nevertheless. */
function partitionLiteral(day: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new Error(`a partition of samples is named ${day}`);
  return `'${day}'`;
}

const dateLiteral = (day: string): string => `toDate(${partitionLiteral(day)})`;

async function writeDurably(target: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(`${target}.part`, 'w', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${target}.part`, target);
}
