/** An answer of the head as bytes: frames of a length (4 bytes, little-endian), a kind (1 byte) and content; `end` is the last. */
export const frameKinds = [
  'end',
  'json',
  'items',
  'fps',
  'metricEnds',
  'labelPairs',
  'labelEnds',
  'groupOf',
  'changedMs',
  'changes',
  'pieceSeries',
  'pieceLengths',
  'pieces',
] as const;
export type FrameKind = (typeof frameKinds)[number];

const headBytes = 5;

/** Content of one frame is a view of what was given. */
export function frame(kind: FrameKind, content: ArrayBufferView | string): Uint8Array {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content)
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const whole = Buffer.allocUnsafe(headBytes + bytes.length);
  whole.writeUInt32LE(bytes.length);
  whole[4] = frameKinds.indexOf(kind);
  bytes.copy(whole, headBytes);
  return whole;
}

/** Where a frame's content lies in the whole answer. */
export interface Frame {
  readonly at: number;
  readonly length: number;
}

/** Frames by kind, in their order. Undefined when it is no whole answer: cut off, or of another form. */
export function framesOf(bytes: Uint8Array): ReadonlyMap<FrameKind, readonly Frame[]> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<FrameKind, Frame[]>();
  for (let at = 0; at + headBytes <= bytes.length;) {
    const length = view.getUint32(at, true);
    const kind = frameKinds[bytes[at + 4] ?? -1];
    at += headBytes;
    if (kind === undefined || at + length > bytes.length) return undefined;
    if (kind === 'end') return at === bytes.length ? found : undefined;
    const known = found.get(kind);
    if (known) known.push({ at, length });
    else found.set(kind, [{ at, length }]);
    at += length;
  }
  return undefined;
}
