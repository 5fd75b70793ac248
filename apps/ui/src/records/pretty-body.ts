const mostChars = 200_000;

/** A body as it reads best: JSON, whole or behind a few words, indented; any other text as it came. */
export function prettyBody(body: string): { readonly text: string; readonly json: boolean } {
  if (body.length > mostChars) return { text: body, json: false };
  const start = body.search(/[{[]/);
  if (start < 0 || start > 200) return { text: body, json: false };
  const parsed = parseObject(body.slice(start).trim());
  if (parsed === undefined) return { text: body, json: false };
  const lead = body.slice(0, start).trim();
  const pretty = JSON.stringify(parsed, null, 2);
  return { text: lead === '' ? pretty : `${lead}\n${pretty}`, json: true };
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && Object.keys(value).length > 0 ? value : undefined;
  } catch {
    return undefined;
  }
}
