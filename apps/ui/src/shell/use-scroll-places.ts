import { useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { ScrollPlaces, type LeftAt } from './scroll-places.ts';

const storedAs = 'sightline-places';
/** So long a page has to become as tall as it was: its data may have to be asked for anew. */
const patienceMs = 4000;
/** So long a place is held at least, while the page that was left is still drawn. */
const holdMs = 250;

/**
 * A new page begins at its top; back, forward and reload lead to where one was, with the focus on the link that led away. Kept are the page's own
 * scrolling and that of parts that carry `data-keeps-place` with a name. Who scrolls or types meanwhile is left alone.
 */
export function useScrollPlaces(): void {
  const { history } = useRouter();
  useEffect(() => {
    const places = new ScrollPlaces();
    places.read(sessionStorage.getItem(storedAs) ?? '');
    const keyNow = (): string => history.location.state.__TSR_key ?? '';
    let key = keyNow();
    let path = history.location.pathname;
    let stop: (() => void) | undefined;
    // The link that is pressed: when the history tells of it, its page may be gone already.
    let pressed = '';
    const hold = (left: LeftAt, focus = true): void => {
      stop?.();
      stop = holdPlace(left, () => (stop = undefined), focus);
    };
    const onScroll = ({ target }: Event): void => {
      const part = stop === undefined && target instanceof HTMLElement ? partOf(target) : undefined;
      if (part !== undefined) places.keepPlace(key, part, (target as HTMLElement).scrollTop);
    };
    const onMove = ({ action }: { action: { type: string } }): void => {
      const from = key;
      const samePage = history.location.pathname === path;
      key = keyNow();
      path = history.location.pathname;
      if (action.type === 'REPLACE' || (action.type === 'PUSH' && samePage)) {
        places.follow(from, key);
      } else if (action.type === 'PUSH') {
        places.keepLink(from, pressed);
        hold({ places: { content: 0 }, link: '' });
      } else {
        hold(places.of(key));
      }
    };
    const onPress = ({ target }: Event): void => {
      pressed = target instanceof Element ? (target.closest('a[href]')?.getAttribute('href') ?? '') : '';
    };
    const keep = (): void => sessionStorage.setItem(storedAs, places.write());
    const kept = places.of(key);
    // A page that nothing is known of is not held: where somebody scrolls it meanwhile is its place.
    if (Object.keys(kept.places).length > 0) hold(kept, false);
    document.addEventListener('scroll', onScroll, { capture: true, passive: true });
    document.addEventListener('click', onPress, { capture: true });
    window.addEventListener('pagehide', keep);
    const leave = history.subscribe(onMove);
    return () => {
      stop?.();
      leave();
      document.removeEventListener('scroll', onScroll, { capture: true });
      document.removeEventListener('click', onPress, { capture: true });
      window.removeEventListener('pagehide', keep);
    };
  }, [history]);
}

function partOf(element: HTMLElement): string | undefined {
  return element.id === 'content' ? 'content' : element.dataset['keepsPlace'];
}

function find(part: string): HTMLElement | null {
  return part === 'content'
    ? document.getElementById('content')
    : document.querySelector<HTMLElement>(`[data-keeps-place="${CSS.escape(part)}"]`);
}

const hands = ['wheel', 'touchstart', 'pointerdown', 'keydown'] as const;

/** Scrolls there as soon as the page is tall enough, frame by frame; answers how to stop. */
function holdPlace({ places, link }: LeftAt, onEnd: () => void, focus: boolean): () => void {
  const beganAt = performance.now();
  let frame = 0;
  const end = (): void => {
    cancelAnimationFrame(frame);
    for (const hand of hands) document.removeEventListener(hand, end, { capture: true });
    onEnd();
  };
  const step = (): void => {
    const there = Object.entries(places).map(([part, top]) => {
      const element = find(part);
      if (element === null) return false;
      if (Math.abs(element.scrollTop - top) > 1) element.scrollTop = top;
      return Math.abs(element.scrollTop - top) <= 1;
    });
    const lasted = performance.now() - beganAt;
    const waits = there.includes(false) || (link !== '' && linkTo(link) === null);
    if (lasted < holdMs || (waits && lasted < patienceMs)) {
      frame = requestAnimationFrame(step);
      return;
    }
    if (focus) focusPage(link);
    end();
  };
  for (const hand of hands) document.addEventListener(hand, end, { capture: true, passive: true });
  frame = requestAnimationFrame(step);
  return end;
}

/** What had the focus is gone with its page: the keyboard goes on at the link that led away, else at the page's beginning. */
function focusPage(link: string): void {
  const content = document.getElementById('content');
  if (document.activeElement !== document.body && document.activeElement !== content) return;
  const led = link === '' ? null : linkTo(link);
  (led ?? content)?.focus({ preventScroll: true });
}

const linkTo = (href: string): HTMLElement | null =>
  document.querySelector<HTMLElement>(`#content a[href="${CSS.escape(href)}"]`);
