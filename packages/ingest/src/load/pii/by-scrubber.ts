import type { StoredFrame } from '../segment-reader.ts';
import type { OwnScrub } from './own-scrub.ts';
import type { ScrubBook } from './scrub-book.ts';

/** Frames that one statement may take. */
export interface ScrubbedFrames {
  readonly frames: readonly StoredFrame[];
  /** '' for all organisations without rules of their own. */
  readonly organisation: string;
  readonly own?: OwnScrub;
}

/**
 * The frames of a segment by who scrubs them: those of all organisations without rules of their own together, then those of each
 * with rules. The same each time that a segment is tried (see `firstRulesAfterMs`).
 */
export function byScrubber(
  frames: readonly StoredFrame[],
  book: ScrubBook | undefined,
): readonly [ScrubbedFrames, ...ScrubbedFrames[]] {
  const usual: StoredFrame[] = [];
  const owns = new Map<string, { organisation: string; own: OwnScrub; frames: StoredFrame[] }>();
  for (const frame of frames) {
    const own = book?.of(frame);
    if (!own) {
      usual.push(frame);
      continue;
    }
    const { organisation } = frame.scope;
    const group = owns.get(organisation) ?? { organisation, own, frames: [] };
    group.frames.push(frame);
    owns.set(organisation, group);
  }
  const [first, ...rest] = owns.values();
  const usually = { organisation: '', frames: usual };
  return first && usual.length === 0 ? [first, ...rest] : [usually, ...owns.values()];
}
