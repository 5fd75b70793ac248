import { fail, ok, type Result } from '@sightline/base';
import type { Shape } from './variable-address.ts';

/**
 * What an author's regular expression makes of a value: the groups `value` and `text`, or the first group, or the value as it is.
 * It runs in linear time (RE2), whoever wrote it. The failure says what is wrong with it.
 */
export async function readShape(regex: string): Promise<Result<Shape | undefined, string>> {
  if (regex === '') return ok(undefined);
  const { RE2JS } = await import('re2js');
  try {
    const compiled = RE2JS.compile(regex);
    const names = new Set(Object.keys(compiled.namedGroups()));
    return ok((value) => {
      const found = compiled.matcher(value);
      if (!found.find()) return undefined;
      const group = (name: string): string | undefined =>
        names.has(name) ? (found.group(name) ?? undefined) : undefined;
      const shown = group('value') ?? (found.groupCount() > 0 ? found.group(1) : null) ?? value;
      return { text: group('text') ?? shown, value: shown };
    });
  } catch (error) {
    // The library reports every expression it cannot read by throwing.
    return fail(`The expression ${regex} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
