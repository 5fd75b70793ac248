import { createHash } from 'node:crypto';
import type { Clock } from '@sightline/base';
import type { Control, Monitor } from '@sightline/control';
import { findMonitorType, resultWords } from '@sightline/monitors';
import type { TelemetryReader } from '@sightline/store/port';
import type { CheckRow, ResultWriter } from './result-writer.ts';
import { rowBase } from './runner.ts';

/** A monitor as an agent is told to run it (the link's `monitorOrder`). */
export interface MonitorOrder {
  readonly id: string;
  readonly type: string;
  readonly settings: Record<string, unknown>;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
}

/** What an agent found (the link's `monitorResult`). `at` is the site's clock. */
export interface AgentResult {
  readonly monitor: string;
  readonly at: number;
  readonly up: boolean;
  readonly durationMs: number;
  readonly message: string;
  readonly attempts: number;
}

const keptMs = 89 * 86_400_000;
/**
 * How far the skew of a site may differ between two sendings of one result: it may have been measured only in between, and
 * clocks in stores are wrong by whole time zones.
 */
const skewPlayMs = 26 * 3_600_000;

export function ordersOf(monitors: readonly Monitor[]): MonitorOrder[] {
  return monitors
    .filter((monitor) => findMonitorType(monitor.type)?.runsOn.includes('agent'))
    .map(({ id, type, settings, everyMs, timeoutMs, retries }) => ({
      id,
      type,
      settings: settings as Record<string, unknown>,
      everyMs,
      timeoutMs,
      retries,
    }));
}

interface AgentResultParts {
  readonly control: Pick<Control, 'monitors'>;
  readonly store: TelemetryReader;
  readonly writer: ResultWriter;
  readonly clock: Clock;
}

/**
 * Keeps what a site's agent found, each result of a monitor and moment once however often it is sent, and judges by the
 * newest. `skewMs` is the site's clock minus ours. Results of monitors that are not this site's are left out. Resolves when
 * all is durable; throws when a store does not answer: then they are to be sent again.
 */
export async function acceptAgentResults(
  parts: AgentResultParts,
  organisation: string,
  site: string,
  results: readonly AgentResult[],
  skewMs: number,
): Promise<void> {
  const { control, clock, writer } = parts;
  const now = clock.now();
  const monitors = new Map((await control.monitors.ofAgents(organisation, site)).map((one) => [one.id, one]));
  const rows = rowsOf(monitors, results, now, skewMs);
  const known = await knownChecks(parts.store, organisation, rows);
  const fresh = rows.filter(({ checkId }) => !known.has(checkId));
  const token = createHash('sha256')
    .update(fresh.map(({ checkId }) => checkId).join('\n'))
    .digest('hex');
  await writer.write(`agent-${token}`, fresh);
  for (const monitor of monitors.values()) {
    const newest = rows.findLast((row) => row.monitor === monitor.id);
    if (!newest) continue;
    const { up, message, durationMs, atMs: at } = newest;
    await control.monitors.note(monitor.id, { up, message, durationMs, at, nextRunAt: at + monitor.everyMs });
  }
}

/** In order of time; what cannot be placed in time comes as of now. */
function rowsOf(
  monitors: ReadonlyMap<string, Monitor>,
  results: readonly AgentResult[],
  now: number,
  skewMs: number,
): CheckRow[] {
  const before = new Map<string, number>();
  const seen = new Set<string>();
  const rows: CheckRow[] = [];
  for (const result of [...results].sort((a, b) => a.at - b.at)) {
    const monitor = monitors.get(result.monitor);
    const checkId = `${result.monitor}/${result.at}`;
    const atMs = Math.min(now, Math.round(result.at - skewMs));
    if (!monitor || seen.has(checkId) || atMs < now - keptMs) continue;
    seen.add(checkId);
    const last = before.get(monitor.id) ?? earlier(monitor.lastCheckedAt, atMs) ?? atMs - monitor.everyMs;
    before.set(monitor.id, atMs);
    rows.push({
      ...rowBase(monitor, atMs),
      checkId,
      up: result.up,
      durationMs: result.durationMs,
      message: resultWords(result),
      details: { attempts: result.attempts, from: 'agent' },
      coversMs: Math.min(Math.max(0, atMs - last), monitor.everyMs * 1.5),
    });
  }
  return rows;
}

function earlier(one: number | null, than: number): number | undefined {
  return one !== null && one < than ? one : undefined;
}

async function knownChecks(
  store: TelemetryReader,
  organisation: string,
  rows: readonly CheckRow[],
): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const times = rows.map(({ atMs }) => atMs);
  const found = await store.query<{ check_id: string }>(
    `SELECT check_id FROM checks WHERE organisation = {organisation:String} AND monitor IN {monitors:Array(String)}
      AND ts BETWEEN fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND check_id IN {checks:Array(String)}`,
    {
      organisation,
      monitors: [...new Set(rows.map(({ monitor }) => monitor))],
      from: Math.min(...times) - skewPlayMs,
      to: Math.max(...times) + skewPlayMs,
      checks: rows.map(({ checkId }) => checkId),
    },
    { timeoutMs: 10_000 },
  );
  return new Set(found.map(({ check_id }) => check_id));
}
