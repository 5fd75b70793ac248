import { fail, ok, type Result } from '@sightline/base';

/** Reads `200-299, 301, 4xx` as a test of a status. */
export function parseStatusSet(text: string): Result<(status: number) => boolean, string> {
  const ranges: [number, number][] = [];
  for (const part of text.split(',').map((one) => one.trim())) {
    const kind = /^([1-5])xx$/i.exec(part);
    const range = /^([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?$/.exec(part);
    if (kind) ranges.push([Number(kind[1]) * 100, Number(kind[1]) * 100 + 99]);
    else if (range) ranges.push([Number(range[1]), Number(range[2] ?? range[1])]);
    else return fail(`"${part.slice(0, 20)}" is no status: write 200, 200-299 or 2xx`);
  }
  return ok((status) => ranges.some(([from, to]) => status >= from && status <= to));
}
