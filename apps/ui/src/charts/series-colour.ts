const colours = 8;

/** The colour of the series at `index` of a chart. */
export function seriesColour(index: number): string {
  return `var(--series-${(index % colours) + 1})`;
}

/** Colours of the palette for series without one of their own: those that others chose come last. */
export function coloursBeside(chosen: ReadonlySet<string>): (index: number) => string {
  const palette = Array.from({ length: colours }, (_, index) => seriesColour(index));
  const turns = [...palette.filter((one) => !chosen.has(one)), ...palette.filter((one) => chosen.has(one))];
  return (index) => turns[index % turns.length] ?? seriesColour(index);
}
