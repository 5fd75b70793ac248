import type { Clock, Logger } from '@sightline/base';
import type { Db } from './database/database.ts';
import type { Sealer } from './secrets.ts';

/** What every service of the control plane works with. */
export interface ServicesContext {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sealer: Sealer;
}

export type Transaction = Parameters<Parameters<Db['transaction']>[0]>[0];

export function refused<R extends string>(
  reason: R,
  message: string,
): { ok: false; error: { reason: R; message: string } } {
  return { ok: false, error: { reason, message } };
}

/** The one row of a statement that always gives one. */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('the database gave no row where one was certain');
  return row;
}
