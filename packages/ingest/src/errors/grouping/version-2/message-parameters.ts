/**
 * What differs from case to case in a message, longest shapes first. One expression, so that a message is walked once; the
 * groups' names are what stands in their places. Every repetition is bounded.
 */
const shapes = new RegExp(
  [
    String.raw`(?<email>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})`,
    String.raw`(?<url>\b[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/[^\s"'<>)\]}]{1,2000})`,
    String.raw`(?<uuid>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)`,
    String.raw`(?<time>\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?\b|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ \d:,]{0,24}(?:GMT|UTC)?(?:[+-]\d{4})?|\b\d{1,2}\/\d{1,2}\/\d{2,4}\b|\b\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?[AaPp][Mm])?\b)`,
    String.raw`(?<ip>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}(?:[0-9a-fA-F]{1,4}|:)(?![\w:])|(?<![\w:])::1(?![\w:]))`,
    String.raw`(?<mac>\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b)`,
    String.raw`(?<token>\beyJ[\w-]{8,2000}(?:\.[\w-]{2,2000}){0,2})`,
    String.raw`(?<text>"(?:[^"\\\n]|\\.){0,500}"|(?<![A-Za-z0-9])'[^'\n]{0,500}'(?![A-Za-z])|\x60[^\x60\n]{0,500}\x60|[“«][^”»\n]{0,500}[”»])`,
    String.raw`(?<path>(?:[A-Za-z]:\\|\\\\)[^\s"'<>|:]{1,500}|(?<=^|[\s(=:[,])(?:~|\.{1,2})?(?:\/[\w.@%+~-]{1,255}){2,40}\/?)`,
    String.raw`(?<hex>\b0x[0-9a-fA-F]{1,64}\b|\b(?=[0-9a-fA-F]{0,64}\d)(?=[0-9a-fA-F]{0,64}[a-fA-F])[0-9a-fA-F]{8,64}\b)`,
    String.raw`(?<amount>[$€£¥]\s?-?\d[\d,.]{0,20}\d|[$€£¥]\s?\d)`,
    // An id of letters and digits mixed, such as `ch_3MqLiJ2eZvKYlo2C` or `cus_9s6XKzkNRiz8i3`.
    String.raw`(?<id>\b[a-z]{2,8}_(?=[A-Za-z]{0,64}\d)[A-Za-z0-9]{10,64}\b|\b(?=[A-Za-z]{0,40}\d)(?=\w{0,40}[a-z])(?=\w{0,40}[A-Z])[A-Za-z0-9]{16,64}\b)`,
    String.raw`(?<n>[+-]?(?<![A-Za-z<])\d+(?:[.,]\d+)*(?:e[+-]?\d+)?%?|\d+)`,
  ]
    .join('|')
    // Groups with names would be made into an object at each place that is found.
    .replaceAll(/\(\?<\w+>/g, '('),
  'g',
);
/** A message with none of these has nothing to replace. */
const mayDiffer = /[\d"'\x60“«@/\\]/;
const names = [
  'email',
  'url',
  'uuid',
  'time',
  'ip',
  'mac',
  'token',
  'text',
  'path',
  'hex',
  'amount',
  'id',
  'n',
] as const;

/**
 * A message's first line with everything that differs from case to case replaced by the name of its kind. The same bug at two
 * tills gives the same text.
 */
export function withoutParameters(message: string): string {
  const line = firstLine(message).slice(0, 1000);
  const text = mayDiffer.test(line)
    ? line.replace(shapes, (...found: unknown[]) => {
        const group = found.findIndex((text, at) => at > 0 && text !== undefined);
        return `<${names[group - 1] ?? 'n'}>`;
      })
    : line;
  return text.replace(/\s+/g, ' ').slice(0, 400);
}

function firstLine(message: string): string {
  const trimmed = message.trimStart();
  const end = trimmed.indexOf('\n');
  return (end < 0 ? trimmed : trimmed.slice(0, end)).trimEnd();
}
