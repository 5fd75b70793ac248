import { createSpotlight } from '@mantine/spotlight';

/** The palette's own store, so that opening it does not need the palette's chunk. */
export const [paletteStore, palette] = createSpotlight();

/** Opens the palette from anywhere. */
export function openPalette(): void {
  palette.open();
}
