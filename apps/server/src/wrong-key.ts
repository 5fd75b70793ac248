const byAnother = /not signed by (?:this|the given) key; it names the key (\S+)\.$/;

/** A sentence for faults that all say the same: the key that was given is another than the one that everything names. Undefined for any others. */
export function wrongKeySentence(faults: readonly string[]): string | undefined {
  const named = new Set(faults.map((fault) => byAnother.exec(fault)?.[1] ?? ''));
  const [key] = named;
  if (faults.length < 2 || named.size !== 1 || key === undefined || key === '') return undefined;
  return `Nothing here was signed by the key that was given, all of it names ${key}: either another key was given than that of this server, or all was forged.`;
}
