/** Order matters: the longer shapes first, bare numbers last. */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g, '<email>'],
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)\]]+/gi, '<url>'],
  [/"(?:[^"\\]|\\.){0,500}"|'[^'\n]{0,500}'(?![A-Za-z])|`[^`]{0,500}`|“[^”]{0,500}”/g, '<text>'],
  [/\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?(?:Z|[+-]\d{2}:?\d{2})?\b/g, '<time>'],
  [/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b/g, '<time>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '<ip>'],
  [/\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b/gi, '<ip>'],
  [/(?:[A-Za-z]:\\|\\\\)[^\s"'<>|:]+/g, '<path>'],
  [/(^|[\s(=:[,])(?:~|\.{1,2})?(?:\/[\w.@%+~-]+){2,}\/?/g, '$1<path>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b/gi, '<hex>'],
  [/[$€£¥]\s?-?\d[\d,.]*\d|[$€£¥]\s?\d/g, '<amount>'],
  [/[+-]?(?<![A-Za-z<])\d+(?:[.,]\d+)*%?/g, '<n>'],
  [/\d+/g, '<n>'],
];

/**
 * A message with everything that differs from case to case replaced by the name of its kind: numbers, ids, e-mails,
 * addresses, paths, quoted texts, amounts, times. The same bug at two tills gives the same template.
 */
export function messageTemplate(message: string): string {
  let template = message.slice(0, 2000).split('\n', 1)[0]?.trim() ?? '';
  for (const [shape, name] of shapes) template = template.replace(shape, name);
  return template.replace(/\s+/g, ' ').slice(0, 500);
}
