/** Where a frame stands among the bytes of an event, and what stands under its `vars`, if that is an object or a list. */
export interface FrameSpan {
  readonly from: number;
  readonly to: number;
  readonly vars: { readonly from: number; readonly to: number } | undefined;
}

const quote = 34;
const comma = 44;
const colon = 58;
const openList = 91;
const backslash = 92;
const closeList = 93;
const openObject = 123;
const closeObject = 125;

/** The objects of a list of frames without spaces around them, from behind its opening bracket; undefined where it is written in another way. The bytes have to be JSON. */
export function framesIn(bytes: Buffer, from: number): FrameSpan[] | undefined {
  const spans: FrameSpan[] = [];
  for (let at = from; ; at++) {
    const span = frameAt(bytes, at);
    if (!span) return undefined;
    spans.push(span);
    at = span.to;
    if (bytes[at] === closeList) return spans;
    if (bytes[at] !== comma) return undefined;
  }
}

function frameAt(bytes: Buffer, from: number): FrameSpan | undefined {
  if (bytes[from] !== openObject) return undefined;
  let vars: FrameSpan['vars'];
  let at = from + 1;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === quote) {
      const end = textEnd(bytes, at + 1);
      // A text before a colon is a name; those of inner objects are passed over as a whole.
      const isVars = bytes[end] === colon && bytes.toString('latin1', at, end) === '"vars"';
      at = end;
      if (!isVars) continue;
      const to = vars ? undefined : arrayOrObjectEnd(bytes, at + 1);
      if (to === undefined) return undefined;
      vars = { from: at + 1, to };
      at = to;
    } else if (byte === openObject || byte === openList) at = arrayOrObjectEnd(bytes, at) ?? bytes.length;
    else if (byte === closeObject) return { from, to: at + 1, vars };
    else at++;
  }
  return undefined;
}

/** Behind the object or list that begins here; undefined where there is none, or none that ends before `before`. The bytes have to be JSON. */
export function arrayOrObjectEnd(bytes: Buffer, from: number, before = bytes.length): number | undefined {
  let depth = 0;
  let at = from;
  const end = Math.min(before, bytes.length);
  while (at < end) {
    const byte = bytes[at];
    if (byte === quote) {
      at = textEnd(bytes, at + 1);
      continue;
    }
    at++;
    if (byte === openObject || byte === openList) depth++;
    else if (byte === closeObject || byte === closeList) depth--;
    if (depth === 0) return byte === closeObject || byte === closeList ? at : undefined;
  }
  return undefined;
}

/** Behind the quote that ends a text. */
function textEnd(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at++];
    if (byte === quote || byte === undefined) return at;
    if (byte === backslash) at++;
  }
}
