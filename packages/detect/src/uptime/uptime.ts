import type { Clock, Logger } from '@sightline/base';
import type { Control } from '@sightline/control';
import { type CheckResult, runCheck } from '@sightline/monitors';
import type { FindingSink } from '@sightline/record';
import type { TelemetryReader, TelemetryWriter } from '@sightline/store/port';
import { acceptAgentResults, type AgentResult, type MonitorOrder, ordersOf } from './agent-results.ts';
import { type HeartbeatKind, takeCall } from './heartbeats.ts';
import { type CheckIn, takeCheckIn } from './check-ins.ts';
import { OvertakenWords } from './overtaken-words.ts';
import { ResultWriter } from './result-writer.ts';
import { Runner } from './runner.ts';
import { tellFindings } from './tell-findings.ts';

/** Monitors at work: who runs them, who is told, and what the rest of the server asks. */
export interface Uptime {
  /** What a site's agents are to run, at most 500. */
  ordersFor(organisation: string, site: string): Promise<MonitorOrder[]>;
  /**
   * Keeps what a site's agent found, once for each monitor and moment, and judges by the newest. `skewMs` is the site's
   * clock minus ours. Resolves when all is durable (acknowledge then); throws when a store does not answer: send again.
   */
  acceptResults(organisation: string, site: string, results: readonly AgentResult[], skewMs?: number): Promise<void>;
  /** Takes a call to a heartbeat's address; throws when the control plane does not answer. */
  heartbeat(word: string, kind: HeartbeatKind, said: string): Promise<'taken' | 'paused' | 'unknown'>;
  /** Takes what a cron job said of itself through a client of Sentry's; throws when the control plane does not answer. */
  checkIn(checkIn: CheckIn): Promise<'taken' | 'paused' | 'unknown'>;
  /** Runs a check once, without retries and without keeping anything; undefined when too many of them run already. */
  checkNow(type: string, settings: unknown, timeoutMs: number, signal: AbortSignal): Promise<CheckResult | undefined>;
  /** Something changed: looks at once. */
  wake(): void;
  close(): Promise<void>;
}

export interface UptimeOptions {
  readonly control: Pick<Control, 'monitors'>;
  readonly store: TelemetryReader & TelemetryWriter;
  /** The store's settings under which a statement with one deduplication token takes effect once. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly sink: FindingSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether this process runs what is due (role `detect`); the others take calls and results only. */
  readonly runs: boolean;
  /** Checks at a time; 200 unless told. */
  readonly places?: number;
}

const triesAtOnce = 8;

/** Starts the monitors of this process. */
export function openUptime(options: UptimeOptions): Uptime {
  const { control, store, settings, sink, clock, logger } = options;
  const writer = new ResultWriter(store, settings, clock, logger);
  const parts = { control, store, writer, sink, clock, logger };
  const overtaken = new OvertakenWords(clock);
  const runner = options.runs ? new Runner({ ...parts, places: options.places ?? 200 }) : undefined;
  let tries = 0;
  const lines = new Map<string, Promise<void>>();
  /** What was found is told at once, also where this process runs nothing; what fails here, the runners tell. */
  const tell = async (): Promise<void> => {
    if (runner) return runner.wake();
    await tellFindings(control, sink, clock).catch((error: unknown) => {
      logger.warn('Findings of monitors could not be told and will be again', { error });
    });
  };
  return {
    ordersFor: async (organisation, site) => ordersOf(await control.monitors.ofAgents(organisation, site)),
    acceptResults: async (organisation, site, results, skewMs = 0) => {
      // One batch of a site after the other: what the first wrote, the second must see.
      const key = `${organisation}\n${site}`;
      const before = lines.get(key) ?? Promise.resolve();
      const mine = before.then(() => acceptAgentResults(parts, organisation, site, results, skewMs));
      const settled = mine.catch(() => undefined);
      lines.set(key, settled);
      try {
        await mine;
      } finally {
        if (lines.get(key) === settled) lines.delete(key);
      }
      await tell();
    },
    heartbeat: async (word, kind, said) => {
      const taken = await takeCall(parts, word, kind, said);
      if (taken === 'taken') await tell();
      return taken;
    },
    checkIn: async (checkIn) => {
      const taken = await takeCheckIn({ ...parts, overtaken }, checkIn);
      if (taken === 'taken') await tell();
      return taken;
    },
    checkNow: async (type, given, timeoutMs, signal) => {
      if (tries >= triesAtOnce) return undefined;
      tries += 1;
      try {
        return await runCheck({ type, settings: given, timeoutMs, retries: 0 }, clock, signal);
      } finally {
        tries -= 1;
      }
    },
    wake: () => runner?.wake(),
    close: async () => {
      await runner?.close();
      await writer.close();
    },
  };
}
