import { LruCache } from '@sightline/base';
import type { ReachedSoFar } from '@sightline/query';
import { ApiFault } from '../compat/prometheus/fault.ts';
import { QueryGate } from '../compat/prometheus/gate.ts';
import type { ApiDeps } from '../route.ts';

/** Of archived files, that one call reads before it answers how far it came. */
export const budgetBytes = 1024 * 1024 * 1024;
export const statementLimits = {
  timeoutMs: 30_000,
  memoryBytes: 1_000_000_000,
  threads: 2,
  settings: { max_bytes_before_external_sort: 300_000_000, max_bytes_before_external_group_by: 300_000_000 },
};
/** With the waiting for a turn. */
const wholeCallMs = 60_000;
const usualBytesPerMs = 50_000;
const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Every class stays in the engine for a day at least. */
const recentMs = 23 * hourMs;

/** What this process knows of its reads of the archive: who has his turn, how fast they are, and which are in the audit trail. */
export class ArchiveTurns {
  /** The engine has few sessions, and loads need them too. */
  readonly #server = new QueryGate({ running: 2, waiting: 40 });
  readonly #organisation = new QueryGate({ running: 2, waiting: 20 });
  readonly #audited: LruCache<string, true>;
  #bytesPerMs = usualBytesPerMs;

  constructor({ clock }: Pick<ApiDeps, 'clock'>) {
    this.#audited = new LruCache(10_000, hourMs, clock);
  }

  /** Runs `read` when it is its turn. A fault where too many wait, or where it took too long. */
  run<T>(organisation: string, gone: AbortSignal, read: (signal: AbortSignal) => Promise<T>): Promise<T | ApiFault> {
    const run = { gone, limitMs: wholeCallMs };
    return this.#organisation.run(organisation, run, (own) => this.#server.run('', { ...run, gone: own }, read));
  }

  /** Notes who asked for what, once an hour for the same. */
  async note(
    { organisation, actor, text, fromMs, toMs, notedBy = 'range' }: ArchiveQuestion,
    audit: (subject: string) => Promise<void>,
  ): Promise<void> {
    const range = notedBy === 'day' ? [fromMs, toMs].map((ms) => Math.floor(ms / dayMs)) : [fromMs, toMs];
    const key = JSON.stringify([organisation, actor.name, text, ...range]);
    if (this.#audited.get(key)) return;
    this.#audited.set(key, true);
    const iso = (ms: number): string => new Date(ms).toISOString();
    await audit(`${iso(fromMs)} to ${iso(toMs)}`);
  }

  /** How long the read of so many files may take. */
  estimateMs(files: number, bytes: number): number {
    return Math.ceil(bytes / this.#bytesPerMs + files);
  }

  /** Later estimates lean on how fast this read was, where it was long enough to tell. */
  learn(reached: ReachedSoFar | undefined, tookMs: number): void {
    if (!reached || reached.archivedBytes < 1_000_000 || tookMs <= 0) return;
    const measured = 0.7 * this.#bytesPerMs + (0.3 * reached.archivedBytes) / tookMs;
    this.#bytesPerMs = Math.min(1_000_000, Math.max(1000, measured));
  }
}

/** A read of a time range, as the audit trail shows it. */
export interface ArchiveQuestion {
  readonly organisation: string;
  readonly actor: { readonly name: string; readonly address: string };
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
  /** Whether ranges that begin and end on the same days count as the same question; 'range' unless told. */
  readonly notedBy?: 'range' | 'day';
}

const known = new WeakMap<ApiDeps, ArchiveTurns>();

/** Those of this process. */
export function turnsOf(deps: ApiDeps): ArchiveTurns {
  const turns = known.get(deps) ?? new ArchiveTurns(deps);
  known.set(deps, turns);
  return turns;
}

/** Whether the engine certainly holds every record since then. */
export const isRecent = (fromMs: number, { clock }: Pick<ApiDeps, 'clock'>): boolean =>
  fromMs >= clock.now() - recentMs;

/** Of files, what an answer or a warning says. */
export function sizeOf(files: readonly { readonly day: string; readonly bytes: number; readonly rows: number }[]): {
  readonly days: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly rows: number;
} {
  return {
    days: [...new Set(files.map(({ day }) => day))].toSorted(),
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
  };
}
