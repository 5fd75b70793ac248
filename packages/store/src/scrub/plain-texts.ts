import { ask, type BackfillContext } from './backfill-context.ts';
import type { ScrubbedText, TextToScrub } from '@sightline/record';
import { marker } from './stage-sql.ts';

/** Text that one statement scrubs. */
const textAtOnce = 512 * 1024;
const aroundChars = 60;
const shownOfText = 3;

/** Scrubs texts that lie outside the store's tables: one for each, in the same order. */
export async function scrubPlainTexts(
  context: BackfillContext,
  all: readonly TextToScrub[],
): Promise<readonly ScrubbedText[]> {
  const scrubbed: ScrubbedText[] = [];
  for (let at = 0; at < all.length;) {
    let end = at;
    for (let size = 0; end < all.length && (end === at || size < textAtOnce); end++) size += all[end]?.text.length ?? 0;
    const some = all.slice(at, end);
    const anew = await scrubTexts(context, some);
    scrubbed.push(...some.map(({ text }, i) => compared(text, anew[i] ?? text)));
    at = end;
  }
  return scrubbed;
}

/** What the texts become. */
export async function scrubTexts(context: BackfillContext, texts: readonly TextToScrub[]): Promise<readonly string[]> {
  const { functions, parameters } = context.scrubber;
  const [row] = await ask<{ texts: string[] }>(
    context,
    `WITH ${functions} SELECT own_texts({fields:Array(String)}, {texts:Array(String)}) AS texts`,
    { ...parameters, fields: texts.map(({ field }) => field), texts: texts.map(({ text }) => text) },
  );
  if (!row || row.texts.length !== texts.length) throw new Error('the engine answered no texts');
  return row.texts;
}

/** What was found in a text: the markers that it has now, less those that it had. */
export function compared(before: string, text: string): ScrubbedText {
  if (before === text) return { text, removed: {}, shown: [] };
  const removed: Record<string, number> = {};
  for (const [of, sign] of [
    [text, 1],
    [before, -1],
  ] as const)
    for (const { 1: name = '' } of of.matchAll(new RegExp(marker, 'g')))
      removed[ruleOf(name)] = (removed[ruleOf(name)] ?? 0) + sign;
  const shown = [...text.matchAll(new RegExp(marker, 'g'))].slice(0, shownOfText).map((found) => ({
    rule: ruleOf(found[1] ?? ''),
    text: text.slice(Math.max(0, found.index - aroundChars), found.index + found[0].length + aroundChars),
  }));
  return { text, removed, shown };
}

const ruleOf = (name: string): string => name.replace(/^(?:rule|removed):/, '');
