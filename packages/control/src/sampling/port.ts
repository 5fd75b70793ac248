/** Which traces are kept; the words are those of `SamplingPolicy` in the part `record`. */
export interface SamplingRules {
  readonly name: string;
  readonly slowMs: number | null;
  readonly services: readonly { readonly service: string; readonly share: number }[];
  readonly share: number;
  readonly waitMs: number;
}
export interface KeptSampling extends SamplingRules {
  /** Since when it is switched on; null while it is off. */
  readonly enabledAt: number | null;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

export interface Sampling {
  /** undefined: nobody has written one, all traces are kept. */
  find(organisation: string): Promise<KeptSampling | undefined>;
  /** Creates or replaces it. A policy that was on and stays on keeps the moment since when. */
  save(organisation: string, rules: SamplingRules, enabled: boolean, by: string): Promise<KeptSampling>;
  /** Those that are switched on, at most 1,000. */
  active(): Promise<{ organisation: string; policy: SamplingRules; sinceMs: number }[]>;
}
