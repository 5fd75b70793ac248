import { fail, ok, type Result } from '@sightline/base';

export type JsonPath = readonly (string | number)[];

const field = /\.?([a-zA-Z_][a-zA-Z0-9_-]*)|\[\s*(\d{1,6})\s*\]|\[\s*"((?:[^"\\]|\\.)*)"\s*\]/y;

/** The path of `a.b["c d"][0]`; the error says that it is none. */
export function parseJsonPath(text: string): Result<JsonPath, string> {
  const path: (string | number)[] = [];
  let at = 0;
  while (at < text.length) {
    field.lastIndex = at;
    const found = field.exec(text);
    if (!found || path.length >= 50)
      return fail(`cannot parse expression [${text}]: syntax error at character ${at + 1}`);
    const [whole, name, index, quoted] = found;
    if (name !== undefined) path.push(name);
    else if (index !== undefined) path.push(Number(index));
    else path.push((quoted ?? '').replaceAll(/\\(.)/g, '$1'));
    at += whole.length;
  }
  return path.length === 0 ? fail('cannot parse expression []: it is empty') : ok(path);
}

/** What stands at a path; undefined where there is nothing. */
export function atPath(value: unknown, path: JsonPath): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    if (Array.isArray(found)) {
      if (typeof step !== 'number') return undefined;
      found = (found as unknown[])[step];
    } else {
      if (!Object.hasOwn(found, step)) return undefined;
      found = (found as Record<string, unknown>)[step];
    }
  }
  return found;
}
