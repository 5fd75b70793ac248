/** Reads `team=shops, floor=2` as pairs. A comma or backslash in a value is written `\,` and `\\`; what has no name is left out. */
export function readWhere(text: string): [name: string, value: string][] {
  return (text.match(/(?:\\.|[^\\,])+/gs) ?? []).flatMap((part): [string, string][] => {
    const at = part.indexOf('=');
    const name = part.slice(0, Math.max(0, at)).trim();
    return name === ''
      ? []
      : [
          [
            name,
            part
              .slice(at + 1)
              .trim()
              .replaceAll(/\\(.)/gs, '$1'),
          ],
        ];
  });
}

/** Writes pairs so that `readWhere` reads them again. */
export function writeWhere(pairs: readonly (readonly [name: string, value: string])[]): string {
  return pairs.map(([name, value]) => `${name}=${value.replaceAll(/[\\,]/g, String.raw`\$&`)}`).join(', ');
}

/** Parts of `a=b` text that have no name or no `=`: what the form points at. */
export function unreadParts(text: string): string[] {
  return (text.match(/(?:\\.|[^\\,])+/gs) ?? [])
    .map((part) => part.trim())
    .filter((part) => part !== '' && part.indexOf('=') < 1);
}

/** The value of one label in `team=shops, floor=2`; '' where it is not there. */
export function labelOf(text: string, name: string): string {
  return readWhere(text).findLast(([one]) => one === name)?.[1] ?? '';
}

/** The text with this label and no other of its name; '' takes it out. */
export function withLabel(text: string, name: string, value: string): string {
  const others = readWhere(text).filter(([one]) => one !== name);
  return writeWhere(value === '' ? others : [...others, [name, value]]);
}
