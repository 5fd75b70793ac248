import type { ErrorEvent } from '@sightline/contract';

export type Frame = ErrorEvent['exceptions'][number]['frames'][number];

/** A run of a stack: frames of our own, each shown, or a run of foreign ones behind one line. */
export interface FrameRun {
  readonly own: boolean;
  readonly frames: readonly Frame[];
  /** Place of the first frame in the stack. */
  readonly start: number;
}

/**
 * Cuts a stack into runs of own and foreign frames in their order. The first frame (where it was thrown) always stands
 * open, and a stack without any own frames is not folded, as there would be nothing left to read.
 */
export function foldFrames(frames: readonly Frame[]): readonly FrameRun[] {
  if (!frames.some(({ inApp }) => inApp)) return frames.length === 0 ? [] : [{ own: true, frames, start: 0 }];
  const runs: { own: boolean; frames: Frame[]; start: number }[] = [];
  frames.forEach((frame, index) => {
    const own = frame.inApp || index === 0;
    const last = runs.at(-1);
    if (last !== undefined && last.own === own) last.frames.push(frame);
    else runs.push({ own, frames: [frame], start: index });
  });
  return runs;
}

/** `charge (src/payment.ts:42:7)`, as developers paste it. */
export function frameText({ function: name, file, line, column }: Frame): string {
  const place = [file || '?', line, column].filter((part) => part !== null).join(':');
  return name === '' || name === '?' ? place : `${name} (${place})`;
}

/** A whole exception as text, to copy. */
export function stackText(exceptions: ErrorEvent['exceptions']): string {
  return exceptions
    .map(({ type, value, frames }, index) =>
      [
        `${index === 0 ? '' : 'Caused by: '}${type}: ${value}`,
        ...frames.map((frame) => `    at ${frameText(frame)}`),
      ].join('\n'),
    )
    .join('\n');
}

/** An exception with its stack as the client saw it, before source maps told the original. */
export function minifiedException(exception: ErrorEvent['exceptions'][number]): ErrorEvent['exceptions'][number] {
  const frames = exception.frames.map(({ minified, ...frame }): Frame => {
    if (minified === undefined) return frame;
    return { ...frame, ...minified, contextLine: '', preContext: [], postContext: [], unresolved: '' };
  });
  return { ...exception, frames };
}

/** So many own frames stand open with their code; more of them would push everything else off a phone's screen. */
const openAtFirst = 2;

/** Places of the frames that stand open at first: the innermost of our own and, of what was thrown (`first`), where that happened; of a cause one. */
export function openFrames(frames: readonly Frame[], first: boolean): ReadonlySet<number> {
  const own = frames.flatMap(({ inApp }, index) => (inApp ? [index] : []));
  return new Set(first ? [0, ...own.slice(0, openAtFirst)] : own.slice(0, 1));
}

/** The function's name; what has none is called so, whatever its platform writes for it. */
export const functionText = ({ function: name }: Pick<Frame, 'function'>): string =>
  name === '' || name === '?' || name === '<anonymous>' ? 'anonymous' : name;
