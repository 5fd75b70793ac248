import { promisify } from 'node:util';
import { unzip } from 'node:zlib';
import { fail, ok, type Result } from '@sightline/base';

const unpack = promisify(unzip);

/** Largest recording of one segment, unpacked. The SDK begins a new one, or ends, long before (20 MB). */
export const segmentLimitBytes = 32 * 1_048_576;

/**
 * The recorded events of one segment as the SDK sent them: a JSON array, plain or packed by zlib. Answers the array's text;
 * refuses what is larger than `limitBytes` unpacked, what cannot be unpacked, and what is no array.
 * https://develop.sentry.dev/sdk/telemetry/replays/
 */
export async function recordedEvents(
  content: Buffer,
  limitBytes: number = segmentLimitBytes,
): Promise<Result<Buffer, string>> {
  const plain = begins(content);
  if (plain && content.length > limitBytes) return fail(`it is larger than ${limitBytes} bytes`);
  if (plain) return ok(content);
  try {
    const text = await unpack(content, { maxOutputLength: limitBytes });
    return begins(text) ? ok(text) : fail('it is no JSON array of events');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') return fail(`it is larger than ${limitBytes} bytes when unpacked`);
    if (typeof code === 'string' && code.startsWith('Z_')) return fail('it is neither JSON nor packed by zlib');
    throw error;
  }
}

/** Whether an array begins here, after the white space that JSON allows. */
function begins(text: Buffer): boolean {
  let at = 0;
  while (at < text.length && [0x20, 0x09, 0x0a, 0x0d].includes(text[at] ?? 0)) at++;
  return text[at] === 0x5b;
}
