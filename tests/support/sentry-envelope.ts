import { crc32, deflateSync } from 'node:zlib';
import { headless, type Product } from './product.ts';

export interface EnvelopeItem {
  readonly type: string;
  readonly [header: string]: unknown;
}

/** Sends an envelope as a Sentry SDK does; throws what a refusal says. */
export async function sendEnvelope(
  product: Pick<Product, 'url'>,
  items: readonly (readonly [EnvelopeItem, Buffer])[],
  eventId: string,
): Promise<void> {
  const parts = items.flatMap(([header, body]) => [
    Buffer.from(`${JSON.stringify({ ...header, length: body.length })}\n`),
    body,
    Buffer.from('\n'),
  ]);
  const reply = await fetch(`${product.url}/api/1/envelope/?sentry_key=${headless.SIGHTLINE_SETUP_KEY}`, {
    method: 'POST',
    body: Buffer.concat([Buffer.from(`${JSON.stringify({ event_id: eventId })}\n`), ...parts]),
  });
  if (reply.status !== 200) throw new Error(`the envelope was answered ${reply.status}: ${await reply.text()}`);
}

/** An attachment of an event, as an item of its envelope. */
export const fileItem = (filename: string, content_type: string, body: Buffer) =>
  [{ type: 'attachment', filename, content_type }, body] as const;

/** A picture (PNG) of one colour. */
export function onePicture(width: number, height: number): Buffer {
  const chunk = (name: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0x60)]);
  const rows = Buffer.concat(Array.from({ length: height }, () => line));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
