import { severityName, type SeverityName } from '@sightline/record';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { hexId } from '../logs/log-row.ts';
import { ask } from '../metrics/ask.ts';
import { spanStatuses } from '../traces/span-row.ts';
import { between } from '../search/key-range.ts';
import { nearby } from './replay-range.ts';
import { mostTraces, type ReplayKey } from './replays.ts';

/** What servers wrote and did while a session was recorded. Times in milliseconds since the epoch. */
export interface ReplayBeside {
  readonly logs: {
    readonly id: string;
    readonly at: number;
    readonly severity: SeverityName | '';
    readonly service: string;
    readonly body: string;
    readonly traceId: string;
  }[];
  readonly spans: {
    readonly traceId: string;
    readonly spanId: string;
    readonly at: number;
    readonly durationMs: number;
    readonly name: string;
    readonly service: string;
    readonly status: (typeof spanStatuses)[number];
  }[];
  /** How many more there are than the answer holds. */
  readonly logsLeft: number;
  readonly spansLeft: number;
}

const mostSteps = 500;
/** What the browser's own SDK measured: the recording tells its pages, requests and clicks already. */
const ofBrowser = `position(attrs['sentry.origin'], '.browser') > 0 OR attrs['sentry.op'] IN ('pageload', 'navigation', 'paint', 'mark', 'measure')
  OR match(attrs['sentry.op'], '^(?:browser|resource|ui)(?:\\.|$)')`;
const longestBody = 500;

/**
 * Logs and the servers' spans of the traces that a replay names (at most a hundred of them), in the order of time. Of more than `most` of a kind the
 * gravest are kept: logs by severity, spans that failed and then those that took longest. Undefined where the organisation has no such
 * replay. Throws `StoreError`.
 */
export async function readReplayBeside(
  reader: TelemetryReader,
  key: ReplayKey,
  given: { readonly most?: number } = {},
  limits: QueryLimits = {},
): Promise<ReplayBeside | undefined> {
  const [found] = await ask<{ traceIds: string[]; startedAt: number; endedAt: number; messages: number }>(
    reader,
    `SELECT groupUniqArrayArray(${mostTraces})(traces) AS traceIds, toFloat64(toUnixTimestamp64Milli(min(started_at))) AS startedAt,
      toFloat64(toUnixTimestamp64Milli(max(ts))) AS endedAt, toFloat64(count()) AS messages
    FROM replays WHERE organisation = {organisation:String} AND replay_id = {replay:String}`,
    { ...key },
    limits,
  );
  if (!found || found.messages === 0) return undefined;
  if (found.traceIds.length === 0) return { logs: [], spans: [], logsLeft: 0, spansLeft: 0 };
  const parameters = {
    organisation: key.organisation,
    traceIds: found.traceIds,
    most: given.most ?? mostSteps,
    ...nearby(found),
  };
  const where = `${between('from', 'to', 9)} AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({traceIds:Array(String)})), 16))`;
  const [logs, spans] = await Promise.all([
    ask<{
      tsNs: string;
      hash: string;
      at: number;
      level: number;
      program: string;
      text: string;
      trace: string;
      total: number;
    }>(
      reader,
      `SELECT toString(toUnixTimestamp64Nano(ts)) AS tsNs, lower(hex(id)) AS hash, toFloat64(toUnixTimestamp64Micro(ts)) / 1000 AS at,
        if(severity > 24, 0, severity) AS level, toString(service) AS program,
        substringUTF8(if(body = '', toString(event_name), body), 1, ${longestBody}) AS text,
        ${hexId('trace_id', 16)} AS trace, toFloat64(count() OVER ()) AS total
      FROM logs WHERE ${where} ORDER BY level DESC, ts, id LIMIT {most:UInt32}`,
      parameters,
      limits,
    ),
    ask<{
      trace: string;
      span: string;
      at: number;
      lastedMs: number;
      title: string;
      program: string;
      code: number;
      total: number;
    }>(
      reader,
      `SELECT ${hexId('trace_id', 16)} AS trace, ${hexId('span_id', 8)} AS span, toFloat64(toUnixTimestamp64Micro(ts)) / 1000 AS at,
        duration_ns / 1e6 AS lastedMs, toString(name) AS title, toString(service) AS program, status_code AS code, toFloat64(count() OVER ()) AS total
      FROM spans WHERE ${where} AND NOT (${ofBrowser}) ORDER BY code = 2 DESC, duration_ns DESC, ts LIMIT {most:UInt32}`,
      parameters,
      limits,
    ),
  ]);
  return {
    logs: logs
      .map(({ tsNs, hash, at, level, program, text, trace }) => ({
        id: `${tsNs}-${hash.padStart(16, '0')}`,
        at,
        severity: severityName(level),
        service: program,
        body: text,
        traceId: trace,
      }))
      .toSorted((a, b) => a.at - b.at),
    spans: spans
      .map(({ trace, span, at, lastedMs, title, program, code }) => ({
        traceId: trace,
        spanId: span,
        at,
        durationMs: lastedMs,
        name: title,
        service: program,
        status: spanStatuses[code] ?? 'unset',
      }))
      .toSorted((a, b) => a.at - b.at),
    logsLeft: (logs[0]?.total ?? 0) - logs.length,
    spansLeft: (spans[0]?.total ?? 0) - spans.length,
  };
}
