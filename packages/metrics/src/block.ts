/** Samples are kept in blocks of two hours: one chunk for each series and block, more where samples came late. */
export const blockMs = 7_200_000;

/** Start of the block that holds `atMs`, milliseconds; blocks before 1970 have negative starts. */
export function blockStartOf(atMs: number): number {
  return Math.floor(atMs / blockMs) * blockMs;
}
