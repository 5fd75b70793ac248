import type { Span } from '@sightline/contract';

/** What a person may look for in each span, in lower case: made once, when it is asked for. */
const texts = new WeakMap<Span, string>();

function textOf(span: Span): string {
  const known = texts.get(span);
  if (known !== undefined) return known;
  const pairs = (map: Readonly<Record<string, string>>): string[] =>
    Object.entries(map).map(([key, value]) => `${key}=${value}`);
  const text = [
    `${span.service} ${span.name}`,
    span.spanId,
    span.site,
    span.device,
    span.kind,
    span.status === 'error' ? `error failed ${span.statusMessage}` : span.statusMessage,
    ...pairs(span.attributes),
    ...pairs(span.resource),
    ...span.events.flatMap(({ name, attributes }) => [name, ...pairs(attributes)]),
  ]
    .join('\n')
    .toLowerCase();
  texts.set(span, text);
  return text;
}

/** Ids of the spans that hold each word, in any case, in their names, attributes (`key=value`), events or ids; in the order given. */
export function findSpans(spans: readonly Span[], text: string): readonly string[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return [];
  return spans.filter((span) => words.every((word) => textOf(span).includes(word))).map(({ spanId }) => spanId);
}
