import { useState, type PointerEvent } from 'react';

/** A drag that is shorter is a press, pixels. */
const leastDragPx = 5;

interface Drag {
  readonly from: number;
  readonly to: number;
  readonly startX: number;
  readonly moved: boolean;
}

/** Handlers of an element on which a stretch of its width is dragged out, and the stretch meanwhile; both as shares of the width. */
export function useTimeDrag(does: {
  readonly dragged: (from: number, to: number) => void;
  /** A press without a drag: where in the element, as shares of its width and height. */
  readonly pressed?: (x: number, y: number) => void;
}) {
  const [drag, setDrag] = useState<Drag>();
  const place = ({ currentTarget, clientX, clientY }: PointerEvent): readonly [number, number] => {
    const box = currentTarget.getBoundingClientRect();
    const share = (at: number, start: number, size: number): number =>
      size <= 0 ? 0 : Math.max(0, Math.min(1, (at - start) / size));
    return [share(clientX, box.left, box.width), share(clientY, box.top, box.height)];
  };
  return {
    drag: drag?.moved === true ? ([Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)] as const) : undefined,
    handlers: {
      onPointerDown: (event: PointerEvent) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const [x] = place(event);
        setDrag({ from: x, to: x, startX: event.clientX, moved: false });
      },
      onPointerMove: (event: PointerEvent) => {
        if (drag === undefined) return;
        const [x] = place(event);
        setDrag({ ...drag, to: x, moved: drag.moved || Math.abs(event.clientX - drag.startX) >= leastDragPx });
      },
      onPointerUp: (event: PointerEvent) => {
        if (drag === undefined) return;
        setDrag(undefined);
        if (drag.moved) does.dragged(Math.min(drag.from, drag.to), Math.max(drag.from, drag.to));
        else does.pressed?.(...place(event));
      },
      onPointerCancel: () => setDrag(undefined),
    },
  };
}
