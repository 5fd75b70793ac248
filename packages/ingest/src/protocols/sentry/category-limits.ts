/** Sentry's data category of our signal, as its clients know it (https://develop.sentry.dev/sdk/expected-features/rate-limiting/). */
export const limitedCategories: Readonly<Record<string, string>> = {
  attachments: 'attachment',
  replays: 'replay',
  profiles: 'profile',
  checks: 'monitor',
};

/** Records of each signal that an organisation may send in a minute, beyond which they are refused and its clients told to wait. */
export type CategoryLimits = Readonly<Record<string, number>>;

/** What one loud program may send without crowding out errors: the disk and the spool are shared. */
export const defaultCategoryLimits: CategoryLimits = {
  attachments: 6000,
  replays: 30_000,
  profiles: 12_000,
  checks: 30_000,
};

const organisationsLimit = 10_000;
const minuteMs = 60_000;

/** Counts what organisations send, minute by minute. */
export class CategoryGate {
  readonly #limits: CategoryLimits;
  readonly #counts = new Map<string, { minute: number; records: number }>();

  constructor(limits: CategoryLimits = defaultCategoryLimits) {
    this.#limits = limits;
  }

  /** Whether these records may pass at this moment; seconds to wait where they may not. */
  ask(organisation: string, signal: string, records: number, atMs: number): number | undefined {
    const limit = this.#limits[signal];
    if (limit === undefined) return undefined;
    const key = `${organisation} ${signal}`;
    const minute = Math.floor(atMs / minuteMs);
    let count = this.#counts.get(key);
    if (count?.minute !== minute) {
      if (this.#counts.size >= organisationsLimit) this.#counts.clear();
      count = { minute, records: 0 };
      this.#counts.set(key, count);
    }
    if (count.records + records > limit) return Math.max(1, Math.ceil(((minute + 1) * minuteMs - atMs) / 1000));
    count.records += records;
    return undefined;
  }
}
