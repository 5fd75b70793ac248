/** The two widths of roll-ups, milliseconds. */
export const fiveMinutesMs = 300_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export type ResolutionMs = typeof fiveMinutesMs | typeof hourMs;

/** Where roll-ups of a resolution lie. */
export const rollupTables: Readonly<Record<ResolutionMs, string>> = {
  [fiveMinutesMs]: 'metric_rollups_5m',
  [hourMs]: 'metric_rollups_1h',
};

/** As people say it. */
export const resolutionNames: Readonly<Record<ResolutionMs, string>> = {
  [fiveMinutesMs]: '5 minutes',
  [hourMs]: '1 hour',
};
