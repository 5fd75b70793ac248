/**
 * Whose record it is and where it comes from. Organisation and key come from authentication; the rest are the key's own
 * defaults, used only where the record does not name its own.
 */
export interface KeyScope {
  readonly organisation: string;
  readonly keyId: string;
  readonly site: string;
  readonly device: string;
  readonly service: string;
  readonly environment: string;
}

/** What a key may be used for. `any-organisation` lets it name another with `X-Scope-OrgID`. */
export const keyPermissions = ['ingest', 'query', 'any-organisation', 'operate'] as const;
export type KeyPermission = (typeof keyPermissions)[number];

export const signals = ['logs', 'spans', 'metrics', 'errors', 'sessions', 'checks', 'attachments', 'feedback'] as const;
export type Signal = (typeof signals)[number];

/** Absolute time range, milliseconds since the epoch, `fromMs` included and `toMs` excluded. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}
