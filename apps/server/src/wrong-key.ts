/**
 * A sentence for faults that all say the same: the key that was given is another than the one that everything names. Undefined for any others.
 * `otherKeys`: keys that signatures name which are not of the given one, with how many of the `faults` say so.
 */
export function wrongKeySentence(faults: number, otherKeys: ReadonlyMap<string, number>): string | undefined {
  const [only, more] = otherKeys;
  if (faults < 2 || only === undefined || more !== undefined || only[1] !== faults) return undefined;
  return `Nothing here was signed by the key that was given, all of it names ${only[0]}: either another key was given than that of this server, or all was forged.`;
}
