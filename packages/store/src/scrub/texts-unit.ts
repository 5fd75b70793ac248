import type { BackfillContext } from './backfill-context.ts';
import { scrubPlainTexts } from './plain-texts.ts';

/** Texts of the control plane that came of what is stored, or that people wrote about it. */
export interface TextsUnit {
  readonly kind: 'texts';
  readonly key: string;
}

/** Works through them page by page; answers false when it was ended before. */
export async function scrubControl(context: BackfillContext, { key: unit }: TextsUnit): Promise<boolean> {
  const { book, run, signal } = context;
  const { id, organisation, kind, fromDay, toDay } = run;
  for (let after: string | null = run.unit === unit ? run.cursor : ''; after !== null;) {
    if (signal.aborted) return false;
    after = await book.texts({
      id,
      organisation,
      kind,
      fromDay,
      toDay,
      unit,
      after,
      number: context.batch,
      scrub: (texts) => scrubPlainTexts(context, texts),
    });
  }
  return true;
}
