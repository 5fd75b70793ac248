/** The telemetry store on a ClickHouse server or cluster. */
import type { Clock } from '@sightline/base';
import { HttpStore } from './clickhouse/http-store.ts';
import { createDatabase, telemetryDatabase } from './embedded-store.ts';
import type { TelemetryExports, TelemetryStore } from './port/index.ts';

export interface ConnectOptions {
  /** `http(s)://[user[:password]@]host:8123`, the value of `CLICKHOUSE_URL`. */
  readonly url: string;
  /** Unix socket to go through instead of the URL's host: another program's embedded engine. */
  readonly socketPath?: string;
  readonly clock: Clock;
  /** Default `sightline`. */
  readonly database?: string;
}

/** Connects to a server and makes sure that the database exists. Throws `StoreError('unavailable')` when it is not there. */
export async function connectStore(options: ConnectOptions): Promise<TelemetryStore & TelemetryExports> {
  const url = new URL(options.url);
  const connection = {
    url: `${url.protocol}//${url.host}${url.pathname}`,
    clock: options.clock,
    ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
    ...(url.username === ''
      ? {}
      : { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }),
  };
  if (options.database === undefined) await createDatabase(new HttpStore({ ...connection, database: '' }));
  return new HttpStore({ ...connection, database: options.database ?? telemetryDatabase });
}
