/**
 * Undoes snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt), as Prometheus and Loki
 * clients use it. The length that the block announces is judged before anything is written: beyond `limitBytes` it
 * throws a `RangeError` with zlib's code, so that callers treat both alike. Other bytes throw an `Error`.
 */
export async function unsnappy(bytes: Buffer, limitBytes: number): Promise<Buffer> {
  const announced = announcedLength(bytes);
  if (announced === undefined) throw new Error('the body is not valid snappy');
  if (announced > limitBytes) {
    throw Object.assign(new RangeError(`the body would take ${announced} bytes`), { code: 'ERR_BUFFER_TOO_LARGE' });
  }
  try {
    // Not at the start: its own worker threads would stay in programs that never see such a body.
    const { uncompress, uncompressSync } = await import('snappy');
    // Copied out, and small ones on this thread: the module keeps its memory, of each thread, in pages of 2 MB. That was 150 MB after a
    // few hundred bodies.
    const options = { asBuffer: true, copyOutputData: true };
    return (announced <= hereBytes ? uncompressSync(bytes, options) : await uncompress(bytes, options)) as Buffer;
  } catch (error) {
    throw new Error('the body is not valid snappy', { cause: error });
  }
}

/** Up to here a body takes a millisecond or two. */
const hereBytes = 2_000_000;

/** The block begins with its unpacked length, a varint of at most five bytes. */
function announcedLength(bytes: Buffer): number | undefined {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[i];
    if (byte === undefined) return undefined;
    length += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return length <= 0xffffffff ? length : undefined;
  }
  return undefined;
}

/** Packs bytes as one snappy block, on a thread of its own where they are many. */
export async function snappyBlock(bytes: Buffer): Promise<Buffer> {
  const { compress, compressSync } = await import('snappy');
  const options = { copyOutputData: true };
  return bytes.length <= hereBytes ? compressSync(bytes, options) : compress(bytes, options);
}
