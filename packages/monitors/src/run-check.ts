import { type Clock, redactText } from '@sightline/base';
import { findMonitorType } from './all.ts';
import { down, type MonitorType, type Outcome } from './monitor-type.ts';

/** Wait between two tries of one run: long enough for a restart of a connection, short enough to page in time. */
export const retryGapMs = 1000;
/** How long a check that does not heed its signal is waited for beyond its time. */
const graceMs = 500;
const longestMessage = 1000;

/** What to run, as it stands in the control plane or came to an agent. */
export interface CheckOrder {
  /** Name of a type. */
  readonly type: string;
  /** Not trusted: checked against the type's schema here. */
  readonly settings: unknown;
  /** Of each try. */
  readonly timeoutMs: number;
  /** Further tries before a failure is believed. */
  readonly retries: number;
}

export interface CheckResult {
  readonly up: boolean;
  /** Of the last try, at most 1,000 characters. */
  readonly message: string;
  /** Of the last try, milliseconds. */
  readonly durationMs: number;
  readonly attempts: number;
  readonly details: Readonly<Record<string, string | number>>;
}

/**
 * Runs a check once, with retries at short distance before a failure is believed. Never throws: whatever goes wrong is a
 * result that says so. Ends within `(timeoutMs + 0.5 s) × (retries + 1)` and the gaps between; an abort of `signal` ends
 * it earlier, as down.
 */
export async function runCheck(order: CheckOrder, clock: Clock, signal?: AbortSignal): Promise<CheckResult> {
  const type = findMonitorType(order.type);
  const wrong = (message: string): CheckResult => ({ up: false, message, durationMs: 0, attempts: 1, details: {} });
  if (!type) return wrong(`there is no type of monitor "${order.type.slice(0, 40)}" here`);
  if (!type.check) return wrong(`${type.title} monitors are not run: others tell of them`);
  const settings = type.settings.safeParse(order.settings);
  if (!settings.success) return wrong(`its settings are not valid: ${settings.error.issues[0]?.message ?? ''}`);
  for (let attempt = 1; ; attempt++) {
    const started = clock.now();
    const outcome = await tryOnce(type, settings.data, order.timeoutMs, clock, signal);
    const last = outcome.up || attempt > order.retries || signal?.aborted === true;
    if (last) {
      return {
        up: outcome.up,
        message: redactText(outcome.message).slice(0, longestMessage),
        durationMs: Math.max(0, clock.now() - started),
        attempts: attempt,
        details: outcome.details,
      };
    }
    await clock.sleep(retryGapMs, signal);
  }
}

async function tryOnce(
  type: MonitorType,
  settings: unknown,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const over = new AbortController();
  const ended = new AbortController();
  const giveUp = (): void => over.abort();
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted) over.abort();
  const late = async (): Promise<Outcome> => {
    await clock.sleep(timeoutMs, ended.signal);
    over.abort();
    // A check that heeds its signal ends now and says how far it came.
    await clock.sleep(graceMs, ended.signal);
    return down(`no answer within ${seconds(timeoutMs)}`);
  };
  try {
    const found = type
      .check?.(settings, { clock, signal: over.signal, timeoutMs })
      .catch((error: unknown): Outcome =>
        down(`the check itself failed: ${error instanceof Error ? error.message : 'unknown'}`),
      );
    return await Promise.race([found ?? late(), late()]);
  } finally {
    ended.abort();
    over.abort();
    signal?.removeEventListener('abort', giveUp);
  }
}

/** `1.2 s`, `800 ms`, for sentences. */
export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 1)} s`;
}

/** What a run found, for people: "answered 200", "answered 503 (1.2 s, 3 tries)". */
export function resultWords(result: Pick<CheckResult, 'up' | 'message' | 'durationMs' | 'attempts'>): string {
  if (result.up) return result.message;
  const tries = result.attempts > 1 ? `, ${result.attempts} tries` : '';
  return `${result.message} (${seconds(result.durationMs)}${tries})`;
}
