import { randomBytes } from 'node:crypto';
import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { LedgerEntry } from '@sightline/record';
import type { LoadTarget, StatementSettings } from './load/load-target.ts';

/** What the ledger is told; entries alike within a minute become one line. */
export interface Ledger {
  /**
   * Counts records that never reach the spool. Kept in memory for at most ~2 s before they are written. A request that
   * was refused unread counts as one record.
   */
  count(entry: LedgerEntry): void;
  /** Writes the lines of a loaded segment, exactly once for one `token`. Throws what the store throws. */
  write(token: string, entries: readonly LedgerEntry[]): Promise<void>;
  /** Counts records at the door, for the metrics. */
  received(protocol: string, signal: string, records: number, bytes: number): void;
  /** Counts how a request was answered, for the metrics. */
  answered(protocol: string, status: number): void;
  /** Lines of Prometheus' text format. */
  metrics(): string;
  /** Writes what is in memory and stops. */
  close(): Promise<void>;
}

const flushEveryMs = 2000;
const linesLimit = 10_000;
const minuteMs = 60_000;
const unwritten = 'the ledger could not be written and will be tried again';

/**
 * The account of every record: received = accepted + dropped + rejected. `settings` are the store's settings under which a
 * statement with one deduplication token takes effect once.
 */
export function createLedger(options: {
  readonly target: LoadTarget;
  readonly settings: StatementSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}): Ledger {
  return new StoreLedger(options.target, options.settings, options.clock, options.logger);
}

class StoreLedger implements Ledger {
  readonly #target: LoadTarget;
  readonly #settings: StatementSettings;
  readonly #logger: Logger;
  readonly #loop: BackgroundLoop;
  readonly #run = `ledger-${randomBytes(8).toString('hex')}`;
  #lines = new Map<string, LedgerEntry>();
  /** A batch that could not be written yet keeps its token, so that trying again cannot count twice. */
  #batch: { readonly token: string; readonly entries: readonly LedgerEntry[] } | undefined;
  #batches = 0;
  readonly #counters = new Map<string, number>();
  /** Names and labels as they are printed: asked for several times for each request, made once. */
  readonly #printed = new Map<string, string>();

  constructor(target: LoadTarget, settings: StatementSettings, clock: Clock, logger: Logger) {
    this.#target = target;
    this.#settings = settings;
    this.#logger = logger;
    this.#loop = new BackgroundLoop({
      clock,
      logger,
      everyMs: flushEveryMs,
      pausesFirst: true,
      round: () => this.#flush(),
      fault: unwritten,
    });
    this.#loop.start();
  }

  count(entry: LedgerEntry): void {
    this.#add('sightline_ingest_records_total', recordLabels(entry), entry.records);
    const full = this.#lines.size >= linesLimit;
    // Beyond the bound, only the key is given up: outcome and reason still add up.
    merge(this.#lines, full ? { ...entry, keyId: '' } : entry);
  }

  async write(token: string, entries: readonly LedgerEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const lines = new Map<string, LedgerEntry>();
    for (const entry of entries) merge(lines, entry);
    await this.#insert(token, [...lines.values()]);
    for (const line of lines.values()) this.#add('sightline_ingest_records_total', recordLabels(line), line.records);
  }

  received(protocol: string, signal: string, records: number, bytes: number): void {
    this.#add('sightline_ingest_received_records_total', { protocol, signal }, records);
    this.#add('sightline_ingest_received_bytes_total', { protocol, signal }, bytes);
  }

  answered(protocol: string, status: number): void {
    this.#add('sightline_ingest_requests_total', { protocol, status: String(status) }, 1);
  }

  metrics(): string {
    const names = new Set([...this.#counters.keys()].map((key) => key.slice(0, key.indexOf('{'))));
    const lines = [...names]
      .sort()
      .flatMap((name) => [
        `# TYPE ${name} counter`,
        ...[...this.#counters].filter(([key]) => key.startsWith(`${name}{`)).map(([key, value]) => `${key} ${value}`),
      ]);
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }

  async close(): Promise<void> {
    await this.#loop.close();
    // Twice: a batch that waited for its second try, and what came since.
    await this.#flush();
    await this.#flush();
  }

  async #flush(): Promise<void> {
    if (!this.#batch && this.#lines.size > 0) {
      this.#batch = { token: `${this.#run}-${this.#batches++}`, entries: [...this.#lines.values()] };
      this.#lines = new Map();
    }
    if (!this.#batch) return;
    try {
      await this.#insert(this.#batch.token, this.#batch.entries);
      this.#batch = undefined;
    } catch (error) {
      this.#logger.warn(unwritten, { error });
    }
  }

  async #insert(token: string, entries: readonly LedgerEntry[]): Promise<void> {
    const parameters = {
      organisation: entries.map((entry) => entry.organisation),
      minute: entries.map((entry) => Math.floor(entry.receivedAtMs / minuteMs) * 60),
      key_id: entries.map((entry) => entry.keyId),
      protocol: entries.map((entry) => entry.protocol),
      signal: entries.map((entry) => entry.signal),
      outcome: entries.map((entry) => entry.outcome),
      reason: entries.map((entry) => entry.reason),
      records: entries.map((entry) => entry.records),
      bytes: entries.map((entry) => entry.bytes),
    };
    await this.#target.execute(insertLedger, parameters, {
      timeoutMs: 30_000,
      settings: { ...this.#settings, insert_deduplication_token: token },
    });
  }

  #add(name: string, labels: Readonly<Record<string, string>>, by: number): void {
    let short = name;
    for (const label in labels) short += `\u0000${labels[label]}`;
    let key = this.#printed.get(short);
    if (key === undefined) {
      const text = Object.entries(labels).map(([label, value]) => `${label}="${value.replace(/[\\"\n]/g, '_')}"`);
      key = `${name}{${text.join(',')}}`;
      if (this.#printed.size < linesLimit) this.#printed.set(short, key);
    }
    if (this.#counters.size >= linesLimit && !this.#counters.has(key)) return;
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + by);
  }
}

const insertLedger = `INSERT INTO ledger (organisation, minute, key_id, protocol, signal, outcome, reason, records, bytes)
SELECT organisation, toDateTime(minute, 'UTC'), key_id, protocol, signal, outcome, reason, records, bytes
FROM (SELECT {organisation:Array(String)} AS organisation, {minute:Array(UInt32)} AS minute, {key_id:Array(String)} AS key_id,
  {protocol:Array(String)} AS protocol, {signal:Array(String)} AS signal, {outcome:Array(String)} AS outcome,
  {reason:Array(String)} AS reason, {records:Array(UInt64)} AS records, {bytes:Array(UInt64)} AS bytes)
ARRAY JOIN organisation, minute, key_id, protocol, signal, outcome, reason, records, bytes`;

function recordLabels(entry: LedgerEntry): Readonly<Record<string, string>> {
  const { protocol, signal, outcome, reason } = entry;
  return { protocol, signal, outcome, reason };
}

function merge(lines: Map<string, LedgerEntry>, entry: LedgerEntry): void {
  const minute = Math.floor(entry.receivedAtMs / minuteMs) * minuteMs;
  const { organisation, keyId, protocol, signal, outcome, reason } = entry;
  const key = [organisation, keyId, protocol, signal, outcome, reason, minute].join('\u0000');
  const known = lines.get(key);
  const records = (known?.records ?? 0) + entry.records;
  const bytes = (known?.bytes ?? 0) + entry.bytes;
  lines.set(key, { ...entry, receivedAtMs: minute, records, bytes });
}
