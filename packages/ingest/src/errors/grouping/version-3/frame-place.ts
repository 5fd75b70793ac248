import type { ErrorFrame } from '@sightline/record';
import { remembered } from '../../remembered.ts';
import { placeOf as stablePlaceOf } from '../version-2/frame-place.ts';

/**
 * Addresses of pages, whose scripts stand between their tags: `https://shop.example/shoes/red-1234`. One bug is on many pages, so
 * they tell nothing.
 */
const isPage = remembered((file): boolean => {
  const path = /^https?:\/\/[^/?#]*([^?#]*)/i.exec(file)?.[1];
  return path !== undefined && !/\.[a-z][a-z0-9]{0,5}$/i.test(path);
});

/** Where a frame stands: as version 2, but pages are no places. */
export function placeOf(frame: ErrorFrame): string {
  return isPage(frame.file) ? '' : stablePlaceOf(frame);
}
