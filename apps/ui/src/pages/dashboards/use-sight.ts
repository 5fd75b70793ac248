import { useEffect, useRef, useState, type RefObject } from 'react';

/** True once the element was near the window: a dashboard of a hundred panels asks for those that are looked at. */
export function useSight(): readonly [ref: RefObject<HTMLDivElement | null>, seen: boolean] {
  const ref = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (element === null || seen) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
      },
      { rootMargin: '200px' },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [seen]);
  return [ref, seen];
}
