import { fail, ok, type Result } from '@sightline/base';

/** One part of a form. */
export interface FormPart {
  readonly name: string;
  /** '' for a plain field. */
  readonly fileName: string;
  readonly contentType: string;
  readonly content: Buffer;
}

const mostParts = 1000;
const headLimitBytes = 8192;
const headEnd = Buffer.from('\r\n\r\n');

/**
 * Reads `multipart/form-data` (RFC 7578) that is in memory; the parts are views of it. `contentType` is the whole header, with
 * its boundary. Fails with a sentence on anything that is no such form.
 */
export function readForm(body: Buffer, contentType: string): Result<FormPart[], string> {
  const boundary = /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))/i.exec(contentType);
  const text = boundary?.[1] ?? boundary?.[2];
  if (text === undefined) return fail('expected multipart/form-data with a boundary');
  const first = Buffer.from(`--${text}`);
  const next = Buffer.from(`\r\n--${text}`);
  let at = body.indexOf(first);
  if (at < 0) return fail('the boundary does not occur in the body');
  at += first.length;
  const parts: FormPart[] = [];
  // After a boundary stands a line's end, or `--` at the end of all.
  while (body[at] === 13 && body[at + 1] === 10) {
    if (parts.length >= mostParts) return fail(`more than ${mostParts} parts`);
    const head = body.indexOf(headEnd, at);
    const end = head < 0 ? -1 : body.indexOf(next, head + 2);
    if (head < 0 || end < 0 || head - at > headLimitBytes) return fail('a part has no end');
    parts.push(partOf(body.toString('utf8', at + 2, head), body.subarray(Math.min(head + 4, end), end)));
    at = end + next.length;
  }
  if (body[at] !== 45 || body[at + 1] !== 45) return fail('the form breaks off');
  return ok(parts);
}

function partOf(head: string, content: Buffer): FormPart {
  const line = (name: string): string => new RegExp(`^${name}:(.*)$`, 'im').exec(head)?.[1]?.trim() ?? '';
  const disposition = line('content-disposition');
  const parameter = (name: string): string => {
    const found = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(disposition);
    return (found?.[1] ?? found?.[2] ?? '').replace(/\\(.)/g, '$1');
  };
  return { name: parameter('name'), fileName: parameter('filename'), contentType: line('content-type'), content };
}
