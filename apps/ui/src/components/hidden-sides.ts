/** What a part that scrolls sideways measures, px. */
export interface Sideways {
  readonly scrollLeft: number;
  readonly scrollWidth: number;
  readonly clientWidth: number;
}

/** Browsers round these figures each in its own way: less than this (px) is no more to see. */
const slack = 2;

/** At which sides there is more than what is in sight: `''`, `left`, `right` or `left right`. */
export function hiddenSides({ scrollLeft, scrollWidth, clientWidth }: Sideways): string {
  // Scrolled from the right in scripts that run from there: the figure is then negative.
  const gone = Math.abs(scrollLeft);
  const sides = [...(gone > slack ? ['left'] : []), ...(scrollWidth - clientWidth - gone > slack ? ['right'] : [])];
  return sides.join(' ');
}

/** The `ref` of a part that scrolls sideways: `data-more` says where it goes on, and it fades there. */
export function watchSides(part: HTMLElement | null): (() => void) | undefined {
  if (part === null) return undefined;
  const look = (): void => {
    part.dataset['more'] = hiddenSides(part);
  };
  // What is inside grows with its rows, without a change of the part itself.
  const observer = new ResizeObserver(look);
  observer.observe(part);
  for (const child of part.children) observer.observe(child);
  part.addEventListener('scroll', look, { passive: true });
  return () => {
    observer.disconnect();
    part.removeEventListener('scroll', look);
  };
}
