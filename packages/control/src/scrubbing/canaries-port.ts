/** A value that was planted: what kind it is of and how it reads. Synthetic, never anybody's. */
export interface PlantedValue {
  /** Name of the detector or rule that has to remove it. */
  readonly kind: string;
  readonly value: string;
}
export interface ScrubCanary {
  readonly id: string;
  readonly organisation: string;
  readonly byHand: boolean;
  /** `begun`: not planted yet. `clean`: all arrived, nothing was found. `found`: it was. `lost`: it did not arrive within its time. */
  readonly state: 'begun' | 'planted' | 'clean' | 'found' | 'lost';
  readonly begunAt: number;
  readonly plantedAt: number | null;
  readonly checkedAt: number | null;
  readonly planted: readonly PlantedValue[];
  /** Signal and kind of what was found. */
  readonly found: readonly { readonly signal: string; readonly kind: string }[];
}

export interface ScrubCanaries {
  /**
   * Begins today's canary (UTC) of every organisation that is older than a day and has none yet; at most `limit` at once. Those that come
   * back are nobody else's for `claimMs`.
   */
  beginDay(limit: number, claimMs: number): Promise<ScrubCanary[]>;
  /** One by hand; undefined while one is under way. */
  beginByHand(organisation: string): Promise<ScrubCanary | undefined>;
  /** Claims, for `claimMs`, those that are not finished or not told yet and that nobody holds. */
  claimOpen(limit: number, claimMs: number): Promise<ScrubCanary[]>;
  planted(id: string, values: readonly PlantedValue[]): Promise<void>;
  /** Ends it. */
  checked(id: string, state: 'clean' | 'found' | 'lost', found: ScrubCanary['found']): Promise<void>;
  /** Lets it go until `at`. */
  later(id: string, at: number): Promise<void>;
  told(id: string): Promise<void>;
  /** The newest first. */
  recent(organisation: string, limit: number): Promise<ScrubCanary[]>;
}
