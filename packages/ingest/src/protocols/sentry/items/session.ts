import { timeNs, timeJudgement } from '../../../errors/event-time.ts';
import { identityOf, packageOfRelease } from '../../../errors/identity.ts';
import { firstText, numberOf, objectOf, textOf, type JsonObject } from '../../../errors/json-reader.ts';
import { userIdOf } from '../../../errors/normalise-event.ts';
import { refusedRow, type DecodedItem, type ItemOrigin, type Row } from '../decoded-item.ts';

/** Days that sessions are kept. */
const sessionsKeptDays = 90;
const statuses = new Set(['ok', 'exited', 'crashed', 'abnormal', 'errored', 'unhandled']);
/** Fields of an aggregate that count sessions, with the status they mean. */
const aggregateCounts = [
  ['exited', 'exited'],
  ['errored', 'errored'],
  ['crashed', 'crashed'],
  ['abnormal', 'abnormal'],
  ['unhandled', 'unhandled'],
] as const;

/** One update of one session (https://develop.sentry.dev/sdk/telemetry/sessions/); the newest update of an id is its state. */
export function decodeSession(session: JsonObject, origin: ItemOrigin): DecodedItem {
  const at = timeNs(session['timestamp']) ?? timeNs(session['started']);
  const judged = at === undefined ? 'malformed' : timeJudgement(at, origin.receivedAtMs, sessionsKeptDays);
  if (at === undefined || judged !== 'good') {
    return {
      tables: [],
      refused: [
        refusedRow('sessions', judged === 'good' ? 'malformed' : judged, 'session: "started" is no time that is kept')
          .refusal,
      ],
    };
  }
  const status = textOf(session['status'], 32);
  const row = {
    ...origins(session, origin),
    ts: Number(at / 1_000_000n),
    session_id: textOf(session['sid'], 64).replaceAll('-', '').toLowerCase(),
    user_id: userIdOf({ id: session['did'] }),
    status: statuses.has(status) ? status : 'ok',
    errors: count(session['errors']),
    duration_ms: Math.round(Math.min(Math.max(numberOf(session['duration']) ?? 0, 0), 1e7) * 1000),
    sessions: 1,
  };
  return { tables: [{ table: 'sessions', rows: [row] }], refused: [] };
}

/** Sessions counted by the client per minute and user: one row per status that occurred. */
export function decodeSessionAggregates(payload: JsonObject, origin: ItemOrigin): DecodedItem {
  const rows: Row[] = [];
  const refused = [];
  for (const value of Array.isArray(payload['aggregates']) ? payload['aggregates'] : []) {
    const aggregate = objectOf(value);
    const at = timeNs(aggregate['started']);
    const judged = at === undefined ? 'malformed' : timeJudgement(at, origin.receivedAtMs, sessionsKeptDays);
    if (at === undefined || judged !== 'good') {
      refused.push(
        refusedRow('sessions', judged === 'good' ? 'malformed' : judged, 'sessions: "started" is no time that is kept')
          .refusal,
      );
      continue;
    }
    for (const [field, status] of aggregateCounts) {
      const sessions = count(aggregate[field]);
      if (sessions === 0) continue;
      const user = userIdOf({ id: aggregate['did'] });
      rows.push({
        ...origins(payload, origin),
        ts: Number(at / 1_000_000n),
        session_id: '',
        user_id: user,
        status,
        errors: status === 'exited' ? 0 : sessions,
        duration_ms: 0,
        sessions,
      });
    }
  }
  return { tables: rows.length === 0 ? [] : [{ table: 'sessions', rows }], refused };
}

function count(value: unknown): number {
  const number = numberOf(value) ?? 0;
  return Number.isSafeInteger(number) && number > 0 ? Math.min(number, 4_294_967_295) : 0;
}

function origins(session: JsonObject, origin: ItemOrigin): Row {
  const attrs = objectOf(session['attrs']);
  const release = textOf(attrs['release'], 250);
  const identity = identityOf({}, origin.scope, {
    service: firstText(packageOfRelease(release), origin.scope.service, `project-${origin.project}`),
  });
  return {
    organisation: origin.scope.organisation,
    project: origin.project,
    site: identity.site,
    service: identity.service,
    environment: firstText(textOf(attrs['environment'], 64), identity.environment, 'production'),
    release,
    received_at: Math.round(origin.receivedAtMs),
  };
}
