/** What an organisation changed about scrubbing; the words are those of `ScrubRules` in the part `record`. */
export interface WrittenScrubRules {
  readonly off: readonly ('email' | 'ip')[];
  readonly custom: readonly {
    readonly name: string;
    readonly pattern: string;
    readonly fields: readonly string[];
    readonly replacement: 'mask' | 'remove' | 'hash';
    readonly sample?: string | undefined;
  }[];
  readonly allow: readonly { readonly field: string; readonly detectors: readonly ('email' | 'ip')[] }[];
  readonly userIds: { readonly hash: boolean; readonly fields: readonly string[]; readonly rotateDays: number };
}
export interface KeptScrubRules {
  readonly rules: WrittenScrubRules;
  /** From when on records are loaded by them, milliseconds. */
  readonly ownSince: number;
  /** When the salt was made. */
  readonly saltedAt: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

export interface Scrubbing {
  /** undefined: nobody has written any, the usual scrubber serves. */
  find(organisation: string): Promise<KeptScrubRules | undefined>;
  /** Creates or replaces them. `ownSinceMs` counts for the first rules alone: what is there keeps its moment, and its salt. */
  save(organisation: string, rules: WrittenScrubRules, by: string, ownSinceMs: number): Promise<KeptScrubRules>;
  /** Puts a new salt in the place of the old; undefined where there are no rules. */
  renewSalt(organisation: string): Promise<KeptScrubRules | undefined>;
  /**
   * Of every organisation that ever wrote rules (at most 10,000), with its salt. A salt whose days are over, or that cannot be opened,
   * is replaced first; it is gone then.
   */
  active(): Promise<
    {
      readonly organisation: string;
      readonly rules: WrittenScrubRules;
      readonly salt: string;
      readonly ownSinceMs: number;
    }[]
  >;
}
