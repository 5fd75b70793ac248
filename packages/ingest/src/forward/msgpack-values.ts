/** Bytes that are no MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md). */
export class NotMessagePack extends Error {}

/**
 * Finds where a MessagePack value ends without reading it, going on where it left off when more bytes came. Nesting costs no memory: what counts
 * is how many values are still to come.
 */
export class ValueScanner {
  #at = 0;
  #pending = 1;

  /** The end of the value in `bytes`, which begin where they began before; undefined while it is not all there. Throws `NotMessagePack`. */
  end(bytes: Buffer): number | undefined {
    while (this.#pending > 0) {
      const header = headerAt(bytes, this.#at);
      if (!header || header.end > bytes.length) return undefined;
      this.#at = header.end;
      this.#pending += header.children - 1;
    }
    return this.#at;
  }
}

interface Header {
  /** Where the value ends, or its first child begins. */
  readonly end: number;
  readonly children: number;
}

/** Sizes of values of a fixed length, by their first byte. */
const fixed: Readonly<Record<number, number>> = {
  0xc0: 1,
  0xc2: 1,
  0xc3: 1,
  0xca: 5,
  0xcb: 9,
  0xcc: 2,
  0xcd: 3,
  0xce: 5,
  0xcf: 9,
  0xd0: 2,
  0xd1: 3,
  0xd2: 5,
  0xd3: 9,
  0xd4: 3,
  0xd5: 4,
  0xd6: 6,
  0xd7: 10,
  0xd8: 18,
};
/** Bytes of the length that follows, and what else stands before the content. */
const counted: Readonly<Record<number, readonly [lengthBytes: 1 | 2 | 4, more: number]>> = {
  0xc4: [1, 0],
  0xc5: [2, 0],
  0xc6: [4, 0],
  0xc7: [1, 1],
  0xc8: [2, 1],
  0xc9: [4, 1],
  0xd9: [1, 0],
  0xda: [2, 0],
  0xdb: [4, 0],
};
/** Lists and maps with the length behind the first byte. */
const lists: Readonly<Record<number, readonly [lengthBytes: 2 | 4, perItem: 1 | 2]>> = {
  0xdc: [2, 1],
  0xdd: [4, 1],
  0xde: [2, 2],
  0xdf: [4, 2],
};

function headerAt(bytes: Buffer, at: number): Header | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80 || first >= 0xe0) return { end: at + 1, children: 0 };
  if (first < 0x90) return { end: at + 1, children: (first & 15) * 2 };
  if (first < 0xa0) return { end: at + 1, children: first & 15 };
  if (first < 0xc0) return { end: at + 1 + (first & 31), children: 0 };
  const size = fixed[first];
  if (size !== undefined) return { end: at + size, children: 0 };
  const list = lists[first];
  const lengthBytes = list?.[0] ?? counted[first]?.[0];
  if (lengthBytes === undefined) throw new NotMessagePack(`no value begins with byte ${first}`);
  if (at + 1 + lengthBytes > bytes.length) return undefined;
  const length = bytes.readUIntBE(at + 1, lengthBytes);
  if (list) return { end: at + 1 + lengthBytes, children: length * list[1] };
  return { end: at + 1 + lengthBytes + (counted[first]?.[1] ?? 0) + length, children: 0 };
}

/** The items of a whole list, each in its bytes; undefined when the value is none. Throws `NotMessagePack` where it is cut. */
export function itemsOf(list: Buffer): Buffer[] | undefined {
  const first = list[0] ?? 0;
  if (!((first >= 0x90 && first < 0xa0) || first === 0xdc || first === 0xdd)) return undefined;
  const header = headerAt(list, 0);
  if (!header) throw new NotMessagePack('a list is cut');
  const items: Buffer[] = [];
  let at = header.end;
  for (let n = 0; n < header.children; n++) {
    const item = nextValue(list, at);
    items.push(item);
    at += item.length;
  }
  return items;
}

/** The values that stand one behind the other. Throws `NotMessagePack` where one is cut. */
export function* valuesIn(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const value = nextValue(bytes, at);
    yield value;
    at += value.length;
  }
}

function nextValue(bytes: Buffer, at: number): Buffer {
  const rest = bytes.subarray(at);
  const end = new ValueScanner().end(rest);
  if (end === undefined) throw new NotMessagePack('a value is cut');
  return rest.subarray(0, end);
}
