/** Longer texts are not worth their memory. */
const longest = 500;

/**
 * What `judge` says of a text, remembered: events of one program hold the same names, files and functions again and again. All is
 * forgotten once `atMost` texts are known.
 */
export function remembered<T extends string | boolean | object>(
  judge: (text: string) => T,
  atMost = 10_000,
): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    if (text.length > longest) return judge(text);
    let judged = known.get(text);
    if (judged !== undefined) return judged;
    judged = judge(text);
    if (known.size >= atMost) known.clear();
    known.set(text, judged);
    return judged;
  };
}
