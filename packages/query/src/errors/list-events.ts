import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { scopeCondition, type ReadScope } from '../search/scope.ts';

/** An error event of any issue, in short. */
export interface ListedEvent {
  readonly eventId: string;
  readonly tsNs: string;
  readonly type: string;
  readonly message: string;
  /** The client's id of the person; '' when unknown. */
  readonly user: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A page of the errors of a project, newest first; `next` is '' on the last. Undefined for a cursor that no page answered. Throws `StoreError`. */
export async function listEvents(
  reader: TelemetryReader,
  { scope, project, limit, cursor }: { scope: ReadScope; project: number; limit: number; cursor: string },
  limits: QueryLimits = {},
): Promise<{ events: ListedEvent[]; next: string } | undefined> {
  const after = cursor === '' ? undefined : /^(\d{1,19})-(.{0,64})$/su.exec(cursor);
  if (after === null || (after && BigInt(after[1] ?? '0') > 9_223_372_036_854_775_807n)) return undefined;
  const { sql, parameters } = scopeCondition(scope);
  const rows = await ask<ListedEvent>(
    reader,
    `SELECT event_id AS eventId, toString(toUnixTimestamp64Nano(ts)) AS tsNs, type, message, user_id AS user, tags
    FROM errors WHERE ${sql} AND project = {project:UInt32}
      ${after ? 'AND (ts, event_id) < (fromUnixTimestamp64Nano({afterNs:Int64}), {afterEvent:String})' : ''}
    ORDER BY toStartOfMinute(ts) DESC, ts DESC, event_id DESC LIMIT {limit:UInt32}`,
    {
      ...parameters,
      project,
      limit: limit + 1,
      ...(after ? { afterNs: BigInt(after[1] ?? '0'), afterEvent: after[2] ?? '' } : {}),
    },
    limits,
  );
  const events = rows.slice(0, limit);
  const last = events.at(-1);
  return { events, next: rows.length > limit && last ? `${last.tsNs}-${last.eventId}` : '' };
}
