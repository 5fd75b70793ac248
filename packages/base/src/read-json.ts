/** A name of an object that is written with an escape. Values that look like one only take the longer way for nothing. */
const escapedName = /\\.[^"\\]*"\s*:/s;
/** Texts of a JSON text; those that are names have what stands behind them in the group. */
const jsonTexts = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/gs;
/** What JSON cannot write without an escape. */
// oxlint-disable-next-line no-control-regex
const needsEscape = /["\\\u0000-\u001F]/;

/**
 * `JSON.parse`, for texts that others wrote. V8 reads a name that is written with an escape as another one whose first characters are those that stand
 * in the text, if it met an object with that other name at the same place before: behind `{"\\":1}`, `{"\n":1}` is read as `{"\\":1}`, whoever sent either
 * (https://github.com/nodejs/node/issues/63785). Such names are hidden from it. Throws where the text is no JSON.
 */
export function readJson(text: string): unknown {
  if (!text.includes('\\') || !escapedName.test(text)) return JSON.parse(text);
  const hidden: string[] = [];
  // A lone surrogate, which JSON.stringify escapes, may stand as it is.
  const plain = replacedNames(text, (name) => (needsEscape.test(name) ? undefined : `"${name}"`));
  const mark = unusedMark(plain);
  const places = new Map<string, number>();
  const named = replacedNames(plain, (name, written) => {
    if (!written.includes('\\')) return undefined;
    let place = places.get(name);
    if (place === undefined) places.set(name, (place = hidden.push(name) - 1));
    return `"${mark}${place}"`;
  });
  try {
    return JSON.parse(named, (_, value: unknown) => withNames(value, mark, hidden));
  } catch (error) {
    // So deep that nobody can walk through it.
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
}

function replacedNames(text: string, replace: (name: string, written: string) => string | undefined): string {
  return text.replace(jsonTexts, (whole: string, behind: string | undefined) => {
    if (behind === undefined) return whole;
    const written = whole.slice(0, -behind.length);
    const name = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
    return (replace(name, written) ?? written) + behind;
  });
}

/** What no name begins with. */
function unusedMark(text: string): string {
  let mark = '~';
  while (text.includes(`"${mark}`)) mark += '~';
  return mark;
}

function withNames(value: unknown, mark: string, hidden: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const names = Object.keys(value);
  if (!names.some((name) => name.startsWith(mark))) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.startsWith(mark) ? hidden[Number(name.slice(mark.length))] : name,
      member,
    ]),
  );
}
